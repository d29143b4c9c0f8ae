import type { Actor } from '../../domain/actor.ts';
import type { DefinitionKind } from '../../domain/definition/definition.ts';
import type { Instant } from '../../domain/instant.ts';
import type { InteractionKind, Properties } from '../../domain/interaction/interaction.ts';
import type { Database } from '../../store/database.ts';
import { ingestInteractions } from '../../store/ingest-interactions.ts';
import { newId } from '../../store/new-id.ts';
import { publishDefinition } from '../../store/publish-definition.ts';
import { putDraft } from '../../store/put-draft.ts';
import { at, sql } from '../../store/sql.ts';

export const tester: Actor = { kind: 'person', name: 'test' };

/** Whose mails they are. Its imprint is what `{{ imprint }}` shows. */
export const shopSender = {
  key: 'default',
  name: 'Shop',
  from: 'Shop <shop@shop.example>',
  imprint: { en: 'Shop GmbH\n1 Test Street, 10115 Berlin' },
};

const senders = new WeakMap<Database, Promise<void>>();

/** Stores and publishes a definition; before the first template the sender that every mail to a lead needs. */
export async function publish(
  database: Database,
  kind: DefinitionKind,
  content: { key: string; [field: string]: unknown },
  now: Instant,
): Promise<void> {
  if (kind === 'template') {
    const sender = senders.get(database) ?? publish(database, 'sender', shopSender, now);
    senders.set(database, sender);
    await sender;
  }
  await putDraft(database, { kind, key: content.key, content, actor: tester, now });
  await publishDefinition(database, { kind, key: content.key, actor: tester, now });
}

/** A template small enough not to slow a test down; sent again and again in tests that look at something else. */
export function plainTemplate(key: string, recipient: 'lead' | 'rep' | 'colleague' = 'lead', repeatable = true) {
  const link =
    recipient === 'lead'
      ? '<mj-button href="https://shop.example/offer">See it</mj-button><mj-text><a href="{{ unsubscribeUrl }}">Unsubscribe</a><br />{{ imprint }}</mj-text>'
      : '';
  const mjml = `<mjml><mj-body><mj-section><mj-column><mj-text>${key}</mj-text>${link}</mj-column></mj-section></mj-body></mjml>`;
  const more = repeatable ? { repeatable } : {};
  return { key, name: key, recipient, ...more, locales: { en: { subject: `About ${key}`, mjml } } };
}

/** Publishes templates, a model and sequences, and adds one representative. */
export async function foundCompany(
  database: Database,
  company: {
    readonly now: Instant;
    readonly model: { key: string; [field: string]: unknown };
    readonly sequences: readonly { key: string; [field: string]: unknown }[];
    readonly templates: readonly string[];
    /** Those of the templates that a person gets once. */
    readonly once?: readonly string[];
  },
): Promise<void> {
  const { now } = company;
  await publish(database, 'template', plainTemplate('handoff', 'rep'), now);
  for (const key of company.templates)
    await publish(database, 'template', plainTemplate(key, 'lead', !(company.once ?? []).includes(key)), now);
  await publish(database, 'scoring_model', company.model, now);
  for (const sequence of company.sequences) await publish(database, 'sequence', sequence, now);
  await database.query(sql`
    INSERT INTO rep (key, name, email, created_at) VALUES ('rita', 'Rita', 'rita@sales.example', ${at(now)}) ON CONFLICT DO NOTHING`);
}

export interface TestLead {
  readonly id: string;
  readonly email: string;
}

let leads = 0;

/** A lead with an address and, unless told otherwise, consent to marketing mail. */
export async function addLead(
  database: Database,
  options: {
    readonly now: Instant;
    readonly purpose?: string | null;
    readonly promise?: { max: number; days: number };
    readonly email?: string;
  },
): Promise<TestLead> {
  leads += 1;
  const lead = { id: newId(), email: options.email ?? `lead${leads}@people.example` };
  const { now, purpose = 'newsletter', promise } = options;
  await database.transaction(async (transaction) => {
    await transaction.query(sql`INSERT INTO lead (id, created_at) VALUES (${lead.id}::uuid, ${at(now)})`);
    await transaction.query(sql`
      INSERT INTO identity (kind, value, lead_id, linked_at, created_at)
      VALUES ('email', ${lead.email}, ${lead.id}::uuid, ${at(now)}, ${at(now)})`);
    if (purpose !== null) {
      await transaction.query(sql`
        INSERT INTO consent (lead_id, channel, purpose, action, source, actor, at, promise_max, promise_days)
        VALUES (${lead.id}::uuid, 'email', ${purpose}, 'granted', 'api', 'test', ${at(now)}, ${promise?.max ?? null}, ${promise?.days ?? null})`);
    }
  });
  return lead;
}

export interface TestEvent {
  readonly email: string;
  readonly event: string;
  readonly at: Instant;
  readonly messageId?: string;
  readonly properties?: Properties;
  readonly kind?: InteractionKind;
}

/** Takes in events as the API would, in one transaction. */
export async function interact(database: Database, ...events: readonly TestEvent[]): Promise<number> {
  return ingestInteractions(
    database,
    events.map(({ email, event, at: occurredAt, messageId, properties, kind }) => ({
      source: kind === 'tend' ? 'tend' : 'website',
      messageId: messageId ?? newId(),
      identity: { kind: 'email', value: email },
      kind: kind ?? 'track',
      name: event,
      properties: properties ?? {},
      context: null,
      occurredAt,
      receivedAt: occurredAt,
      claimedAt: null,
    })),
  );
}
