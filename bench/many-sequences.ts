import type { Actor } from '../domain/actor.ts';
import type { DefinitionKind } from '../domain/definition/definition.ts';
import { HOUR, type Instant } from '../domain/instant.ts';
import type { Database } from '../store/database.ts';
import { enrolLead } from '../store/enrol-lead.ts';
import { newId } from '../store/new-id.ts';
import { publishDefinition } from '../store/publish-definition.ts';
import { putDraft } from '../store/put-draft.ts';
import { at, sql } from '../store/sql.ts';

const actor: Actor = { kind: 'system', name: 'bench' };
const keyOf = (index: number): string => `nurture-${index}`;

const mjml =
  '<mjml><mj-body><mj-section><mj-column><mj-text>Hello</mj-text><mj-text><a href="{{ unsubscribeUrl }}">Unsubscribe</a> {{ imprint }}</mj-text></mj-column></mj-section></mj-body></mjml>';

/** Each sequence has its mail due at once, so that all of a lead's sequences want the one place that the cap leaves. */
function sequence(index: number) {
  return {
    key: keyOf(index),
    name: `Nurture ${index}`,
    purpose: 'newsletter',
    priority: index * 5,
    goal: [{ event: 'Order Completed' }],
    exits: [{ when: { event: { event: 'Job Page Viewed' }, times: { atLeast: 3 }, within: { days: 30 } } }],
    steps: [
      { id: 'mail', kind: 'send', template: `mail-${index}`, deadline: { days: 90 } },
      { id: 'answer', kind: 'waitFor', event: { event: 'Asked' }, timeout: { days: 30 } },
      { id: 'more', kind: 'wait', for: { days: 2 } },
    ],
  };
}

/** Publishes a pacing policy that lets one mail a week through, and `count` sequences with their templates. */
export async function publishMany(database: Database, count: number, now: Instant): Promise<void> {
  const policy = {
    key: 'weekly',
    name: 'Weekly',
    timeZone: 'Europe/Berlin',
    country: 'DE',
    caps: [{ max: 1, days: 7 }],
  };
  await publish(database, 'pacing', policy, now);
  const sender = {
    key: 'default',
    name: 'Bench',
    from: 'Bench <bench@shop.example>',
    imprint: { en: 'Bench Ltd, Berlin' },
  };
  await publish(database, 'sender', sender, now);
  for (let index = 1; index <= count; index += 1) {
    const template = { key: `mail-${index}`, name: 'Mail', locales: { en: { subject: 'Hello', mjml } } };
    await publish(database, 'template', template, now);
    await publish(database, 'sequence', sequence(index), now);
  }
}

async function publish(database: Database, kind: DefinitionKind, content: { readonly key: string }, now: Instant) {
  await putDraft(database, { kind, key: content.key, content, actor, now });
  await publishDefinition(database, { kind, key: content.key, actor, now });
}

/** Leads with consent, twenty events and one mail of last week behind them, each in `sequences` sequences. */
export async function enrolInMany(
  database: Database,
  leads: number,
  sequences: number,
  now: Instant,
): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < leads; index += 1) {
    const id = newId();
    const email = `${id}@people.example`;
    await database.transaction(async (transaction) => {
      await transaction.query(sql`INSERT INTO lead (id, created_at) VALUES (${id}::uuid, ${at(now - HOUR)})`);
      await transaction.query(sql`
        INSERT INTO identity (kind, value, lead_id, linked_at, created_at)
        VALUES ('email', ${email}, ${id}::uuid, ${at(now)}, ${at(now)})`);
      await transaction.query(sql`
        INSERT INTO consent (lead_id, channel, purpose, action, source, actor, at)
        VALUES (${id}::uuid, 'email', 'newsletter', 'granted', 'api', 'bench', ${at(now)})`);
      await transaction.query(sql`
        INSERT INTO interaction (source, message_id, identity_id, lead_id, kind, name, properties, occurred_at, received_at, assessed_at)
        SELECT 'bench', ${id} || n, (SELECT id FROM identity WHERE value = ${email}), ${id}::uuid, 'track',
               CASE WHEN n % 10 = 0 THEN 'Job Page Viewed' ELSE 'Page Viewed' END, '{}', ${at(now - HOUR)}::timestamptz, ${at(now)}::timestamptz, ${at(now)}::timestamptz
        FROM generate_series(1, 20) AS n`);
    });
    for (let n = 1; n <= sequences; n += 1)
      await enrolLead(database, { leadId: id, sequence: keyOf(n), actor, now: now - HOUR });
    ids.push(id);
  }
  await database.query(sql`ANALYZE`);
  return ids;
}
