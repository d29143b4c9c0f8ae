import type { Instant } from '../instant.ts';
import type { Json } from '../interaction/interaction.ts';
import type { AttributeOwner } from './definition.ts';
import { defaultSourceOrder, ranksOf } from './source-order.ts';
import type { Statement } from './statement.ts';
import { type FittedValue, fitValue } from './value.ts';
import type { DeclaredAttribute, Vocabulary } from './vocabulary.ts';

/** A statement with what it counts for. None of this depends on the time. */
export interface WeighedStatement {
  readonly statement: Statement;
  /** 0 is believed first; null: this source is not believed here. */
  readonly rank: number | null;
  readonly fitted: FittedValue;
  /** From this instant on it is no longer known; null: never. */
  readonly until: Instant | null;
}

export interface WeighedAttribute {
  readonly of: AttributeOwner;
  readonly name: string;
  /** Null for one that the vocabulary does not know: its values are taken as they came. */
  readonly declared: DeclaredAttribute | null;
  /** The weightiest first. */
  readonly statements: readonly WeighedStatement[];
}

/** All statements about a lead and its company, put in order once, so that many instants can be asked about. */
export interface WeighedStatements {
  readonly vocabulary: Vocabulary;
  readonly lead: ReadonlyMap<string, WeighedAttribute>;
  readonly account: ReadonlyMap<string, WeighedAttribute>;
}

/** Puts statements in order. Holds an entry for each attribute that is declared or that anything was said about. */
export function weighStatements(
  vocabulary: Vocabulary,
  statements: readonly Statement[],
  accountStatements: readonly Statement[],
): WeighedStatements {
  return {
    vocabulary,
    lead: weighAll(vocabulary, 'lead', statements),
    account: weighAll(vocabulary, 'account', accountStatements),
  };
}

function weighAll(
  vocabulary: Vocabulary,
  of: AttributeOwner,
  statements: readonly Statement[],
): ReadonlyMap<string, WeighedAttribute> {
  const silent = silentAttributes(vocabulary, of);
  if (statements.length === 0) return silent;
  const byName = new Map<string, Statement[]>();
  for (const statement of statements) {
    const list = byName.get(statement.name);
    if (list === undefined) byName.set(statement.name, [statement]);
    else list.push(statement);
  }
  const weighed = new Map(silent);
  for (const [name, list] of byName) {
    const declared = vocabulary[of].get(name) ?? null;
    const sorted = list.map((statement) => weigh(declared, statement)).sort(compareWeight);
    weighed.set(name, { of, name, declared, statements: sorted });
  }
  return weighed;
}

const silences = new WeakMap<Vocabulary[AttributeOwner], ReadonlyMap<string, WeighedAttribute>>();

/** The declared attributes of somebody of whom nothing was said: the same for everybody, so made once. */
function silentAttributes(vocabulary: Vocabulary, of: AttributeOwner): ReadonlyMap<string, WeighedAttribute> {
  let silent = silences.get(vocabulary[of]);
  if (silent === undefined) {
    silent = new Map([...vocabulary[of]].map(([name, declared]) => [name, { of, name, declared, statements: [] }]));
    silences.set(vocabulary[of], silent);
  }
  return silent;
}

const defaultRanks = ranksOf(defaultSourceOrder);

function weigh(declared: DeclaredAttribute | null, statement: Statement): WeighedStatement {
  const validForMs = declared?.validForMs ?? null;
  return {
    statement,
    rank: (declared?.ranks ?? defaultRanks).get(statement.source) ?? null,
    fitted: declared === null ? asItCame(statement.value) : fitValue(declared, statement.value),
    until: validForMs === null ? null : statement.at + validForMs,
  };
}

/** Blank text says nothing, declared or not. */
function asItCame(value: Json): FittedValue {
  return typeof value === 'string' && value.trim() === '' ? { value: null } : { value };
}

/** By rank; within it the latest first, then the surer, then the one that was recorded later. */
function compareWeight(a: WeighedStatement, b: WeighedStatement): number {
  return (
    (a.rank ?? Number.MAX_SAFE_INTEGER) - (b.rank ?? Number.MAX_SAFE_INTEGER) ||
    b.statement.at - a.statement.at ||
    b.statement.confidence - a.statement.confidence ||
    b.statement.id - a.statement.id
  );
}

/** True where `weighed` counts at `now`: it has been said, has not grown too old, and says something or that nobody knows. */
export function isInForce({ statement, rank, fitted, until }: WeighedStatement, now: Instant): boolean {
  return rank !== null && !('problem' in fitted) && statement.at <= now && (until === null || now < until);
}
