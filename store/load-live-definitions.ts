import { type ConsentPolicy, noConsentPolicy } from '../domain/consent/policy.ts';
import { consentPolicySchema } from '../domain/consent/policy-schema.ts';
import type { Instant } from '../domain/instant.ts';
import type { FirstLook } from '../domain/journey/snapshot.ts';
import { asSequence, mailingSchema } from '../domain/mailing/mailing.ts';
import { noPolicy, type PacingPolicy } from '../domain/pacing/policy.ts';
import { storedPolicy } from '../domain/pacing/policy-schema.ts';
import type { Publication } from '../domain/scoring/held.ts';
import { type ScoringModel, storedModel } from '../domain/scoring/model.ts';
import { type Sequence, sequenceSchema } from '../domain/sequence/definition.ts';
import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

export interface LiveVersion<T> {
  readonly versionId: number;
  readonly definition: T;
}

export interface LiveSequenceVersion extends LiveVersion<Sequence> {
  /** How it was published, where leads come into it by a condition. */
  readonly publication: SequencePublication | null;
}

/** Who was in an entry condition when it was published counts as the publisher chose. */
export interface SequencePublication extends FirstLook {
  /** When the condition was first published: later versions with the same one keep it. */
  readonly at: Instant;
}

/** A scoring model with how it was published; a shadow was not. */
export interface LiveModel extends LiveVersion<ScoringModel> {
  readonly publication: (Publication & { readonly at: Instant }) | null;
}

/** What is live now: what the assessor folds with and enrols into. */
export interface LiveDefinitions {
  readonly models: readonly LiveModel[];
  /** Versions that are computed beside the live ones; nothing acts on them. */
  readonly shadows: readonly LiveModel[];
  readonly sequences: readonly LiveSequenceVersion[];
  /** How often and when a person is written to; `noPolicy` where none is published. */
  readonly pacing: PacingPolicy;
  /** On which ground is written; `noConsentPolicy` where none is published. */
  readonly consent: ConsentPolicy;
}

/**
 * The live models, sequences, pacing and consent policy. Read in the transaction that uses them: one small indexed query, and the
 * contents of versions seen before are kept in memory.
 */
export async function loadLiveDefinitions(queryable: Queryable): Promise<LiveDefinitions> {
  const rows = await queryable.query<LiveRow>(sql`
    SELECT definition.kind, version.id AS "versionId", version.id = shadow_version_id AS shadow, publication, published_at AS "publishedAt"
    FROM definition JOIN definition_version AS version ON version.id IN (live_version_id, shadow_version_id)
    WHERE definition.kind IN ('scoring_model', 'sequence', 'pacing', 'consent') ORDER BY definition.kind, definition.key`);
  await loadVersions(
    queryable,
    rows.map(({ versionId }) => versionId),
  );
  const definitionOf = <T>(versionId: number) => queryable.versions.get(versionId) as T;
  const models = rows
    .filter(({ kind }) => kind === 'scoring_model')
    .map(({ versionId, shadow, publication, publishedAt }) => ({
      versionId,
      shadow: shadow === true,
      definition: definitionOf<ScoringModel>(versionId),
      publication:
        shadow || publication === null || publishedAt === null
          ? null
          : { ...(publication as Publication), at: publishedAt },
    }));
  const pacing = rows.find(({ kind }) => kind === 'pacing');
  const consent = rows.find(({ kind }) => kind === 'consent');
  return {
    models: models.filter(({ shadow }) => !shadow),
    shadows: models.filter(({ shadow }) => shadow),
    sequences: rows
      .filter(({ kind }) => kind === 'sequence')
      .map(({ versionId, publication, publishedAt }) => ({
        versionId,
        definition: definitionOf<Sequence>(versionId),
        publication:
          publication === null || publishedAt === null
            ? null
            : { at: publishedAt, ...(publication as FirstLook & { readonly at?: Instant }) },
      })),
    pacing: pacing === undefined ? noPolicy : definitionOf<PacingPolicy>(pacing.versionId),
    consent: consent === undefined ? noConsentPolicy : definitionOf<ConsentPolicy>(consent.versionId),
  };
}

interface LiveRow {
  readonly kind: string;
  readonly versionId: number;
  readonly shadow: boolean | null;
  readonly publication: Publication | FirstLook | null;
  readonly publishedAt: Instant | null;
}

/** A model's version by its id, live or not. */
export async function loadModelVersion(queryable: Queryable, versionId: number): Promise<ScoringModel> {
  await loadVersions(queryable, [versionId]);
  return queryable.versions.get(versionId) as ScoringModel;
}

/**
 * The sequences of these version ids, live or not: leads stay on the version they entered with. Of a mailing it is the
 * sequence that it is lived as.
 */
export async function loadSequenceVersions(
  queryable: Queryable,
  versionIds: readonly number[],
): Promise<(versionId: number) => Sequence> {
  await loadVersions(queryable, versionIds);
  return (versionId) => queryable.versions.get(versionId) as Sequence;
}

async function loadVersions(queryable: Queryable, versionIds: readonly number[]): Promise<void> {
  const missing = [...new Set(versionIds)].filter((versionId) => !queryable.versions.has(versionId));
  if (missing.length === 0) return;
  const rows = await queryable.query<{ id: number; kind: string; content: unknown }>(sql`
    SELECT id, kind, content FROM definition_version WHERE id = ANY(${missing}::bigint[])`);
  for (const { id, kind, content } of rows) {
    queryable.versions.set(id, stored(kind, content));
  }
}

function stored(kind: string, content: unknown): ScoringModel | PacingPolicy | ConsentPolicy | Sequence {
  if (kind === 'scoring_model') return storedModel(content);
  if (kind === 'mailing') return asSequence(mailingSchema.parse(content));
  if (kind === 'consent') return consentPolicySchema.parse(content);
  return kind === 'pacing' ? storedPolicy(content) : sequenceSchema.parse(content);
}
