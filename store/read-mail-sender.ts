import { DEFAULT_SENDER, type Sender } from '../domain/sender/sender.ts';
import type { Queryable } from './database.ts';
import { senderOf } from './load-sender.ts';
import { sql } from './sql.ts';

/** Whose mail it was, as its reader knows them: the pages that a mail leads to name them. */
export interface MailSender {
  /** `Federkiel`; null: nobody is named. */
  readonly name: string | null;
  readonly imprintUrl: string | null;
  readonly privacyUrl: string | null;
  /** The Message-ID of the mail. */
  readonly messageIdHeader: string | null;
}

/** `mailFrom`: what mail is from where no sender is published (`Name <address>`). */
export async function readMailSender(queryable: Queryable, messageId: string, mailFrom: string): Promise<MailSender> {
  const [message] = await queryable.query<{ senderKey: string | null; header: string | null }>(sql`
    SELECT sender_key AS "senderKey", message_id_header AS header FROM message WHERE id = ${messageId}::uuid`);
  const key = message?.senderKey ?? DEFAULT_SENDER;
  const sender = message === undefined ? null : await senderOf(queryable, key, mailFrom);
  const { imprint: imprintUrl = null, privacy: privacyUrl = null } = sender?.links ?? {};
  return { name: displayName(sender), imprintUrl, privacyUrl, messageIdHeader: message?.header ?? null };
}

/** The name of `Name <address>`, else the address. */
function displayName(sender: Sender | null): string | null {
  const from = sender?.from ?? '';
  const name = /^\s*"?([^"<]*?)"?\s*</.exec(from)?.[1] ?? '';
  return name !== '' ? name : from.replace(/[<>]/g, '').trim() || null;
}
