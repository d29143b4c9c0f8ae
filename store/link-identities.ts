import { companyDomain } from '../domain/account/company-domain.ts';
import { system } from '../domain/actor.ts';
import { RESIDENCE_ATTRIBUTES } from '../domain/calendar/residence.ts';
import { isTimeZone } from '../domain/definition/definition.ts';
import { type GivenIdentity, identitiesIn, traitsIn } from '../domain/identity/identities-in.ts';
import { decideLink, type NamedLead } from '../domain/identity/link.ts';
import type { Instant } from '../domain/instant.ts';
import type { Properties } from '../domain/interaction/interaction.ts';
import { applyGroup } from './apply-group.ts';
import { askedAttributes } from './asked-attributes.ts';
import { attributesMatter } from './attributes-matter.ts';
import type { Clock } from './clock.ts';
import { ACCOUNT_BATCHES_AT_ONCE, continueAccountRefolds } from './continue-account-refolds.ts';
import type { Database, Transaction } from './database.ts';
import { dropBefore, dropUnused, erasedSince } from './erased-identities.ts';
import { insertWebsiteStatements } from './insert-statements.ts';
import { isTransient } from './is-transient.ts';
import { joinAccount } from './join-account.ts';
import { loadVocabulary } from './load-vocabulary.ts';
import { mergeLeads } from './merge-leads.ts';
import { newId } from './new-id.ts';
import { errorCode } from './park-lead.ts';
import { raiseAttention } from './raise-attention.ts';
import { recordAudit } from './record-audit.ts';
import { at, sql } from './sql.ts';

/**
 * Applies the identifies that are still to be applied: connects identities with a lead (making, choosing or merging
 * leads as the domain decides), hands it what was seen of those identities before, and records the traits. Groups, once
 * it is known whose they are, say what their company is like. One transaction each, so that one that fails holds up no
 * other. Returns how many were applied.
 */
export async function linkIdentities(database: Database, clock: Clock, limit = 200): Promise<number> {
  const waiting = await database.query<{ id: number; kind: string; leadId: string | null }>(sql`
    SELECT id, kind, lead_id AS "leadId" FROM interaction
    WHERE linked_at IS NULL AND (kind = 'identify' OR (kind = 'group' AND lead_id IS NOT NULL)) ORDER BY id LIMIT ${limit}::int`);
  let applied = 0;
  let groups = 0;
  for (const { id, kind, leadId } of waiting) {
    try {
      const isGroup = kind === 'group' && leadId !== null;
      const apply = (transaction: Transaction) =>
        isGroup ? applyGroup(transaction, id, leadId, clock.now()) : linkOne(transaction, id, clock.now());
      if (!(await database.transaction(apply))) continue;
      applied += 1;
      if (isGroup) groups += 1;
    } catch (error) {
      if (isTransient(error)) throw error;
      await setAside(database, { id, kind }, clock.now(), error);
    }
  }
  if (groups > 0) await continueAccountRefolds(database, ACCOUNT_BATCHES_AT_ONCE);
  return applied;
}

/** One whose data can't be applied is put on record and left, or it would be the first of the queue for ever. */
async function setAside(
  database: Database,
  { id, kind }: { readonly id: number; readonly kind: string },
  now: Instant,
  error: unknown,
): Promise<void> {
  await database.transaction(async (transaction) => {
    await transaction.query(sql`UPDATE interaction SET linked_at = ${at(now)} WHERE id = ${id}::bigint`);
    await recordAudit(transaction, {
      actor: system,
      at: now,
      action: `${kind}.failed`,
      subjectKind: 'interaction',
      subjectId: String(id),
      // Its message may quote what the person said, and an audit row outlives an erasure.
      detail: { error: errorCode(error) },
    });
  });
}

interface Identify {
  readonly id: number;
  readonly context: Properties;
  readonly source: string;
  readonly occurredAt: Instant;
}

interface IdentifyInHand extends Identify {
  /** It has been folded already, without what it says. */
  readonly assessed: boolean;
}

