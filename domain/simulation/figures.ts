import { DAY, HOUR, type Instant } from '../instant.ts';
import type { Sequence } from '../sequence/definition.ts';
import { entriesOf, type Life, type LifeEntry } from './life.ts';
import type { World } from './world.ts';

const WEEK = 7 * DAY;

/** What many simulated lives come to. */
export interface Figures {
  readonly leads: number;
  readonly mails: number;
  /** Mails of one lead in one week of its life (whole weeks from its arrival), and how many such weeks there were. */
  readonly mailsPerLeadWeek: readonly { readonly mails: number; readonly weeks: number }[];
  /** The most mails that one lead got in any seven days on end. */
  readonly mostInSevenDays: number;
  readonly personas: readonly {
    readonly name: string;
    readonly leads: number;
    readonly mails: number;
    readonly offered: number;
    readonly unsubscribed: number;
  }[];
  readonly sales: {
    /** Leads that were offered to sales at least once, of all. */
    readonly offeredShare: number;
    /** Days from the arrival to the first offer; null: nobody was offered. */
    readonly daysMedian: number | null;
    readonly daysP90: number | null;
    readonly days: readonly number[];
    /** Offers by week of the simulation. */
    readonly perWeek: readonly number[];
    readonly outcomes: Readonly<Record<string, number>>;
  };
  /** By reason, most often first: how many mails it held up, and for how long. */
  readonly delays: readonly {
    readonly reason: string;
    readonly mails: number;
    readonly hoursMedian: number;
    readonly hoursP90: number;
  }[];
  /** Mails that were due and did not go, by reason. */
  readonly withheld: readonly { readonly state: string; readonly reason: string; readonly mails: number }[];
  /** Mails that were still waiting when the simulation ended. */
  readonly waiting: number;
  readonly exhausted: readonly {
    readonly sequence: string;
    readonly stream: string;
    readonly track: string | null;
    readonly cell: string | null;
    readonly leads: number;
  }[];
  readonly unsubscribed: number;
  readonly sequences: readonly SequenceFigures[];
  readonly mailsByWeek: readonly number[];
}

