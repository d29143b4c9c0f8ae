import type { Figures } from '../domain/simulation/figures.ts';
import type { Sales } from '../domain/simulation/persona.ts';

/** A table of a simulation, for the terminal and the report. */
export interface FigureTable {
  readonly title: string;
  /** What it means, or what to do about it. */
  readonly note?: string | undefined;
  /** Columns after the first hold figures. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The few figures that one asks first. */
export function keyFigures(
  figures: Figures,
  sales: Sales,
): readonly { readonly name: string; readonly value: string }[] {
  const { leads, mails, sales: offered } = figures;
  const weeks = offered.perWeek.length;
  const perWeek = offered.perWeek.reduce((sum, count) => sum + count, 0) / weeks;
  const busiest = Math.max(...offered.perWeek);
  return [
    { name: 'leads', value: count(leads) },
    { name: 'mails', value: `${count(mails)}, ${decimal(mails / Math.max(1, leads))} a lead` },
    { name: 'most mails to one lead in 7 days', value: count(figures.mostInSevenDays) },
    { name: 'offered to sales', value: percent(offered.offeredShare) },
    {
      name: 'time to sales',
      value:
        offered.daysMedian === null
          ? 'nobody gets there'
          : `median ${decimal(offered.daysMedian)} days, 90 % within ${decimal(offered.daysP90 ?? 0)}`,
    },
    {
      name: 'handoffs a week',
      value: `${decimal(perWeek)} on average, ${count(busiest)} in the busiest; sales can take ${count(sales.capacityPerWeek)}`,
    },
    { name: 'unsubscribed', value: percent(figures.unsubscribed / Math.max(1, leads)) },
    { name: 'mails still waiting at the end', value: count(figures.waiting) },
  ];
}

/** Every table that has anything to say. */
export function figureTables(figures: Figures): FigureTable[] {
  const tables: FigureTable[] = [
    {
      title: 'Who they are',
      head: ['persona', 'leads', 'mails a lead', 'offered', 'unsubscribed'],
      rows: figures.personas.map(({ name, leads, mails, offered, unsubscribed }) => [
        name,
        count(leads),
        decimal(mails / leads),
        percent(offered / leads),
        percent(unsubscribed / leads),
      ]),
    },
    {
      title: 'Sequences',
      head: ['sequence', 'entered', 'completed', 'goal', 'left', 'still in', 'turned away'],
      rows: figures.sequences.map(({ key, entered, completed, goal, left, running, turnedAway }) => [
        key,
        ...[entered, completed, goal, sum(left), running, turnedAway].map(count),
      ]),
    },
    {
      title: 'Why leads left before the end',
      head: ['sequence', 'reason', 'leads'],
      rows: figures.sequences.flatMap(({ key, left }) =>
        Object.entries(left).map(([reason, leads]) => [key, reason, count(leads)]),
      ),
    },
    {
      title: 'Mails sent',
      head: ['template', 'sequence', 'mails'],
      rows: figures.sequences.flatMap(({ key, mails }) =>
        Object.entries(mails).map(([template, sent]) => [template, key, count(sent)]),
      ),
    },
    {
      title: 'What held mails up',
      note: 'A mail that waits for two reasons, one after the other, counts for both.',
      head: ['reason', 'mails', 'median hours', '90 % within'],
      rows: figures.delays.map(({ reason, mails, hoursMedian, hoursP90 }) => [
        reason,
        count(mails),
        decimal(hoursMedian),
        decimal(hoursP90),
      ]),
    },
    {
      title: 'Mails that did not go',
      head: ['reason', 'what became of them', 'mails'],
      rows: figures.withheld.map(({ reason, state, mails }) => [reason, state, count(mails)]),
    },
    {
      title: 'Content gaps',
      note: 'These leads wait at the end of a stream: write something for them.',
      head: ['stream', 'track', 'cell', 'leads'],
      rows: figures.exhausted.map(({ sequence, stream, track, cell, leads }) => [
        `${sequence} / ${stream}`,
        track ?? '(no track fits)',
        cell ?? '',
        count(leads),
      ]),
    },
    {
      title: 'Split arms',
      head: ['split', 'arm', 'leads'],
      rows: figures.sequences.flatMap(({ key, splits }) =>
        Object.entries(splits).flatMap(([step, arms]) =>
          Object.entries(arms).map(([arm, leads]) => [`${key} / ${step}`, arm, count(leads)]),
        ),
      ),
    },
    {
      title: 'Outcomes of sales',
      head: ['outcome', 'handoffs'],
      rows: Object.entries(figures.sales.outcomes).map(([outcome, handoffs]) => [outcome, count(handoffs)]),
    },
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, one) => total + one, 0);
}

const count = (number: number): string => number.toLocaleString('en');
const decimal = (number: number): string => number.toLocaleString('en', { maximumFractionDigits: 1 });
const percent = (share: number): string => `${(100 * share).toLocaleString('en', { maximumFractionDigits: 1 })} %`;
