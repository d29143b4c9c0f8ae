import type { KnownValue } from '../conditions/facts.ts';
import type { Instant } from '../instant.ts';
import type { Json } from '../interaction/interaction.ts';
import type { AttributeOwner } from './definition.ts';
import { createResolution, type Inferred, type Resolution } from './resolve.ts';
import type { AttributeSource } from './statement.ts';
import type { DeclaredAttribute } from './vocabulary.ts';
import { isInForce, type WeighedAttribute, type WeighedStatement, type WeighedStatements } from './weigh.ts';

/**
 * What became of a statement. `wins`: it gives the value; `says-unknown`: the latest word of its rank is that nobody
 * knows, so the next rank was asked; `superseded`: a later word of its rank; `outranked`: somebody believed before it has
 * said something; `expired`, `future`: not known any more, or not yet; `misfit`: not a value of the attribute's type;
 * `not-believed`: the attribute's order leaves the source out.
 */
export type StatementOutcome =
  | 'wins'
  | 'says-unknown'
  | 'superseded'
  | 'outranked'
  | 'expired'
  | 'future'
  | 'misfit'
  | 'not-believed';

export interface ExplainedStatement {
  /** Null for a conclusion, which is made anew each time and never stored. */
  readonly id: number | null;
  readonly value: Json;
  readonly source: AttributeSource;
  readonly at: Instant;
  readonly confidence: number;
  /** From this instant on it is no longer known. */
  readonly until: Instant | null;
  readonly outcome: StatementOutcome;
  /** The outcome in words. */
  readonly why: string;
  /** What concluded it. */
  readonly inference?: { readonly id: string; readonly name: string };
}

export interface ExplainedAttribute {
  readonly of: AttributeOwner;
  readonly name: string;
  /** Null for one that the vocabulary does not know. */
  readonly declared: DeclaredAttribute | null;
  readonly known: KnownValue | null;
  /** The weightiest first. */
  readonly statements: readonly ExplainedStatement[];
}

/** One attribute with everything that was said about it, which of it counts, and why the rest does not. */
export function explainAttribute(
  weighed: WeighedStatements,
  of: AttributeOwner,
  name: string,
  now: Instant,
): ExplainedAttribute {
  const attribute = weighed[of].get(name);
  if (attribute === undefined) return { of, name, declared: null, known: null, statements: [] };
  return explain(attribute, createResolution(weighed, now), now);
}

/** The same for each attribute that is declared or that anything was said about, by name. */
export function explainAttributes(weighed: WeighedStatements, of: AttributeOwner, now: Instant): ExplainedAttribute[] {
  const resolution = createResolution(weighed, now);
  const attributes = [...weighed[of].values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return attributes.map((attribute) => explain(attribute, resolution, now));
}

function explain(attribute: WeighedAttribute, resolution: Resolution, now: Instant): ExplainedAttribute {
  const { of, name, declared, statements } = attribute;
  const winner = resolution.winner(of, name);
  const known = resolution[of](name);
  const winningRank =
    winner === null
      ? null
      : winner.kind === 'statement'
        ? winner.weighed.rank
        : (declared?.ranks.get('inference') ?? null);
  const heard = new Set<number>();
  const explained = statements.map((weighed): ExplainedStatement => {
    const { statement, until, rank } = weighed;
    const isWinner = winner?.kind === 'statement' && winner.weighed === weighed;
    const outcome = isWinner ? 'wins' : outcomeOf(weighed, now, winningRank, heard);
    if (rank !== null && isInForce(weighed, now)) heard.add(rank);
    const { id, value, source, at, confidence } = statement;
    return { id, value, source, at, confidence, until, outcome, why: inWords(outcome, weighed, known) };
  });
  const inferred = resolution.inferred(of, name);
  if (inferred === null) return { of, name, declared, known, statements: explained };
  const conclusion = explainConclusion(inferred, winner?.kind === 'inference', known);
  const place = explained.findIndex((_, index) => isAfter(statements[index], declared));
  const at = place === -1 ? explained.length : place;
  return { of, name, declared, known, statements: [...explained.slice(0, at), conclusion, ...explained.slice(at)] };
}

function outcomeOf(
  weighed: WeighedStatement,
  now: Instant,
  winningRank: number | null,
  heard: ReadonlySet<number>,
): StatementOutcome {
  const { rank, fitted, statement, until } = weighed;
  if (rank === null) return 'not-believed';
  if ('problem' in fitted) return 'misfit';
  if (statement.at > now) return 'future';
  if (until !== null && until <= now) return 'expired';
  if (winningRank !== null && rank > winningRank) return 'outranked';
  return heard.has(rank) ? 'superseded' : 'says-unknown';
}

function inWords(outcome: StatementOutcome, { fitted, statement }: WeighedStatement, known: KnownValue | null): string {
  switch (outcome) {
    case 'wins':
      return 'This counts.';
    case 'says-unknown':
      return 'Says that it is not known, so those believed next were asked.';
    case 'superseded':
      return 'Something later was said by those believed as much.';
    case 'outranked':
      return `Does not count beside what is known from ${known?.source ?? 'others'}, which is believed before ${statement.source}.`;
    case 'expired':
      return 'Was said too long ago.';
    case 'future':
      return 'Lies in the future.';
    case 'misfit':
      return `Does not fit the attribute: it ${'problem' in fitted ? fitted.problem : 'has another type'}.`;
    case 'not-believed':
      return `What comes from ${statement.source} is not believed for this attribute.`;
    default:
      throw new Error(`unknown outcome ${outcome satisfies never}`);
  }
}

function explainConclusion(
  { inference, known, until }: Inferred,
  wins: boolean,
  winner: KnownValue | null,
): ExplainedStatement {
  const name = inference.name ?? inference.id;
  return {
    id: null,
    value: known.value,
    source: 'inference',
    at: known.at,
    confidence: known.confidence,
    until,
    outcome: wins ? 'wins' : 'outranked',
    why: wins
      ? `Concluded: ${name}.`
      : `Concluded (${name}), but does not count beside what is known from ${winner?.source ?? 'others'}.`,
    inference: { id: inference.id, name },
  };
}

function isAfter(weighed: WeighedStatement | undefined, declared: DeclaredAttribute | null): boolean {
  const rank = declared?.ranks.get('inference');
  return rank !== undefined && weighed !== undefined && (weighed.rank === null || weighed.rank > rank);
}