async function linkOne(transaction: Transaction, interactionId: number, now: Instant): Promise<boolean> {
  const [identify] = await transaction.query<Identify>(sql`
    SELECT id, coalesce(context, '{}') AS context, source, occurred_at AS "occurredAt" FROM interaction
    WHERE id = ${interactionId}::bigint AND linked_at IS NULL`);
  if (identify === undefined) return false;
  const given = identitiesIn(identify.context);
  const identities = await ensureIdentities(transaction, given, now);
  if (await dropLate(transaction, identify, identities)) return true;
  const leads = await lockLeadsOf(transaction, identities);
  // After the leads, as the assessor does it, which marks this very row: the other way round they wait for each other.
  const [mine] = await transaction.query<{ assessed: boolean }>(sql`
    SELECT assessed_at IS NOT NULL AS assessed FROM interaction WHERE id = ${interactionId}::bigint AND linked_at IS NULL FOR UPDATE`);
  if (mine === undefined) return false;
  const inHand = { ...identify, assessed: mine.assessed };
  const userIdentity = identities.find(({ kind }) => kind === 'user_id');
  const leadOfUserId = userIdentity === undefined ? null : userIdentity.leadId;
  const decision = decideLink(leads, {
    userId: userIdentity?.value ?? null,
    givesData: given.some(({ kind }) => kind !== 'anonymous_id'),
    leadOfUserId,
  });
  switch (decision.kind) {
    case 'nobody':
      break;
    case 'create': {
      const leadId = newId();
      await transaction.query(sql`INSERT INTO lead (id, created_at) VALUES (${leadId}::uuid, ${at(now)})`);
      await connect(
        transaction,
        inHand,
        leadId,
        identities.filter((identity) => identity.leadId === null),
        now,
      );
      break;
    }
    case 'use':
      await connect(transaction, inHand, decision.lead, identities, now);
      break;
    case 'merge':
      for (const loser of decision.losers) await mergeLeads(transaction, { survivor: decision.survivor, loser, now });
      await connect(transaction, inHand, decision.survivor, identities, now);
      break;
    case 'conflict':
      await transaction.query(sql`
        INSERT INTO audit (at, actor_kind, actor, action, subject_kind, subject_id, detail)
        VALUES (${at(now)}, 'system', 'identity linking', 'lead.merge-refused', 'lead', ${decision.lead},
                ${JSON.stringify({ others: decision.others, reason: 'each has a user id of its own' })}::jsonb)`);
      await connect(
        transaction,
        inHand,
        decision.lead,
        identities.filter(({ leadId }) => leadId === null),
        now,
      );
      break;
  }
  await transaction.query(sql`UPDATE interaction SET linked_at = ${at(now)} WHERE id = ${identify.id}::bigint`);
  return true;
}

/**
 * True where the identify is from before an erasure of the person that it names: it was on its way, or a browser had held
 * it back, and must not make that person again. One from after it begins anew, without what came late.
 */
async function dropLate(
  transaction: Transaction,
  { id, occurredAt }: Identify,
  identities: readonly KnownIdentity[],
): Promise<boolean> {
  const erasedAt = await erasedSince(transaction, identities);
  if (erasedAt === null) return false;
  const ownerless = identities.filter(({ leadId }) => leadId === null).map((identity) => identity.id);
  await dropBefore(transaction, ownerless, erasedAt);
  if (occurredAt > erasedAt) return false;
  // Where another identity's lead has it already, that it happened stays, without what it says.
  await transaction.query(sql`DELETE FROM interaction WHERE id = ${id}::bigint AND lead_id IS NULL`);
  await transaction.query(sql`
    UPDATE interaction SET linked_at = received_at, context = '{}', properties = '{}' WHERE id = ${id}::bigint`);
  await dropUnused(transaction, ownerless);
  return true;
}

interface KnownIdentity {
  readonly id: number;
  readonly kind: string;
  readonly value: string;
  readonly leadId: string | null;
}

async function ensureIdentities(
  transaction: Transaction,
  given: readonly GivenIdentity[],
  now: Instant,
): Promise<KnownIdentity[]> {
  if (given.length === 0) return [];
  const sorted = [...given].sort((a, b) => (`${a.kind} ${a.value}` < `${b.kind} ${b.value}` ? -1 : 1));
  for (;;) {
    const found = await lockIdentities(transaction, sorted, now);
    // One is missing where its person was erased while this waited: then it is nobody's, and made anew.
    if (found.length === sorted.length) return found;
  }
}

async function lockIdentities(
  transaction: Transaction,
  sorted: readonly GivenIdentity[],
  now: Instant,
): Promise<KnownIdentity[]> {
  const kinds = sorted.map(({ kind }) => kind);
  const values = sorted.map(({ value }) => value);
  await transaction.query(sql`
    INSERT INTO identity (kind, value, created_at)
    SELECT kind, value, ${at(now)}::timestamptz FROM unnest(${kinds}::text[], ${values}::text[]) AS new(kind, value)
    ON CONFLICT (kind, value) DO NOTHING`);
  // The leads before the identities, as everywhere: whoever holds a lead may ingest for its identities.
  await transaction.query(sql`
    SELECT id FROM lead WHERE id IN (
      SELECT identity.lead_id FROM identity JOIN unnest(${kinds}::text[], ${values}::text[]) AS wanted(kind, value) USING (kind, value))
    ORDER BY id FOR NO KEY UPDATE`);
  // FOR UPDATE keeps ingest (FOR KEY SHARE) from storing an interaction as ownerless while its owner is being found.
  return transaction.query<KnownIdentity>(sql`
    SELECT identity.id, kind, value, lead_id AS "leadId" FROM identity
    JOIN unnest(${kinds}::text[], ${values}::text[]) AS wanted(kind, value) USING (kind, value)
    ORDER BY identity.id FOR UPDATE OF identity`);
}

