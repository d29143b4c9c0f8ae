import { isTrue } from '../conditions/evaluate.ts';
import type { Facts, KnownValue } from '../conditions/facts.ts';
import { attributesIn } from '../conditions/leaves.ts';
import type { Instant } from '../instant.ts';
import { type AttributeOwner, attributeOwners, type Inference } from './definition.ts';
import type { Statement } from './statement.ts';
import { fitValue } from './value.ts';
import type { Vocabulary } from './vocabulary.ts';
import {
  isInForce,
  type WeighedAttribute,
  type WeighedStatement,
  type WeighedStatements,
  weighStatements,
} from './weigh.ts';

/** What is known of a lead and its company at one instant, by attribute name; null: unknown. */
export interface KnownAttributes {
  lead(name: string): KnownValue | null;
  account(name: string): KnownValue | null;
}

/** Which statement or inference gives an attribute its value. */
export type Winner =
  | { readonly kind: 'statement'; readonly weighed: WeighedStatement; readonly known: KnownValue }
  | { readonly kind: 'inference'; readonly inferred: Inferred };

export interface Inferred {
  readonly inference: Inference;
  readonly known: KnownValue;
  /** From this instant on it is no longer known; null: as long as its condition holds. */
  readonly until: Instant | null;
  /** It rests on nothing that was ever said, only on silence: it has no date of its own, and does not grow old. */
  readonly timeless: boolean;
}

/** What is known at `now`, by what was said until then. Inferences are computed here and never stored. */
export function resolve(
  vocabulary: Vocabulary,
  statements: readonly Statement[],
  accountStatements: readonly Statement[],
  now: Instant,
): KnownAttributes {
  return resolveAt(weighStatements(vocabulary, statements, accountStatements), now);
}

/** The same of statements that were weighed before. */
export function resolveAt(weighed: WeighedStatements, now: Instant): KnownAttributes {
  return createResolution(weighed, now);
}

/** Everything that resolving finds, for those who explain it too. Each attribute is looked at once, when it is asked for. */
export interface Resolution extends KnownAttributes {
  readonly facts: Facts;
  winner(of: AttributeOwner, name: string): Winner | null;
  /** The first inference whose condition holds, whether or not its value wins. */
  inferred(of: AttributeOwner, name: string): Inferred | null;
}

export function createResolution(weighed: WeighedStatements, now: Instant): Resolution {
  const winners = new Map<WeighedAttribute, Winner | null>();
  const inferences = new Map<WeighedAttribute, Inferred | null>();

  function winner(of: AttributeOwner, name: string): Winner | null {
    const attribute = weighed[of].get(name);
    if (attribute === undefined) return null;
    const found = winners.get(attribute);
    if (found !== undefined) return found;
    // Publishing refuses inferences that go round in a circle; were there one, it would end here as unknown.
    winners.set(attribute, null);
    const picked = pickWinner(attribute, now, () => inferredOf(attribute));
    winners.set(attribute, picked);
    return picked;
  }

  function inferredOf(attribute: WeighedAttribute): Inferred | null {
    const found = inferences.get(attribute);
    if (found !== undefined) return found;
    const inferred = infer(attribute, facts, winner);
    inferences.set(attribute, inferred);
    return inferred;
  }

  const known = (of: AttributeOwner, name: string): KnownValue | null => {
    const won = winner(of, name);
    return won === null ? null : won.kind === 'statement' ? won.known : won.inferred.known;
  };
  const facts: Facts = {
    now,
    stage: 'lead',
    lead: (name) => known('lead', name),
    account: (name) => known('account', name),
    events: [],
    standings: new Map(),
  };
  return {
    facts,
    lead: facts.lead,
    account: facts.account,
    winner,
    inferred(of, name) {
      const attribute = weighed[of].get(name);
      return attribute === undefined ? null : inferredOf(attribute);
    },
  };
}

/** Ranks before that of inferences, then what can be concluded, then the others. */
function pickWinner(
  { declared, statements }: WeighedAttribute,
  now: Instant,
  inferred: () => Inferred | null,
): Winner | null {
  const rankOfInference =
    declared === null || declared.infer.length === 0 ? undefined : declared.ranks.get('inference');
  if (rankOfInference === undefined) return pickStatement(statements, now);
  const before = statements.filter(({ rank }) => rank !== null && rank < rankOfInference);
  const said = pickStatement(before, now);
  if (said !== null) return said;
  const concluded = inferred();
  if (concluded !== null) return { kind: 'inference', inferred: concluded };
  return pickStatement(statements.slice(before.length), now);
}

/**
 * The ranks are asked in their order. In each the latest word counts; where it is "does not know", the rank says nothing
 * and the next one is asked.
 */
function pickStatement(statements: readonly WeighedStatement[], now: Instant): Winner | null {
  let asked: number | null = null;
  for (const weighed of statements) {
    const { rank, fitted, statement } = weighed;
    if (rank === asked || !isInForce(weighed, now) || 'problem' in fitted) continue;
    asked = rank;
    if (fitted.value === null) continue;
    const { source, at, confidence } = statement;
    return { kind: 'statement', weighed, known: { value: fitted.value, source, at, confidence } };
  }
  return null;
}

function infer(
  { declared }: WeighedAttribute,
  facts: Facts,
  winner: (of: AttributeOwner, name: string) => Winner | null,
): Inferred | null {
  if (declared === null) return null;
  for (const inference of declared.infer) {
    const { when, confidence } = inference;
    const fitted = fitValue(declared, inference.value);
    if ('problem' in fitted || !isTrue(when, facts)) continue;
    const used = attributesIn(when);
    const basis = attributeOwners.flatMap((of) => used[of].flatMap((name) => dateOf(winner(of, name)) ?? []));
    // A conclusion is as old as the newest word that it rests on; one from nothing but silence is as new as the question.
    const at = basis.length === 0 ? facts.now : Math.max(...basis);
    const until = declared.validForMs === null || basis.length === 0 ? null : at + declared.validForMs;
    if (until !== null && until <= facts.now) continue;
    const known = { value: fitted.value, source: 'inference', at, confidence };
    return { inference, known, until, timeless: basis.length === 0 };
  }
  return null;
}

/** When what gives an attribute its value was said, or null where nobody said anything. */
function dateOf(winner: Winner | null): Instant | null {
  if (winner === null) return null;
  if (winner.kind === 'statement') return winner.known.at;
  return winner.inferred.timeless ? null : winner.inferred.known.at;
}
