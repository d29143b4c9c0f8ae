import type { Instant } from '../domain/instant.ts';
import type { Transaction } from './database.ts';
import type { LockedLead } from './lock-lead.ts';
import { newId } from './new-id.ts';
import { at, sql } from './sql.ts';
import { writeMessageEvents } from './write-message-events.ts';

export interface LooseMailInput {
  readonly purpose: string;
  readonly template: string;
  readonly address: string;
  /** By this world's clock; from then on it is not sent any more. */
  readonly deadlineAt: Instant | null;
  readonly now: Instant;
  /** What the Message-ID ends with. */
  readonly messageIdDomain: string;
}

/**
 * Writes the intent of a mail to a lead that no sequence sends (domain/journey/plan-loose-mails.ts): the journey sends it,
 * through the same gate. The caller holds the lead's lock and raises attention. Returns its id.
 */
export async function insertLooseMail(
  transaction: Transaction,
  lead: Pick<LockedLead, 'id' | 'clockOffset'>,
  { purpose, template, address, deadlineAt, now, messageIdDomain }: LooseMailInput,
): Promise<string> {
  const id = newId();
  // A test lead lives ahead: its mails are due by its own clock.
  const due = now + lead.clockOffset;
  const deadline = deadlineAt === null ? null : deadlineAt + lead.clockOffset;
  await transaction.query(sql`
    INSERT INTO message (id, recipient_kind, lead_id, address, channel, purpose, template_key, lineage, state, due_at, deadline_at,
                         message_id_header, created_at)
    VALUES (${id}::uuid, 'lead', ${lead.id}::uuid, ${address}, 'email', ${purpose}, ${template}, ${template}, 'due', ${at(due)}, ${at(deadline)},
            ${`<${id}@${messageIdDomain}>`}, ${at(now)})`);
  await writeMessageEvents(transaction, due, [{ messageId: id, state: 'due', reason: null, until: null }]);
  return id;
}