async function lockLeadsOf(transaction: Transaction, identities: readonly KnownIdentity[]): Promise<NamedLead[]> {
  const ids = [...new Set(identities.flatMap(({ leadId }) => (leadId === null ? [] : [leadId])))];
  if (ids.length === 0) return [];
  const leads = await transaction.query<{ id: string; createdAt: Instant }>(sql`
    SELECT id, created_at AS "createdAt" FROM lead WHERE id = ANY(${ids}::uuid[]) ORDER BY id FOR NO KEY UPDATE`);
  const userIds = await transaction.query<{ leadId: string; value: string }>(sql`
    SELECT lead_id AS "leadId", value FROM identity WHERE lead_id = ANY(${ids}::uuid[]) AND kind = 'user_id'`);
  return leads.map((lead) => ({
    ...lead,
    userIds: userIds.filter(({ leadId }) => leadId === lead.id).map(({ value }) => value),
  }));
}

/** Gives the lead these identities, what was seen of them before, the traits, and the company that its address tells. */
async function connect(
  transaction: Transaction,
  identify: IdentifyInHand,
  leadId: string,
  identities: readonly KnownIdentity[],
  now: Instant,
): Promise<void> {
  const fresh = identities.filter((identity) => identity.leadId === null).map(({ id }) => id);
  await transaction.query(sql`
    UPDATE identity SET lead_id = ${leadId}::uuid, linked_at = ${at(now)} WHERE id = ANY(${fresh}::bigint[]) AND lead_id IS NULL`);
  await transaction.query(sql`
    UPDATE interaction SET lead_id = ${leadId}::uuid
    WHERE lead_id IS NULL AND (identity_id = ANY(${fresh}::bigint[]) OR id = ${identify.id}::bigint)`);
  await recordTraits(transaction, identify, leadId, now);
  // Only where it is new: websites identify on every page view.
  const address = identities.find(({ id, kind }) => kind === 'email' && fresh.includes(id));
  const domain = address === undefined ? null : companyDomain(address.value);
  if (domain !== null) await joinAccount(transaction, leadId, domain, now);
  await transaction.notify('tend_interaction');
  if (fresh.length > 0) await raiseAttention(transaction, [leadId]);
}

async function recordTraits(
  transaction: Transaction,
  identify: IdentifyInHand,
  leadId: string,
  now: Instant,
): Promise<void> {
  const traits = Object.entries(traitsIn(identify.context)).filter(([, value]) => value !== null);
  if (traits.length === 0) return;
  const { lead: declared } = await loadVocabulary(transaction);
  const names = await insertWebsiteStatements(transaction, {
    subject: { leadId },
    values: new Map(traits),
    at: identify.occurredAt,
    now,
    expiring: [...declared.values()].filter(({ validForMs }) => validForMs !== null).map(({ name }) => name),
  });
  if (identify.assessed && names.length > 0) {
    const asked = (await askedAttributes(transaction)).lead;
    if (names.some((name) => asked.has(name)))
      await transaction.query(sql`UPDATE lead SET refold = true WHERE id = ${leadId}::uuid`);
  }
  const moved = await keepLocale(transaction, leadId, traitsIn(identify.context));
  // Whoever lives by another clock now has mails and waits timed anew. Besides, only what was not said before is news:
  // to the assessor an identify is one like any other, and websites identify on every page view.
  const livesElsewhere = moved || names.some((name) => RESIDENCE_ATTRIBUTES.includes(name));
  if (livesElsewhere || (names.length > 0 && (await attributesMatter(transaction, leadId))))
    await raiseAttention(transaction, [leadId]);
}

/** Language and zone are asked for on every mail, so the lead's row has them beside the attribute rows. True: another zone. */
async function keepLocale(transaction: Transaction, leadId: string, traits: Properties): Promise<boolean> {
  const locale = [traits.locale, traits.language].find(
    (value): value is string => typeof value === 'string' && /^[a-zA-Z]{2,3}([-_][\w-]+)?$/.test(value),
  );
  const zone = [traits.timezone, traits.timeZone].find(
    (value): value is string => typeof value === 'string' && isTimeZone(value),
  );
  if (locale === undefined && zone === undefined) return false;
  const [before] = await transaction.query<{ timeZone: string | null }>(sql`
    SELECT time_zone AS "timeZone" FROM lead WHERE id = ${leadId}::uuid`);
  await transaction.query(sql`
    UPDATE lead SET time_zone = coalesce(${zone ?? null}, time_zone),
           -- What a person chose among their preferences, a website does not know better.
           locale = CASE WHEN EXISTS (
             SELECT FROM consent WHERE change->>'locale' IS NOT NULL
               AND lead_id IN (SELECT id FROM lead AS same WHERE same.id = ${leadId}::uuid OR same.merged_into = ${leadId}::uuid))
           THEN locale ELSE coalesce(${locale ?? null}, locale) END
    WHERE id = ${leadId}::uuid`);
  return zone !== undefined && zone !== before?.timeZone;
}
