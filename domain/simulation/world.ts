import type { AttributeSet } from '../attributes/definition.ts';
import { createVocabulary, type Vocabulary } from '../attributes/vocabulary.ts';
import type { ScoreLeaf } from '../conditions/leaf-schema.ts';
import { eventsIn, scoresIn } from '../conditions/leaves.ts';
import { type ConsentPolicy, noConsentPolicy } from '../consent/policy.ts';
import type { Template } from '../definition/template.ts';
import { type Interaction, PERSONAL_TEND_EVENTS } from '../interaction/interaction.ts';
import { interestsOf } from '../journey/plan-enrolment.ts';
import { noPolicy, type PacingPolicy } from '../pacing/policy.ts';
import type { ScoringModel } from '../scoring/model.ts';
import type { Content } from '../sequence/content.ts';
import type { Sequence } from '../sequence/definition.ts';
import { needsOf } from '../sequence/needs.ts';
import { conditionsAmong } from '../sequence/signal.ts';

/** Everything that is published where simulated leads live. */
export interface World {
  /** In the order of their keys. */
  readonly sequences: readonly { readonly versionId: number; readonly definition: Sequence }[];
  /** In the order of their keys. */
  readonly models: readonly {
    readonly versionId: number;
    readonly definition: ScoringModel;
    readonly publication: null;
  }[];
  readonly vocabulary: Vocabulary;
  /** By template key. */
  readonly contents: ReadonlyMap<string, Content>;
  readonly pacing: PacingPolicy;
  readonly consentPolicy: ConsentPolicy;
}

/** What one asks again and again of a world. */
export interface WorldView {
  /** A sequence or condition may ask for it: other interactions are scored and then forgotten. */
  asksFor(interaction: Pick<Interaction, 'kind' | 'name'>): boolean;
  /** Interest keys of news that may bring a lead into a sequence by a condition. */
  readonly entryKeys: ReadonlySet<string>;
  /** What entry conditions ask of scoring models. */
  readonly entryScores: readonly ScoreLeaf[];
  /** Leads come into a sequence by a condition. */
  readonly entryConditions: boolean;
}

const views = new WeakMap<World, WorldView>();

/** Worked out once for each world. */
export function viewOf(world: World): WorldView {
  let view = views.get(world);
  if (view === undefined) {
    view = look(world);
    views.set(world, view);
  }
  return view;
}

function look({ sequences }: World): WorldView {
  const needs = sequences.map(({ definition }) => needsOf(definition));
  const matches = needs.flatMap(({ events, conditions }) => [...events, ...conditions.flatMap(eventsIn)]);
  const names = new Set(matches.flatMap(({ event }) => event ?? []));
  const kinds = new Set<string>(matches.flatMap(({ event, kind }) => (event === undefined ? (kind ?? []) : [])));
  if (needs.some(({ humanSignals }) => humanSignals)) {
    for (const kind of ['track', 'page', 'identify', 'group']) kinds.add(kind);
    for (const name of PERSONAL_TEND_EVENTS) names.add(name);
  }
  const entry = sequences.flatMap(({ definition }) => conditionsAmong(definition.entry));
  return {
    asksFor: ({ kind, name }) => names.has(name) || kinds.has(kind),
    entryKeys: new Set(entry.flatMap(interestsOf)),
    entryScores: entry.flatMap(scoresIn),
    entryConditions: entry.length > 0,
  };
}

/** What marketers wrote, checked already. */
export interface WorldParts {
  readonly sequences: readonly Sequence[];
  readonly models: readonly ScoringModel[];
  readonly attributes: readonly AttributeSet[];
  readonly templates: readonly Pick<Template, 'key' | 'lineage' | 'repeatable'>[];
  /** Without one nothing is held back. */
  readonly pacing?: PacingPolicy | undefined;
  /** Without one every purpose needs consent, which does not go stale. */
  readonly consentPolicy?: ConsentPolicy | undefined;
}

/** A world in which all of this is published. */
export function worldOf(parts: WorldParts): World {
  const { sequences, models, attributes, templates, pacing = noPolicy, consentPolicy = noConsentPolicy } = parts;
  return {
    sequences: inOrder(sequences).map((definition, index) => ({ versionId: index + 1, definition })),
    models: inOrder(models).map((definition, index) => ({ versionId: index + 1, definition, publication: null })),
    vocabulary: createVocabulary(attributes),
    contents: new Map(
      templates.map(({ key, lineage, repeatable }) => [key, { lineage, repeatable: repeatable ?? false }]),
    ),
    pacing,
    consentPolicy,
  };
}

function inOrder<T extends { readonly key: string }>(definitions: readonly T[]): T[] {
  return [...definitions].sort((a, b) => (a.key < b.key ? -1 : 1));
}
