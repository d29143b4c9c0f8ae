import { localDay } from '../calendar/local-time.ts';
import { durationMs, type Instant } from '../instant.ts';
import type { Interaction } from '../interaction/interaction.ts';
import type { EventRule } from './behaviour-rule.ts';
import { type FoldState, own } from './fold-state.ts';

/** Takes one award from what the rule's limit leaves, or says that nothing is left. In fold order only. */
export function takeFromLimit(rule: EventRule, state: FoldState, interaction: Interaction, timeZone: string): boolean {
  const { limit } = rule;
  if (limit === undefined) return true;
  if ('within' in limit)
    return takeWithin(rule.id, limit.times, durationMs(limit.within), state, interaction.occurredAt);
  const period = periodOf(limit.per, state, interaction, timeZone);
  const ofRule = own(state.limits, rule.id) ?? {};
  const used = own(ofRule, period) ?? 0;
  if (used >= limit.times) return false;
  // In fold order a day or session that has passed never comes again, so only the present one is kept.
  const passes = limit.per === 'day' || limit.per === 'session';
  state.limits[rule.id] = { ...(passes ? {} : ofRule), [period]: used + 1 };
  return true;
}

function takeWithin(rule: string, times: number, within: number, state: FoldState, at: Instant): boolean {
  const recent = (own(state.awarded, rule) ?? []).filter((instant) => instant > at - within);
  state.awarded[rule] = recent;
  if (recent.length >= times) return false;
  recent.push(at);
  return true;
}

function periodOf(
  per: 'lead' | 'day' | 'message' | 'session',
  state: FoldState,
  interaction: Interaction,
  timeZone: string,
): string {
  switch (per) {
    case 'lead':
      return 'lead';
    case 'day':
      return String(localDay(interaction.occurredAt, timeZone));
    case 'session':
      return String(state.session?.number ?? 0);
    case 'message': {
      const message = interaction.properties.message;
      // With a word before it, so that no website can name a mail like something that every object has.
      return typeof message === 'string' ? `mail ${message}` : 'none';
    }
  }
}
