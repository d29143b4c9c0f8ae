import { scoresIn } from '../domain/conditions/leaves.ts';
import { groundProblem } from '../domain/consent/ground.ts';
import { basisOf, type MailBasis } from '../domain/consent/policy.ts';
import { type FieldProblem, TendError } from '../domain/errors.ts';
import type { Sequence } from '../domain/sequence/definition.ts';
import { needsOf } from '../domain/sequence/needs.ts';
import { referencesOf, type Step } from '../domain/sequence/step.ts';
import type { Reference } from '../domain/sequence/step-kind.ts';
import type { Transaction } from './database.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { sql } from './sql.ts';

/**
 * Refuses a sequence that needs what is not there: a sequence that is live can send all of its mails.
 *
 * Throws `definition-invalid`.
 */
export async function checkReferences(transaction: Transaction, sequence: Sequence): Promise<void> {
  const there = await readWhatIsThere(transaction);
  const { consent } = await loadLiveDefinitions(transaction);
  const about = { sequenceKey: sequence.key, basis: basisOf(consent, sequence.purpose) };
  const problems = [
    ...sequence.steps.flatMap((step, index) =>
      referencesOf(step).flatMap((reference) => problemOf(reference, step, `steps.${index}`, there, about)),
    ),
    ...sequence.streams.flatMap(({ tracks }, stream) =>
      tracks.flatMap(({ contents }, track) =>
        contents.flatMap((key, content) => {
          const reference: Reference = { kind: 'template', key, path: [], recipient: 'lead' };
          const path = `streams.${stream}.tracks.${track}.contents.${content}`;
          return problemOf(reference, null, path, there, about);
        }),
      ),
    ),
    ...missingModels(sequence, there),
  ];
  if (problems.length === 0) return;
  throw new TendError(
    'definition-invalid',
    `The sequence "${sequence.key}" can't be published yet: mend the steps named.`,
    problems,
  );
}

interface Thing {
  readonly live: boolean;
  /** Of a template. */
  readonly recipient: string | null;
  readonly asks: boolean;
  readonly service: boolean;
}

/** By kind and key. */
type WhatIsThere = ReadonlyMap<string, Thing>;

async function readWhatIsThere(transaction: Transaction): Promise<WhatIsThere> {
  const rows = await transaction.query<Thing & { kind: string; key: string }>(sql`
    SELECT definition.kind, definition.key, live_version_id IS NOT NULL AS live, version.content->>'recipient' AS recipient,
           coalesce((version.content->>'asks')::boolean, false) AS asks, coalesce((version.content->>'service')::boolean, false) AS service
    FROM definition LEFT JOIN definition_version AS version ON version.id = live_version_id AND definition.kind = 'template'
    UNION ALL SELECT 'rep', key, active, NULL, false, false FROM rep
    UNION ALL SELECT 'endpoint', key, true, NULL, false, false FROM webhook_endpoint`);
  return new Map(rows.map(({ kind, key, ...thing }) => [`${kind} ${key}`, thing]));
}

const NAMES: Readonly<Record<Reference['kind'], string>> = {
  template: 'the template',
  sequence: 'the sequence',
  scoring_model: 'the scoring model',
  endpoint: 'the webhook endpoint',
  rep: 'the representative',
};

const MENDS: Readonly<Record<Reference['kind'], string>> = {
  template: 'which is not published: publish it first',
  sequence: 'which does not exist: store it first',
  scoring_model: 'which is not published: publish it first',
  endpoint: 'which does not exist: make it first (PUT /api/webhook-endpoints/<key>)',
  rep: 'who is not among the active representatives: add them first',
};

const READERS: Readonly<Record<string, string>> = { lead: 'leads', rep: 'representatives', colleague: 'colleagues' };

function problemOf(
  { kind, key, path, recipient = 'lead' }: Reference,
  step: Step | null,
  at: string,
  there: WhatIsThere,
  { sequenceKey, basis }: { readonly sequenceKey: string; readonly basis: MailBasis },
): FieldProblem[] {
  const where = [at, ...path].join('.');
  const found = there.get(`${kind} ${key}`);
  const subject = step === null ? 'names' : `step "${step.id}" needs`;
  const report = (why: string) => [{ path: where, problem: `${subject} ${NAMES[kind]} "${key}", ${why}` }];
  // Two sequences that name each other could not be published otherwise; an enrol step does nothing until the other is.
  const enough = kind === 'sequence' ? found !== undefined || key === sequenceKey : found?.live === true;
  if (!enough) return report(MENDS[kind]);
  if (kind !== 'template' || found === undefined) return [];
  if (found.recipient !== recipient)
    return report(`which is for ${READERS[found.recipient ?? 'lead']}: take one for ${READERS[recipient]}`);
  const ground = recipient === 'lead' ? groundProblem(found.service, basis, 'the purpose of this sequence') : null;
  if (ground !== null) return report(`which ${ground}`);
  const asking = step?.kind === 'ask';
  if (asking && !found.asks) return report('which asks nothing: take one with asks: true');
  if (!asking && found.asks) return report('which asks a question: send it with an ask step');
  return [];
}

/** Conditions that ask for a scoring model nobody has published would be unknown for ever. */
function missingModels(sequence: Sequence, there: WhatIsThere): FieldProblem[] {
  const models = new Set(
    needsOf(sequence)
      .conditions.flatMap(scoresIn)
      .map(({ score }) => score),
  );
  return [...models]
    .filter((key) => there.get(`scoring_model ${key}`)?.live !== true)
    .map((key) => ({
      path: '',
      problem: `a condition asks for the scoring model "${key}", ${MENDS.scoring_model}`,
    }));
}
