import type { UnknownPolicy } from './unknown-policy.ts';

/** Who mails come from: the address, who is responsible for it (imprint), where answers go, and by which server they leave. */
export interface Sender {
  readonly key: string;
  readonly name: string;
  /** `Name <address>`. */
  readonly from: string;
  readonly replyTo?: string | undefined;
  /** Who is responsible, by locale: lines of plain text, as the law of the sender's country wants them (§ 5 DDG). */
  readonly imprint: Readonly<Record<string, string>>;
  readonly links: {
    readonly imprint?: string | undefined;
    readonly privacy?: string | undefined;
  };
  /** Name of the SMTP server (setting TEND_SMTP_SERVERS); without: the installation's own, SMTP_URL. */
  readonly server?: string | undefined;
  /** The envelope's sender, to which bounces come back: `*` stands for the mail's own token (VERP). */
  readonly returnPath?: string | undefined;
  /** Signs by DKIM; the private key is among the installation's secrets. */
  readonly dkim?: { readonly domain: string; readonly selector: string } | undefined;
  /** A mailbox that people's answers are forwarded to where nobody of sales has the lead. */
  readonly forwardRepliesTo?: string | undefined;
  readonly unknown: UnknownPolicy;
}

/** The sender of templates that name none. */
export const DEFAULT_SENDER = 'default';
