import type { ConfirmationMail } from '../domain/consent/evidence.ts';
import { TendError } from '../domain/errors.ts';
import { type ComposeOptions, composeLeadMail } from '../mail/compose.ts';
import type { Queryable } from './database.ts';
import { readSentMail } from './read-sent-mail.ts';

/**
 * The mail that asked its reader to confirm a sign-up, or that a consent still holds, composed once more from the version of
 * the template that it was sent by. Null where it was never claimed, or can't be composed any more.
 */
export async function readConfirmationMail(
  queryable: Queryable,
  messageId: string,
  options: ComposeOptions,
): Promise<ConfirmationMail | null> {
  const sent = await readSentMail(queryable, messageId, options.from);
  if (sent === null) return null;
  try {
    const { from, to, subject, text } = composeLeadMail(sent, options);
    return { from, to, subject, text };
  } catch (error) {
    // What the person confirms counts without it.
    if (error instanceof TendError && error.code === 'render-failed') return null;
    throw error;
  }
}
