import { bareAddress, type Sender } from '../domain/sender/sender.ts';
import type { OutgoingMail } from './compose.ts';
import { unsubscribeAddress, verpAddress } from './inbound/verp.ts';

/** What a provider may know of a mail, for its figures on complaints: keys that the company chose, nothing of a person. */
export interface Origin {
  readonly purpose: string;
  readonly template: string;
}

/**
 * A mail as its sender sends it: From, Reply-To (unless the mail has one of its own), the return path by which what comes
 * back names the mail (VERP, under `signingSecret`), the server and the signature.
 */
export function fromSender(
  mail: OutgoingMail,
  sender: Sender,
  { messageId, signingSecret, origin }: { messageId: string; signingSecret: string; origin?: Origin | undefined },
): OutgoingMail {
  const { from, returnPath, server, dkim } = sender;
  const replyTo = mail.replyTo ?? sender.replyTo;
  const envelopeFrom = returnPath === undefined ? bareAddress(from) : verpAddress(signingSecret, messageId, returnPath);
  return {
    ...mail,
    envelope: { from: envelopeFrom, to: mail.envelope.to },
    from,
    ...(replyTo !== undefined && { replyTo }),
    headers: {
      ...mail.headers,
      ...unsubscribeByMail(
        mail,
        returnPath === undefined ? null : unsubscribeAddress(signingSecret, messageId, returnPath),
      ),
      ...(origin !== undefined && { 'Feedback-ID': feedbackId(origin, sender) }),
    },
    dispatch: { server, dkim },
  };
}

/**
 * Beside the https address of one-click unsubscription a mail address (RFC 2369 §3.2), for mail programs that know that one
 * only, where mail to the return path comes back to us.
 */
function unsubscribeByMail({ headers }: OutgoingMail, address: string | null): OutgoingMail['headers'] {
  const https = headers['List-Unsubscribe'];
  if (https === undefined || address === null) return {};
  return { 'List-Unsubscribe': `${https}, <mailto:${address}?subject=unsubscribe>` };
}

/** Google's form: up to three names, then the sender's own (support.google.com/a/answer/6254652). */
function feedbackId({ purpose, template }: Origin, { key }: Sender): string {
  return `${template}:${purpose}:tend:${key}`;
}
