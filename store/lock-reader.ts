import type { Transaction } from './database.ts';
import { type LockedLead, lockLeadIfAny } from './lock-lead.ts';
import { type LinkedMessage, readLinkedMessage } from './read-message.ts';

/** Who got a mail, and the mail. */
export interface Reader {
  readonly lead: LockedLead;
  readonly message: LinkedMessage;
}

/** Locks the lead that a mail went to, whoever it was merged into. Null: there is no such mail, or its reader was erased. */
export async function lockReader(transaction: Transaction, messageId: string): Promise<Reader | null> {
  const before = await readLinkedMessage(transaction, messageId);
  if (before === null) return null;
  const lead = await lockLeadIfAny(transaction, before.leadId);
  if (lead === null || lead.erasedAt !== null) return null;
  // Read again under the lock: whoever held it may have erased the person.
  const message = await readLinkedMessage(transaction, messageId);
  return message === null ? null : { lead, message };
}
