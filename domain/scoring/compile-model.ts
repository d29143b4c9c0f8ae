import { durationMs } from '../instant.ts';
import type { Interaction } from '../interaction/interaction.ts';
import { type BehaviourRule, type EventRule, isSilenceRule, type SilenceRule } from './behaviour-rule.ts';
import type { ScoringModel } from './model.ts';

/** A model as the fold wants it: which rules an event may concern, how points fade, and what holds their sums. */
export interface CompiledModel {
  readonly model: ScoringModel;
  /** Rules that interactions of this kind and name may match, in the model's order. */
  rulesFor(interaction: Pick<Interaction, 'kind' | 'name'>): readonly EventRule[];
  readonly silences: readonly CompiledSilence[];
  /** In a fixed order, so that sums of floating-point numbers come out the same wherever they are made. */
  readonly groups: readonly CompiledGroup[];
  readonly total: Hold;
  /** What a rule's points are subject to. */
  paceOf(rule: BehaviourRule): Pace;
  /** Points from which on things are different: bands and threshold, ascending. */
  readonly steps: readonly number[];
  /** Those of them that can take a lead into or out of what goes to sales. */
  readonly qualifyingSteps: readonly number[];
  /** True where a rule makes a standing change by time alone. */
  readonly changesWithTime: boolean;
  /** True where the person's visits matter. */
  readonly needsSessions: boolean;
}

export type Hold = (points: number) => number;

export interface CompiledGroup {
  readonly id: string;
  readonly hold: Hold;
  /** Half-lives in milliseconds, and null for points that do not fade. */
  readonly halfLives: readonly (number | null)[];
}

export interface CompiledSilence {
  readonly rule: SilenceRule;
  readonly after: number;
  readonly times: number;
}

export interface Pace {
  readonly group: string;
  readonly halfLife: number | null;
  readonly validFor: number | null;
}

const compiled = new WeakMap<ScoringModel, CompiledModel>();

/** `model` compiled, once as long as it is in use. */
export function compileModel(model: ScoringModel): CompiledModel {
  let entry = compiled.get(model);
  if (entry === undefined) {
    entry = compile(model);
    compiled.set(model, entry);
  }
  return entry;
}

/** The names that a website may invent are without end; those that are asked for again and again are few. */
const MOST_NAMES = 2_000;

function compile(model: ScoringModel): CompiledModel {
  const eventRules = model.rules.filter((rule): rule is EventRule => !isSilenceRule(rule));
  const silences = model.rules.filter(isSilenceRule).map((rule) => {
    const { after, times } = rule.silence;
    return { rule, after: durationMs(after), times };
  });
  const byId = new Map(model.groups.map((group) => [group.id, group]));
  const paces = new Map(
    model.rules.map((rule): [BehaviourRule, Pace] => {
      const group = rule.group === undefined ? undefined : byId.get(rule.group);
      const halfLife = rule.halfLife ?? group?.halfLife;
      const validFor = rule.validFor ?? group?.validFor;
      return [
        rule,
        {
          group: rule.group ?? '',
          halfLife: halfLife === undefined ? null : durationMs(halfLife),
          validFor: validFor === undefined ? null : durationMs(validFor),
        },
      ];
    }),
  );
  const allPaces = [...paces.values()];
  const groups = ['', ...byId.keys()].map((id): CompiledGroup => {
    const halfLives = new Set(allPaces.filter((pace) => pace.group === id).map(({ halfLife }) => halfLife));
    // What a person gives by hand is in no group, and does not fade.
    if (id === '') halfLives.add(null);
    return { id, hold: holdTo(byId.get(id) ?? {}), halfLives: [...halfLives] };
  });
  const names = new Map<string, readonly EventRule[]>();
  return {
    model,
    rulesFor({ kind, name }) {
      const key = `${kind} ${name}`;
      let rules = names.get(key);
      if (rules === undefined) {
        rules = eventRules.filter(
          ({ on }) => (on.kind === undefined || on.kind === kind) && (on.event === undefined || on.event === name),
        );
        if (names.size >= MOST_NAMES) names.clear();
        names.set(key, rules);
      }
      return rules;
    },
    silences,
    groups: groups.filter(({ halfLives }) => halfLives.length > 0),
    total: holdTo(model.total),
    paceOf: (rule) => paces.get(rule) ?? NO_PACE,
    steps: [
      ...new Set([...Object.values(model.bands ?? {}), ...(model.threshold === undefined ? [] : [model.threshold])]),
    ].sort((a, b) => a - b),
    qualifyingSteps: qualifyingSteps(model),
    changesWithTime:
      silences.length > 0 || allPaces.some(({ halfLife, validFor }) => halfLife !== null || validFor !== null),
    needsSessions: eventRules.some(
      ({ limit, recurring }) =>
        recurring?.of === 'sessions' || (limit !== undefined && 'per' in limit && limit.per === 'session'),
    ),
  };
}

/** A band's bound between two bands that go to sales alike, whatever the grade, makes no difference to sales. */
function qualifyingSteps({ threshold, bands, mql = [] }: ScoringModel): number[] {
  if (threshold !== undefined) return [threshold];
  if (bands === undefined) return [];
  const lettersOf = (band: number) => {
    const letters = mql
      .filter((pattern) => !/[1-4]/.test(pattern) || pattern.endsWith(String(band)))
      .map((pattern) => /[A-D]/.exec(pattern)?.[0] ?? '*');
    return letters.includes('*') ? '*' : [...new Set(letters)].sort().join('');
  };
  return ([3, 2, 1] as const).filter((band) => lettersOf(band) !== lettersOf(band + 1)).map((band) => bands[band]);
}

const NO_PACE: Pace = { group: '', halfLife: null, validFor: null };

function holdTo({
  atMost,
  atLeast,
}: {
  readonly atMost?: number | undefined;
  readonly atLeast?: number | undefined;
}): Hold {
  const [low, high] = [atLeast ?? Number.NEGATIVE_INFINITY, atMost ?? Number.POSITIVE_INFINITY];
  return (points) => (points < low ? low : points > high ? high : points);
}
