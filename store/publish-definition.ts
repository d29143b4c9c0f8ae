import type { Actor } from '../domain/actor.ts';
import type { AttributeSet } from '../domain/attributes/definition.ts';
import { setProblems } from '../domain/attributes/vocabulary.ts';
import { canonicalJson } from '../domain/definition/canonical-json.ts';
import type { DefinitionKind } from '../domain/definition/definition.ts';
import type { Template } from '../domain/definition/template.ts';
import { KIND_NAMES } from '../domain/definition/validate.ts';
import { type FieldProblem, TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { Json } from '../domain/interaction/interaction.ts';
import type { FirstLook } from '../domain/journey/snapshot.ts';
import { mailingSchema } from '../domain/mailing/mailing.ts';
import type { MailingTime } from '../domain/mailing/mailing-time.ts';
import type { PacingPolicy } from '../domain/pacing/policy.ts';
import { storedPolicy } from '../domain/pacing/policy-schema.ts';
import type { ApprovalParty } from '../domain/scoring/approval.ts';
import { type Sequence, sequenceSchema } from '../domain/sequence/definition.ts';
import { conditionsAmong } from '../domain/sequence/signal.ts';
import { checkApprovals } from './approve-model.ts';
import { checkConsentPolicy, checkTemplateGround } from './check-consent-policy.ts';
import { checkMailing } from './check-mailing.ts';
import { checkReferences } from './check-references.ts';
import { BATCHES_AT_ONCE, continueRefolds, REFOLD_PENDING } from './continue-refolds.ts';
import type { Database, Transaction } from './database.ts';
import { type LiveDefinitions, loadLiveDefinitions, type SequencePublication } from './load-live-definitions.ts';
import { loadLiveAttributeSets } from './load-vocabulary.ts';
import { HAND_OFF_ALL, makeModelLive, type PublicationChoice } from './make-model-live.ts';
import { assertStillLive, type PreparedMails, prepareMails, storeRecompiled } from './prepare-mails.ts';
import { holdOffPlans } from './publishing-lock.ts';
import { raiseAttention } from './raise-attention.ts';
import { recordAudit } from './record-audit.ts';
import { scheduleRun } from './schedule-run.ts';
import { insertJob } from './sequence-job.ts';
import { at, sql } from './sql.ts';
import { unparkAll } from './unpark-all.ts';
import { wakeLeadsThatWaitFor } from './wake-leads-that-wait-for.ts';
import { wakeLeadsWithOpenMail } from './wake-leads-with-open-mail.ts';

export interface PublishInput {
  readonly kind: DefinitionKind;
  readonly key: string;
  readonly actor: Actor;
  readonly now: Instant;
  /** Of a scoring model: what becomes of leads that this makes ready for sales. Default: all are handed over. */
  readonly choice?: PublicationChoice;
  /** Of a scoring model: who must have approved the version. Default: nobody. */
  readonly approvals?: readonly ApprovalParty[];
  /** Of a sequence: what becomes of leads whose entry condition holds already. Default: they are left out of it. */
  readonly existing?: FirstLook['existing'];
  /** Of a mailing: when it goes. Default: as it says itself; where it does not say, it goes when somebody schedules it. */
  readonly mailingTime?: MailingTime;
}

export interface Published {
  readonly key: string;
  readonly version: number;
  /** False when the draft was live already; nothing has changed then. */
  readonly published: boolean;
  /** Of a template: what should be looked at, though nothing stood in the way. */
  readonly warnings?: readonly FieldProblem[];
}

/**
 * Makes a definition's draft live. Leads in a sequence stay on the version they entered with; templates are taken at
 * the moment of sending, and made anew with a layout or partial that they include; a scoring model, and what attributes
 * mean, is applied to the whole history of every lead.
 *
 * Throws `not-found` (nothing was drafted under this key) and `definition-invalid` (a template does not compile, or not
 * with this layout; a sequence's template is not live, an attribute stands in two sets), and `conflict` (an approval is
 * missing, another policy of the kind is live).
 */
export async function publishDefinition(database: Database, input: PublishInput): Promise<Published> {
  // Compiling takes a while and must not hold the row's lock; the content is immutable, so it can be done before.
  const before = await readDraft(database, input);
  const mails = before.live
    ? null
    : await prepareMails(database, { ...before, kind: input.kind, key: input.key }, input.now);
  const warned = mails?.compiled ? { warnings: mails.warnings } : {};
  const published = await database.transaction(async (transaction) => {
    await holdOffPlans(transaction);
    // Sets of attributes are held against each other, and policies too, so they are published one at a time; and
    // sequences, so that their publications are numbered in the order in which plans come to see them.
    await transaction.query(sql`
      SELECT 1 FROM definition WHERE kind = ${input.kind} AND (key = ${input.key} OR kind IN ('attributes', 'pacing', 'consent', 'sequence')) ORDER BY key FOR UPDATE`);
    const draft = await readDraft(transaction, input);
    // Somebody stored another draft meanwhile, or went back to one before: what was compiled was for how it stood then.
    if (draft.id !== before.id || (before.live && !draft.live)) {
      throw new TendError(
        'conflict',
        `A new draft of "${input.key}" was stored while this one was being published: publish again.`,
      );
    }
    if (draft.live) {
      const { choice = HAND_OFF_ALL, existing = 'leave' } = input;
      if (existing === 'enrol')
        throw new TendError(
          'conflict',
          `Version ${draft.version} of "${input.key}" is live already, and what becomes of leads whose entry condition holds was chosen then: enrol them by hand, or publish another draft.`,
        );
      if (choice.changed !== HAND_OFF_ALL.changed || choice.perDay !== null)
        throw new TendError(
          'conflict',
          `Version ${draft.version} of "${input.key}" is live already, and what becomes of leads was chosen then: publish another draft to choose anew.`,
        );
      return { key: input.key, version: draft.version, published: false, ...warned };
    }
    if (mails !== null) await assertStillLive(transaction, mails, input.key);
    if (input.kind === 'sequence') await checkReferences(transaction, sequenceSchema.parse(draft.content));
    if (input.kind === 'attributes') await checkOtherSets(transaction, draft.content as AttributeSet);
    if (input.kind === 'pacing' || input.kind === 'consent')
      await checkOtherPolicies(transaction, input.kind, input.key);
    if (input.kind === 'consent') await checkConsentPolicy(transaction, draft.content);
    if (input.kind === 'template') await checkTemplateGround(transaction, draft.content as Template);
    if (input.kind === 'mailing') await scheduleMailingVersion(transaction, input, draft);
    if (input.kind === 'scoring_model') {
      const { key, actor, now, choice = HAND_OFF_ALL, approvals = [] } = input;
      const model = { key, versionId: draft.id, version: draft.version };
      await checkApprovals(transaction, model, approvals);
      await makeModelLive(transaction, { ...model, choice, action: 'definition.published', actor, now });
      await unparkAll(transaction);
    } else await makeLive(transaction, input, draft, mails);
    return { key: input.key, version: draft.version, published: true, ...warned };
  });
  // It is live, whatever becomes of this: the sweep goes on.
  if (input.kind === 'scoring_model' || input.kind === 'attributes')
    await continueRefolds(database, BATCHES_AT_ONCE).catch(() => {});
  return published;
}

interface Draft {
  readonly id: number;
  readonly version: number;
  readonly content: unknown;
  readonly live: boolean;
}

async function readDraft(queryable: Database | Transaction, { kind, key }: PublishInput): Promise<Draft> {
  const [draft] = await queryable.query<Draft>(sql`
    SELECT version.id, version.version, version.content, definition.live_version_id IS NOT DISTINCT FROM version.id AS live
    FROM definition JOIN definition_version AS version ON version.id = definition.draft_version_id
    WHERE definition.kind = ${kind} AND definition.key = ${key}`);
  if (draft === undefined) {
    throw new TendError('not-found', `There is no ${KIND_NAMES[kind]} "${key}": store it with PUT first.`);
  }
  return draft;
}

/** To publish a mailing is to schedule it, where it says when it goes. */
async function scheduleMailingVersion(transaction: Transaction, input: PublishInput, draft: Draft): Promise<void> {
  const mailing = mailingSchema.parse(draft.content);
  await checkMailing(transaction, mailing);
  const { actor, now, mailingTime: time = mailing.at } = input;
  const { id: versionId, version } = draft;
  await scheduleRun(transaction, { versionId, version, mailing, time, actor, now, code: 'definition-invalid' });
}

/** All live sets are one vocabulary. */
async function checkOtherSets(transaction: Transaction, set: AttributeSet): Promise<void> {
  const live = await loadLiveAttributeSets(transaction);
  const problems = setProblems(
    set,
    live.filter(({ key }) => key !== set.key),
  );
  if (problems.length === 0) return;
  throw new TendError(
    'definition-invalid',
    `The set of attributes "${set.key}" can't be published beside the others: mend the fields named.`,
    problems,
  );
}

/** Whether a mail may go is one question, so one policy answers it. */
async function checkOtherPolicies(transaction: Transaction, kind: 'pacing' | 'consent', key: string): Promise<void> {
  const [other] = await transaction.query<{ key: string }>(sql`
    SELECT key FROM definition WHERE kind = ${kind} AND live_version_id IS NOT NULL AND key <> ${key}`);
  if (other === undefined) return;
  throw new TendError(
    'conflict',
    `The ${KIND_NAMES[kind]} "${other.key}" is live, and there can be one: store yours under the key "${other.key}" and publish that.`,
  );
}

async function makeLive(
  transaction: Transaction,
  input: PublishInput,
  draft: Draft,
  mails: PreparedMails | null,
): Promise<void> {
  const { kind, key, actor, now } = input;
  const before = await loadLiveDefinitions(transaction);
  const publication = kind === 'sequence' ? await askForLooks(transaction, input, draft, before) : null;
  await transaction.query(sql`
    UPDATE definition SET live_version_id = ${draft.id}::bigint WHERE kind = ${kind} AND key = ${key}`);
  const made = kind === 'attributes' ? REFOLD_PENDING : (mails?.compiled ?? null);
  await transaction.query(sql`
    UPDATE definition_version SET published_at = ${at(now)}, published_by = ${actor.name},
           compiled = coalesce(${made === null ? null : JSON.stringify(made)}::jsonb, compiled),
           publication = ${publication === null ? null : JSON.stringify(publication)}::jsonb
    WHERE id = ${draft.id}::bigint`);
  if (mails !== null) {
    await storeRecompiled(transaction, mails, now);
    await wakeLeadsThatWaitFor(transaction, mails.templates);
  }
  if (kind === 'pacing') {
    const moved = !isSamePlace(before.pacing, storedPolicy(draft.content));
    await (moved ? wakeLeadsInSequences(transaction) : wakeLeadsWithOpenMail(transaction));
  }
  // On which ground a mail goes, and until when a consent carries it, is another question now.
  if (kind === 'consent') await wakeLeadsWithOpenMail(transaction);
  await unparkAll(transaction);
  const detail = { version: draft.version, ...(publication !== null && { existing: publication.existing }) };
  await recordAudit(transaction, {
    actor,
    at: now,
    action: 'definition.published',
    subjectKind: kind,
    subjectId: key,
    detail,
  });
}

/**
 * Where leads come into a sequence by a condition, all of them are looked at once; null where they don't. Where it is
 * still the same condition, each lead is held against how it was when it was last planned, as if nothing had been
 * published: a first look would take for old what came true a moment ago.
 */
async function askForLooks(
  transaction: Transaction,
  { key, existing = 'leave', actor, now }: PublishInput,
  draft: Draft,
  { sequences }: LiveDefinitions,
): Promise<SequencePublication | null> {
  const sequence = sequenceSchema.parse(draft.content);
  const before = sequences.find(({ definition }) => definition.key === key);
  // A look that is under way goes on, and those who still have theirs before them get this choice.
  if (before !== undefined && existing === 'leave' && entersAlike(before.definition, sequence))
    return before.publication === null ? null : { ...before.publication, existing };
  await transaction.query(sql`
    UPDATE sequence_job SET state = 'cancelled', finished_at = ${at(now)}
    WHERE sequence_key = ${key} AND kind = 'publish' AND state IN ('waiting', 'running')`);
  if (conditionsAmong(sequence.entry).length === 0) return null;
  const input = { kind: 'publish', versionId: draft.id } as const;
  const { number } = await insertJob(transaction, { sequence: key, input, actor, now });
  return { publication: number, existing, at: now };
}

/** True where `sequence` notes of the same leads, and by the same conditions, whether they are in them. */
function entersAlike(before: Sequence, sequence: Sequence): boolean {
  const noted = ({ entry, stages, reentry }: Sequence) =>
    canonicalJson({ when: conditionsAmong(entry), stages, reentry } as unknown as Json);
  return noted(before) === noted(sequence);
}

/** Where leads live of whom nothing better is known: by whose clock, and with which holidays. */
function isSamePlace(one: PacingPolicy, other: PacingPolicy): boolean {
  return one.timeZone === other.timeZone && one.country === other.country && one.region === other.region;
}

/** Until when their steps wait (until 09:00, for three business days) may be another instant now. */
async function wakeLeadsInSequences(transaction: Transaction): Promise<void> {
  const leads = await transaction.query<{ id: string }>(sql`
    SELECT id FROM lead WHERE id IN (SELECT lead_id FROM enrolment WHERE state IN ('entering', 'active'))
    ORDER BY id FOR NO KEY UPDATE`);
  await raiseAttention(
    transaction,
    leads.map(({ id }) => id),
  );
}
