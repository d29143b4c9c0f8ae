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

/** The sender of an installation that has published none: an address, and nobody named as responsible. */
export function senderFrom(mailFrom: string): Sender {
  return { key: DEFAULT_SENDER, name: mailFrom, from: mailFrom, imprint: {}, links: {}, unknown: 'ask' };
}

/** The bare address of `Name <address>`. */
export function bareAddress(mailbox: string): string {
  return /<([^<>]+)>\s*$/.exec(mailbox)?.[1] ?? mailbox.trim();
}

/** `Name <address>`, or an address alone, taken apart; the name without quotes around it, empty where there is none. */
export function mailboxOf(mailbox: string): { readonly name: string; readonly address: string } {
  const name = /^(.*)<[^<>]+>\s*$/.exec(mailbox)?.[1]?.trim() ?? '';
  const quoted = /^"(.*)"$/.exec(name)?.[1]?.replaceAll(/\\(.)/g, '$1');
  return { name: quoted ?? name, address: bareAddress(mailbox) };
}

/** The domain of `Name <address>`, in lower case. */
export function domainOf(mailbox: string): string {
  return bareAddress(mailbox).split('@').at(-1)?.toLowerCase() ?? '';
}
