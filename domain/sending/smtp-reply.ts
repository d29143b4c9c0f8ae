import { type BounceCause, causeOf } from './bounce-cause.ts';
import { readStatus, statusText } from './smtp-status.ts';

/**
 * What is to be done after an SMTP reply.
 *
 * - `retry-later`: not now; the mail may be tried again, and passes the gate again;
 * - `this-address-never`: no mail to this address will arrive;
 * - `this-sender-problem`: sender, its reputation or this mail was refused: nothing is said of the person, and the next
 *   one at that domain would hear the same.
 */
export interface ReplyClass {
  readonly kind: 'retry-later' | 'this-address-never' | 'this-sender-problem';
  /** Null where no server has spoken. */
  readonly cause: BounceCause | null;
  /** The enhanced status, as `5.1.1`. */
  readonly status: string | null;
  /** A stable code without personal data: fit for logs and metrics. */
  readonly why: string;
}

/**
 * Classifies a server's refusal (RFC 5321 §4.2, RFC 3463). `code` is the reply code, null where the connection ended
 * without one; `reply` is its whole text, lines joined in any way.
 *
 * A full mailbox is tried again even after a 5yz, within the mail's own deadline: it is full today, not for ever.
 */
export function classifyReply(input: { readonly code: number | null; readonly reply: string }): ReplyClass {
  const { code, reply } = input;
  if (code === null) return { kind: 'retry-later', cause: null, status: null, why: 'no-reply' };
  const status = readStatus(reply);
  const text = status && statusText(status);
  const { cause, why } = causeOf({ status: text, code, diagnostic: reply });
  if (code < 500) return { kind: 'retry-later', cause, status: text, why };
  switch (cause) {
    case 'mailbox':
      return { kind: 'this-address-never', cause, status: text, why };
    case 'policy':
    case 'content':
      return { kind: 'this-sender-problem', cause, status: text, why };
    case 'full':
    case 'transient':
      return { kind: 'retry-later', cause, status: text, why };
  }
}
