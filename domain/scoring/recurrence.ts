import { localDay } from '../calendar/local-time.ts';
import { durationMs } from '../instant.ts';
import type { Interaction } from '../interaction/interaction.ts';
import type { EventRule, Recurring } from './behaviour-rule.ts';
import { type FoldState, own } from './fold-state.ts';

/**
 * Notes an event of a recurring rule and says whether it is the one that completes the recurrence. Counting begins
 * anew after that, so that four weeks of activity are two times two weeks, not fourteen matches.
 */
export function completesRecurrence(
  rule: EventRule,
  recurring: Recurring,
  state: FoldState,
  interaction: Interaction,
  timeZone: string,
): boolean {
  const at = interaction.occurredAt;
  const period = periodOf(recurring.of, state, interaction, timeZone);
  const seen = (own(state.recurring, rule.id) ?? []).filter(
    ([number, instant]) => number !== period && instant > at - durationMs(recurring.within),
  );
  seen.push([period, at]);
  state.recurring[rule.id] = seen.length >= recurring.times ? [] : seen;
  return seen.length >= recurring.times;
}

function periodOf(of: Recurring['of'], state: FoldState, { id, occurredAt }: Interaction, timeZone: string): number {
  switch (of) {
    case 'events':
      return id;
    case 'sessions':
      return state.session?.number ?? 0;
    case 'days':
      return localDay(occurredAt, timeZone);
    case 'weeks':
      // Days are counted from a Thursday; weeks begin on Monday (ISO 8601).
      return Math.floor((localDay(occurredAt, timeZone) + 3) / 7);
  }
}
