import { afterAll, beforeAll, expect, it } from 'vitest';
import { claimMessage } from '../../store/claim-message.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { at, sql } from '../../store/sql.ts';
import { addLead, plainTemplate, publish } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';

/** A Wednesday at noon. */
const NOW = Date.UTC(2026, 10, 25, 12);
const need = { attribute: 'need', question: 'When do you need it?', choices: ['now', 'later'] };

let database: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  await publish(database, 'template', plainTemplate('ask'), NOW);
  const sequence = { key: 'nurture', name: 'Nurture', purpose: 'newsletter', entry: [{ event: 'E' }] };
  await publish(database, 'sequence', { ...sequence, steps: [{ id: 'ask', kind: 'send', template: 'ask' }] }, NOW);
});
afterAll(() => database.close());

it.each([[need], [null]])('a claimed mail brings %j along for whoever composes it', async (question) => {
  const lead = await addLead(database, { now: NOW });
  const [message, enrolment] = [newId(), newId()];
  const now = at(NOW);
  await database.query(sql`
    INSERT INTO enrolment (id, lead_id, sequence_key, sequence_version_id, entered_by, state, step_id, visit, step_entered_at, awaits, started_at)
    SELECT ${enrolment}::uuid, ${lead.id}::uuid, key, live_version_id, 'api', 'active', 'ask', 1, ${now}, '{}', ${now}
    FROM definition WHERE kind = 'sequence' AND key = 'nurture'`);
  await database.query(sql`
    INSERT INTO message (id, recipient_kind, lead_id, channel, purpose, enrolment_id, step_id, visit, template_key, lineage, state, due_at,
                         message_id_header, question, created_at)
    VALUES (${message}::uuid, 'lead', ${lead.id}::uuid, 'email', 'newsletter', ${enrolment}::uuid, 'ask', 1, 'ask', 'ask', 'due', ${now},
            ${`<${message}@test>`}, ${question === null ? null : JSON.stringify(question)}::jsonb, ${now})`);
  const request = {
    messageId: message,
    token: newId(),
    leaseMs: 60_000,
    notBefore: NOW,
    mailFrom: 'Federkiel <hallo@federkiel.example>',
  };
  expect(await claimMessage(database, { now: () => NOW }, request)).toMatchObject({
    kind: 'claimed',
    message: { question },
  });
});
