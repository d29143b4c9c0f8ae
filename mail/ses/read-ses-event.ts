import { z } from 'zod';
import { type BounceCause, causeOf } from '../../domain/sending/bounce-cause.ts';
import type { ReportedRecipient } from '../inbound/delivery-status.ts';
import { readVerp } from '../inbound/verp.ts';

/** What Amazon SES tells of a mail, in the form that mails which come back have too. */
export type SesNews = MailNamed &
  (
    | { readonly kind: 'bounce'; readonly recipients: readonly ReportedRecipient[]; readonly delayed: boolean }
    | { readonly kind: 'complaint'; readonly feedbackType: string; readonly recipient: string | null }
    | { readonly kind: 'delivery' }
    | { readonly kind: 'other' }
  );

interface MailNamed {
  readonly messageId: string | null;
  readonly verp: boolean;
  readonly originalMessageIds: readonly string[];
  /** SES's own id, which it gave in its reply to DATA. */
  readonly providerId: string | null;
}

const text = z.string().max(2_000);
const recipientSchema = z.object({
  emailAddress: text.optional(),
  action: text.optional(),
  status: text.optional(),
  diagnosticCode: text.optional(),
});
const recipients = z.array(recipientSchema).max(100).default([]);

/**
 * Notifications name their kind `notificationType`, events of a configuration set `eventType`; the rest is alike.
 * https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
 */
const eventSchema = z.object({
  notificationType: text.optional(),
  eventType: text.optional(),
  mail: z
    .object({
      messageId: text.optional(),
      source: text.optional(),
      commonHeaders: z.object({ messageId: text.optional() }).optional(),
      headers: z.array(z.object({ name: text, value: z.string() })).optional(),
    })
    .default({}),
  bounce: z
    .object({ bounceType: text.optional(), bounceSubType: text.optional(), bouncedRecipients: recipients })
    .optional(),
  complaint: z.object({ complaintFeedbackType: text.nullish(), complainedRecipients: recipients }).optional(),
  deliveryDelay: z.object({ delayType: text.optional(), delayedRecipients: recipients }).optional(),
});
type SesEvent = z.infer<typeof eventSchema>;
type SesRecipient = z.infer<typeof recipientSchema>;

/** Reads the `Message` of an SNS notification. Null: it is no event of SES. Never throws. */
export function readSesEvent(json: string, secret: string): SesNews | null {
  const parsed = eventSchema.safeParse(parseJson(json));
  if (!parsed.success) return null;
  const event = parsed.data;
  const named = mailNamed(event, secret);
  switch (event.notificationType ?? event.eventType) {
    case 'Bounce':
      return { kind: 'bounce', delayed: false, recipients: bounced(event.bounce), ...named };
    case 'DeliveryDelay':
      return { kind: 'bounce', delayed: true, recipients: delayed(event.deliveryDelay), ...named };
    case 'Complaint':
      return { ...complained(event.complaint), ...named };
    case 'Delivery':
      return { kind: 'delivery', ...named };
    case undefined:
      return null;
    default:
      return { kind: 'other', ...named };
  }
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

function mailNamed({ mail }: SesEvent, secret: string): MailNamed {
  const signed = mail.source === undefined ? null : readVerp(secret, mail.source);
  const header = mail.headers?.find(({ name }) => name.toLowerCase() === 'message-id')?.value;
  const given = [header, mail.commonHeaders?.messageId].filter((id) => id !== undefined);
  return {
    messageId: signed,
    verp: signed !== null,
    originalMessageIds: [...new Set(given.map((id) => id.trim().replace(/^<|>$/g, '')))],
    providerId: mail.messageId ?? null,
  };
}

function bounced(bounce: SesEvent['bounce']): ReportedRecipient[] {
  const { bounceType = '', bounceSubType = '', bouncedRecipients = [] } = bounce ?? {};
  // Without a recipient the type still says what happened to the one that each of our mails has.
  const list = bouncedRecipients.length > 0 ? bouncedRecipients : [{}];
  return list.map((recipient) => {
    const verdict = verdictOf(recipient);
    const named = BY_SUBTYPE[bounceSubType];
    const cause = named ?? (verdict.why === 'unexplained' && bounceType === 'Permanent' ? 'mailbox' : verdict.cause);
    return {
      ...reported(
        recipient,
        verdict.why === 'unexplained' ? `ses-${bounceSubType || bounceType}`.toLowerCase() : verdict.why,
      ),
      cause,
      permanent: bounceType === 'Permanent',
    };
  });
}

/** What SES itself has worked out. `General` says nothing: then the diagnostic does. */
const BY_SUBTYPE: Readonly<Record<string, BounceCause>> = {
  NoEmail: 'mailbox',
  // SES did not even try: the address bounced or complained before, from this account or another.
  Suppressed: 'mailbox',
  OnAccountSuppressionList: 'mailbox',
  MailboxFull: 'full',
  MessageTooLarge: 'content',
  ContentRejected: 'content',
  AttachmentRejected: 'content',
};

function delayed(delay: SesEvent['deliveryDelay']): ReportedRecipient[] {
  const { delayType = '', delayedRecipients = [] } = delay ?? {};
  return delayedRecipients.map((recipient) => ({
    ...reported(recipient, `ses-${delayType}`.toLowerCase()),
    cause: delayType === 'MailboxFull' ? ('full' as const) : ('transient' as const),
    permanent: false,
  }));
}

function complained(
  complaint: SesEvent['complaint'],
):
  | { readonly kind: 'complaint'; readonly feedbackType: string; readonly recipient: string | null }
  | { readonly kind: 'other' } {
  const feedbackType = complaint?.complaintFeedbackType ?? 'abuse';
  // RFC 5965 §7.3: the reader says that it is none.
  if (feedbackType === 'not-spam') return { kind: 'other' };
  return { kind: 'complaint', feedbackType, recipient: complaint?.complainedRecipients[0]?.emailAddress ?? null };
}

function verdictOf({ status, diagnosticCode, action }: SesRecipient) {
  const words = diagnosticCode?.replace(/^\s*smtp\s*;\s*/i, '') ?? null;
  const code = /^([245]\d\d)\b/.exec(words ?? '')?.[1];
  return causeOf({
    status: status ?? null,
    code: code === undefined ? null : Number(code),
    diagnostic: words,
    action: action === 'failed' || action === 'delayed' ? action : null,
  });
}

function reported(
  { emailAddress, status, diagnosticCode }: SesRecipient,
  why: string,
): Omit<ReportedRecipient, 'cause' | 'permanent'> {
  return {
    address: emailAddress ?? null,
    status: status !== undefined && /^[245]\.\d{1,3}\.\d{1,3}$/.test(status) ? status : null,
    why: /^[\w-]{1,60}$/.test(why) ? why : 'ses',
    diagnostic: diagnosticCode?.slice(0, 1_000) ?? null,
  };
}
