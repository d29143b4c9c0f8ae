import type { z } from 'zod';
import { countryOf } from '../calendar/country.ts';
import { regionOf } from '../calendar/region.ts';
import type { ClockSpan, FrequencyCap, PacingPolicy, SendWindow } from './policy.ts';
import { spansOf } from './policy.ts';
import { complement, type MinuteSpan, minutesOf } from './time-of-week.ts';

type Report = (path: readonly (string | number)[], message: string) => void;

/** A zod refinement: what each field allows by itself, but what together could never send, or says one thing twice. */
export function checkPolicy(policy: PacingPolicy, context: z.RefinementCtx): void {
  const report: Report = (path, message) => context.addIssue({ code: 'custom', path: [...path], message });
  checkPlace(policy, report);
  const quiet = quietSpans(policy.quiet, report);
  policy.windows.forEach((window, index) => {
    checkWindow(window, policy.weekends, quiet, (path, message) => report(['windows', index, ...path], message));
  });
  checkCaps(policy.caps, report);
  for (const domain of Object.keys(policy.throttle.perSendingDomain ?? {})) {
    if (!DOMAIN.test(domain)) {
      report(
        ['throttle', 'perSendingDomain', domain],
        "must be the domain of a sender's address, in small letters, such as mail.example.com",
      );
    }
  }
}

const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z0-9]$/;

function checkPlace({ country, region }: PacingPolicy, report: Report): void {
  if (country === undefined) {
    if (region !== undefined) report(['region'], 'needs its country beside it, for example country: DE');
    return;
  }
  if (countryOf(country) !== country) {
    report(['country'], `there is no country ${country}: write its two letters of ISO 3166, for example DE`);
    return;
  }
  if (region === undefined) return;
  const code = regionOf(country, region);
  if (code === null)
    report(['region'], `${country} has no region "${region}" of which holidays are known: leave it out, or mend it`);
  else if (code !== region) report(['region'], `write ${code} for ${region}`);
}

/** The quiet hours of a day, ascending; none where they are not stated or not right (which is reported). */
function quietSpans(quiet: ClockSpan | undefined, report: Report): readonly MinuteSpan[] {
  if (quiet === undefined) return [];
  if (minutesOf(quiet.from) % (24 * 60) === minutesOf(quiet.to) % (24 * 60)) {
    report(['quiet'], 'would be quiet all day, and no mail could ever go: let it end at another time than it begins');
    return [];
  }
  return spansOf(quiet);
}

function checkWindow(
  { weekdays = [], from, to }: SendWindow,
  weekends: 'send' | 'wait',
  quiet: readonly MinuteSpan[],
  report: Report,
): void {
  const weekend = weekends === 'wait' ? weekdays.filter((day) => day === 'sat' || day === 'sun') : [];
  if (weekend.length > 0) {
    const never = weekend.join(' and ');
    report(
      ['weekdays'],
      weekend.length === weekdays.length
        ? `no mail could ever go in this window, for weekends wait: say weekends: send, or take other days than ${never}`
        : `${never} never come while weekends wait: say weekends: send, or leave ${never} out`,
    );
  }
  const span = { from: minutesOf(from), to: minutesOf(to) };
  if (span.from >= span.to) {
    report(
      ['to'],
      `must be later than ${from}; hours across midnight are two windows, one until 24:00 and one from 00:00`,
    );
    return;
  }
  const open = complement(quiet).some((loud) => Math.max(loud.from, span.from) < Math.min(loud.to, span.to));
  if (!open) report(['from'], `no mail could ever go from ${from} to ${to}: all of it is quiet`);
}

function checkCaps(caps: readonly FrequencyCap[], report: Report): void {
  const seen = new Set<string>();
  caps.forEach(({ channel, purpose = '', days }, index) => {
    const key = `${channel} ${purpose} ${days}`;
    if (seen.has(key)) {
      report(['caps', index], `there are two caps for ${days} days and the same mails: only the smaller would count`);
    }
    seen.add(key);
  });
}
