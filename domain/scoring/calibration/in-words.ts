import type { CellInversion, CellRate } from './cell-rates.ts';
import type { Effect } from './effect.ts';
import type { Count, Interval } from './interval.ts';
import type { Evidence, Lift } from './lift.ts';
import type { PointsSuggestion } from './suggestion.ts';

/** A suggestion of other points, with what speaks for it and what it would have done. */
export function suggestionInWords(
  { part, id, reason, from, to }: Pick<PointsSuggestion, 'part' | 'id' | 'reason' | 'from' | 'to'>,
  lift: Lift,
  evidence: Evidence,
  effect: Effect,
): string {
  const given = points(from);
  const found = liftInWords(lift, evidence);
  const what = `${part === 'rule' ? 'Rule' : 'Criterion'} '${id}' (${signed(from)}): ${found}`;
  return `${what}${judgement()} ${effectInWords(effect)}`;

  function judgement(): string {
    switch (reason) {
      case 'tells-more':
        return `. That is more than its ${given} say, all else being equal. Consider ${signed(to)}.`;
      case 'tells-less':
        return `. That is less than its ${given} say, all else being equal. Consider ${signed(to)}.`;
      case 'wrong-way':
        return `, although it ${from > 0 ? 'gives' : 'takes'} points. Consider ${signed(to)}, and look again once there are new outcomes.`;
      case 'tells-nothing':
        return `. That is hardly any difference, and ${given} say that there is one. Consider ${signed(to)}.`;
    }
  }
}

export function capInWords(lift: Lift, evidence: Evidence): string {
  return `Cap '${lift.id}': ${liftInWords(lift, evidence)}, although it holds their grade down. Consider a better grade for it, or take it out.`;
}

export function inversionInWords({ better, worse }: CellInversion): string {
  return (
    `Cell ${worse.cell} is won more often than ${better.cell}, which counts as better: ${cellInWords(worse)} against ` +
    `${cellInWords(better)}. Look at what tells the two apart: bands and grades, or the points behind them.`
  );
}

/** `leads with it are won 0.4 times as often as those without (0.2–0.7; 85 handoffs with it, 310 without)`. */
function liftInWords({ kind, with: some, without }: Lift, { lift }: Evidence): string {
  const [those, others] =
    kind === 'rule' ? ['leads with it', 'those without'] : ['leads for whom it holds', 'those for whom it does not'];
  return `${those} are won ${number(lift.estimate)} times as often as ${others} (${range(lift)}; ${some} handoffs against ${without})`;
}

function effectInWords({ before, after, noLonger, newly }: Effect): string {
  const changes = [
    noLonger.n === 0 ? null : `${leads(noLonger.n)} now ready for sales would not be (${wins(noLonger)})`,
    newly.n === 0 ? null : `${leads(newly.n)} now not ready would be (${wins(newly)})`,
  ].filter((part) => part !== null);
  const replay = 'A replay of a draft shows what it would do to all leads.';
  if (changes.length === 0) return `It would have kept none of these handoffs from sales. ${replay}`;
  const rates = before.n > 0 && after.n > 0 ? ` Won of those ready: ${share(after)} instead of ${share(before)}.` : '';
  return `Of these handoffs, ${changes.join(', and ')}.${rates} ${replay}`;
}

function cellInWords({ n, rate }: CellRate): string {
  if (rate === null) return `${n} handoffs`;
  return `${percent(rate.estimate)} (${percent(rate.low)}–${percent(rate.high)}, ${n} handoffs)`;
}

const wins = ({ won }: Count) => (won === 0 ? 'none of them won' : `${won} of them won`);
const share = ({ n, won }: Count) => percent(won / n);
const leads = (count: number) => (count === 1 ? '1 lead' : `${count} leads`);
const points = (count: number) => (Math.abs(count) === 1 ? `${signed(count)} point` : `${signed(count)} points`);

/** `30 %`. */
export function percent(value: number): string {
  return `${Math.round(value * 100)} %`;
}

/** `0.2–0.7`. */
export function range({ low, high }: Interval): string {
  return `${number(low)}–${number(high)}`;
}

/** Two figures: no interval here is narrow enough for more. */
export function number(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(2)));
}

/** With a true minus sign, and a plus, as points are written. */
export function signed(value: number): string {
  return value < 0 ? `−${-value}` : `+${value}`;
}