export interface SequenceFigures {
  readonly key: string;
  readonly name: string;
  readonly entered: number;
  readonly completed: number;
  readonly goal: number;
  /** By reason. */
  readonly left: Readonly<Record<string, number>>;
  readonly running: number;
  readonly turnedAway: number;
  readonly mails: Readonly<Record<string, number>>;
  /** By split step and arm. */
  readonly splits: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface FigureCount {
  add(life: Life): void;
  figures(): Figures;
}

/** Counts lives one by one: none has to be kept. */
export function countFigures(world: World, start: Instant, days: number): FigureCount {
  const weeks = Math.max(1, Math.ceil(days / 7));
  let [leads, mails, unsubscribed, waiting, offered, mostInSevenDays] = [0, 0, 0, 0, 0, 0];
  const leadWeeks = new Map<number, number>();
  const personas = new Map<string, { leads: number; mails: number; offered: number; unsubscribed: number }>();
  const toOffer: number[] = [];
  const perWeek = new Array<number>(weeks).fill(0);
  const mailsByWeek = new Array<number>(weeks).fill(0);
  const outcomes = new Map<string, number>();
  const delays = new Map<string, number[]>();
  const withheld = new Map<string, number>();
  const exhausted = new Map<string, number>();
  const sequences = new Map(world.sequences.map(({ definition }) => [definition.key, emptySequence(definition)]));

  function add(life: Life): void {
    const sent = entriesOf(life, 'mail');
    const offers = entriesOf(life, 'offered');
    const gone = entriesOf(life, 'consent').some(({ by, action }) => by === 'unsubscribe' && action === 'withdrawn');
    const persona = personas.get(life.persona) ?? { leads: 0, mails: 0, offered: 0, unsubscribed: 0 };
    personas.set(life.persona, {
      leads: persona.leads + 1,
      mails: persona.mails + sent.length,
      offered: persona.offered + Math.min(1, offers.length),
      unsubscribed: persona.unsubscribed + Number(gone),
    });
    leads += 1;
    mails += sent.length;
    unsubscribed += Number(gone);
    waiting += life.end.waiting.length;
    mostInSevenDays = Math.max(
      mostInSevenDays,
      mostWithin(
        sent.map(({ at }) => at),
        WEEK,
      ),
    );
    for (const count of weeksOf(
      life,
      sent.map(({ at }) => at),
    ))
      bump(leadWeeks, count);
    for (const { at } of sent) mailsByWeek[weekOf(at)] = (mailsByWeek[weekOf(at)] ?? 0) + 1;
    if (offers[0] !== undefined) {
      offered += 1;
      toOffer.push((offers[0].at - life.arrivedAt) / DAY);
    }
    for (const { at } of offers) perWeek[weekOf(at)] = (perWeek[weekOf(at)] ?? 0) + 1;
    for (const { outcome } of entriesOf(life, 'closed')) bump(outcomes, outcome);
    for (const [reason, hours] of delaysOf(life)) {
      const list = delays.get(reason);
      if (list === undefined) delays.set(reason, [hours]);
      else list.push(hours);
    }
    for (const { state, reason } of entriesOf(life, 'withheld')) bump(withheld, JSON.stringify([state, reason]));
    const gaps = new Set(
      entriesOf(life, 'exhausted').map(({ sequence, stream, track, cell }) =>
        JSON.stringify([sequence, stream, track, cell]),
      ),
    );
    for (const gap of gaps) bump(exhausted, gap);
    for (const entry of life.entries) if ('sequence' in entry) countInSequence(sequences.get(entry.sequence), entry);
    for (const key of Object.keys(life.end.running)) {
      const counted = sequences.get(key);
      if (counted !== undefined) counted.running += 1;
    }
  }

  const weekOf = (at: Instant) => Math.min(weeks - 1, Math.max(0, Math.floor((at - start) / WEEK)));

  function figures(): Figures {
    const most = Math.max(-1, ...leadWeeks.keys());
    return {
      leads,
      mails,
      mailsPerLeadWeek: Array.from({ length: most + 1 }, (_, count) => ({
        mails: count,
        weeks: leadWeeks.get(count) ?? 0,
      })),
      mostInSevenDays,
      personas: [...personas].map(([name, rest]) => ({ name, ...rest })).sort((a, b) => b.leads - a.leads),
      sales: {
        offeredShare: leads === 0 ? 0 : offered / leads,
        daysMedian: quantile(toOffer, 0.5),
        daysP90: quantile(toOffer, 0.9),
        days: [...toOffer].sort((a, b) => a - b),
        perWeek,
        outcomes: Object.fromEntries([...outcomes].sort()),
      },
      delays: [...delays]
        .map(([reason, hours]) => ({
          reason,
          mails: hours.length,
          hoursMedian: quantile(hours, 0.5) ?? 0,
          hoursP90: quantile(hours, 0.9) ?? 0,
        }))
        .sort((a, b) => b.mails - a.mails || (a.reason < b.reason ? -1 : 1)),
      withheld: [...withheld]
        .map(([key, count]) => {
          const [state = '', reason = ''] = JSON.parse(key) as string[];
          return { state, reason, mails: count };
        })
        .sort((a, b) => b.mails - a.mails || (a.reason < b.reason ? -1 : 1)),
      waiting,
      exhausted: [...exhausted]
        .map(([key, count]) => {
          const [sequence, stream, track, cell] = JSON.parse(key) as [string, string, string | null, string | null];
          return { sequence, stream, track, cell, leads: count };
        })
        .sort((a, b) => b.leads - a.leads),
      unsubscribed,
      sequences: [...sequences.values()],
      mailsByWeek,
    };
  }

  return { add, figures };
}

/** The same while it is counted. */
interface Counted {
  readonly key: string;
  readonly name: string;
  entered: number;
  completed: number;
  goal: number;
  readonly left: Record<string, number>;
  running: number;
  turnedAway: number;
  readonly mails: Record<string, number>;
  readonly splits: Record<string, Record<string, number>>;
}

function emptySequence({ key, name, steps }: Sequence): Counted {
  const splits = steps.flatMap((step) =>
    step.kind === 'split' ? [[step.id, Object.fromEntries(step.arms.map(({ id }) => [id, 0]))] as const] : [],
  );
  const counts = { entered: 0, completed: 0, goal: 0, running: 0, turnedAway: 0 };
  return { key, name, ...counts, left: {}, mails: {}, splits: Object.fromEntries(splits) };
}

function countInSequence(counted: Counted | undefined, entry: LifeEntry): void {
  if (counted === undefined) return;
  switch (entry.kind) {
    case 'entered':
      counted.entered += 1;
      return;
    case 'turned-away':
      counted.turnedAway += 1;
      return;
    case 'ended':
      if (entry.state === 'left') counted.left[entry.reason] = (counted.left[entry.reason] ?? 0) + 1;
      else if (entry.reason === 'goal') counted.goal += 1;
      else counted.completed += 1;
      return;
    case 'mail':
      counted.mails[entry.template] = (counted.mails[entry.template] ?? 0) + 1;
      return;
    case 'step': {
      const arms = counted.splits[entry.step];
      const { outcome } = entry;
      if (arms !== undefined && outcome !== null) arms[outcome] = (arms[outcome] ?? 0) + 1;
    }
  }
}

/** For each mail that was held up, the reason of each stretch and its hours, up to when it went or was given up. */
function delaysOf(life: Life): [string, number][] {
  const open = new Map<string, { readonly since: Instant; readonly reason: string }>();
  const sums = new Map<string, Map<string, number>>();
  for (const entry of life.entries) {
    if (entry.kind !== 'delayed' && entry.kind !== 'mail' && entry.kind !== 'withheld') continue;
    const before = open.get(entry.message);
    if (before !== undefined) {
      const reasons = sums.get(entry.message) ?? new Map<string, number>();
      reasons.set(before.reason, (reasons.get(before.reason) ?? 0) + (entry.at - before.since) / HOUR);
      sums.set(entry.message, reasons);
    }
    if (entry.kind === 'delayed') open.set(entry.message, { since: entry.at, reason: entry.reason });
    else open.delete(entry.message);
  }
  return [...sums.values()].flatMap((reasons) => [...reasons]);
}

/** The mails of each whole week that the lead was there. */
function weeksOf({ arrivedAt, until }: Life, sent: readonly Instant[]): number[] {
  const whole = Math.floor((until - arrivedAt) / WEEK);
  const counts = new Array<number>(whole).fill(0);
  for (const at of sent) {
    const week = Math.floor((at - arrivedAt) / WEEK);
    if (week < whole) counts[week] = (counts[week] ?? 0) + 1;
  }
  return counts;
}

/** The most of `instants`, ascending, that lie within any stretch shorter than `ms`. */
export function mostWithin(instants: readonly Instant[], ms: number): number {
  let [most, first] = [0, 0];
  for (const [index, at] of instants.entries()) {
    while (at - (instants[first] ?? 0) >= ms) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

/** The value below which this share lies (nearest rank); null where there is none. */
export function quantile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const ascending = [...values].sort((a, b) => a - b);
  return ascending[Math.max(0, Math.ceil(share * ascending.length) - 1)] ?? null;
}

function bump<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
