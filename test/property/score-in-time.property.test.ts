import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SECOND } from '../../domain/instant.ts';
import {
  compareFoldOrder,
  EMAIL_LINK_CLICKED,
  type Interaction,
  isHumanSignal,
  type Properties,
  SCORE_ADJUSTED,
} from '../../domain/interaction/interaction.ts';
import { adjustmentOf } from '../../domain/scoring/adjustment.ts';
import type { Award } from '../../domain/scoring/advance.ts';
import { cellName } from '../../domain/scoring/cell.ts';
import { foldAll, type Standing, standingAt } from '../../domain/scoring/fold.ts';
import type { ScoringModel } from '../../domain/scoring/model.ts';
import { modelShape } from '../../domain/scoring/model-shape.ts';
import { nextChange } from '../../domain/scoring/next-change.ts';
import { SCALE } from '../support/property.ts';

// Half-lives, windows and silences of seconds, so that every millisecond of a history can be looked at.
const BEGIN = Date.UTC(2026, 2, 29, 0, 59, 50); // ten seconds before daylight saving begins in Europe
const SPAN = 12 * SECOND;

const seconds = (min: number, max: number) => fc.integer({ min, max }).map((seconds) => ({ seconds }));
const points = fc.integer({ min: -30, max: 40 }).filter((points) => points !== 0);
const pace = fc.record({
  halfLife: fc.option(seconds(1, 6), { nil: undefined }),
  validFor: fc.option(seconds(1, 8), { nil: undefined }),
  group: fc.option(fc.constantFrom('web', 'mail'), { nil: undefined }),
});
const eventRule = fc.record({
  on: fc.constantFrom({ event: 'A' }, { event: 'B' }, { kind: 'tend', event: EMAIL_LINK_CLICKED }),
  points,
  pace,
  limit: fc.option(
    fc.oneof(
      fc.constantFrom({ per: 'lead' }, { per: 'day' }, { per: 'session', times: 2 }),
      fc.record({ times: fc.integer({ min: 1, max: 2 }), within: seconds(1, 5) }),
    ),
    { nil: undefined },
  ),
  recurring: fc.option(
    fc.record({ times: fc.integer({ min: 2, max: 3 }), of: fc.constant('events'), within: seconds(2, 9) }),
    { nil: undefined, freq: 4 },
  ),
});
const silenceRule = fc.record({
  silence: fc.record({ after: seconds(1, 4), times: fc.integer({ min: 1, max: 3 }) }),
  points,
  pace,
});
const model = fc
  .record({
    events: fc.array(eventRule, { minLength: 1, maxLength: 5 }),
    silences: fc.array(silenceRule, { maxLength: 2 }),
    webAtMost: fc.integer({ min: 10, max: 60 }),
    totalAtLeast: fc.option(fc.constant(0), { nil: undefined }),
    banded: fc.boolean(),
  })
  .map(({ events, silences, webAtMost, totalAtLeast, banded }): ScoringModel => {
    const rules = [...events, ...silences].map(({ pace, ...rule }, index) => {
      const limited = 'silence' in rule || rule.recurring !== undefined || rule.limit !== undefined;
      const limit = pace.validFor === undefined || limited ? {} : { limit: { times: 1_000, per: 'lead' } };
      return { id: `r${index}`, ...rule, ...pace, ...limit };
    });
    // Its shape only: many random models have a threshold that nobody can reach, which is refused.
    return modelShape.parse(
      JSON.parse(
        JSON.stringify({
          key: 'm',
          name: 'M',
          timeZone: 'Europe/Berlin',
          rules,
          groups: [
            { id: 'web', atMost: webAtMost },
            { id: 'mail', atLeast: -20 },
          ],
          total: { atLeast: totalAtLeast, atMost: 150 },
          ...(banded ? { bands: { 1: 60, 2: 30, 3: 10 }, mql: ['1', '2'] } : { threshold: 25 }),
        }),
      ),
    );
  });
const history = fc
  .array(
    fc.record({
      name: fc.constantFrom('A', 'B', EMAIL_LINK_CLICKED, SCORE_ADJUSTED),
      at: fc.integer({ min: 0, max: SPAN }),
      byHand: fc.record({
        model: fc.constantFrom('m', 'm', 'another'),
        points,
        validFor: fc.option(fc.integer({ min: 1, max: 8 * SECOND }), { nil: undefined }),
      }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((events) =>
    events
      .map(
        ({ name, at, byHand }, id): Interaction => ({
          id,
          source: 'web',
          messageId: `m${id}`,
          kind: name === EMAIL_LINK_CLICKED || name === SCORE_ADJUSTED ? 'tend' : 'track',
          name,
          properties: name === SCORE_ADJUSTED ? adjusted(byHand, BEGIN + at) : { message: 'n' },
          occurredAt: BEGIN + at,
        }),
      )
      .sort(compareFoldOrder),
  );

function adjusted(
  { model, points, validFor }: { model: string; points: number; validFor: number | undefined },
  at: number,
): Properties {
  const ends = validFor === undefined ? {} : { endsAt: new Date(at + validFor).toISOString() };
  return { model, points, reason: 'met at a fair', by: 'crm', ...ends };
}

/** As PostgreSQL gives a document back: the keys of objects in its own order. */
function fromJsonb<T>(value: T): T {
  const sorted = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(sorted);
    if (part === null || typeof part !== 'object') return part;
    return Object.fromEntries(
      Object.entries(part)
        .sort(([a], [b]) => b.length - a.length || (a < b ? 1 : -1))
        .map(([key, item]) => [key, sorted(item)]),
    );
  };
  return sorted(JSON.parse(JSON.stringify(value))) as T;
}

/** The score by its definition, from the ledger alone: every award faded or expired, group by group, then the total. */
function fromLedger(model: ScoringModel, awards: readonly Award[], history: readonly Interaction[], at: number) {
  const lengthOf = (duration: { seconds?: number | undefined } | undefined) => (duration?.seconds ?? 0) * SECOND;
  const lastHuman = history.filter(({ occurredAt }) => occurredAt <= at).findLastIndex(isHumanSignal);
  const sums = new Map<string, number>();
  for (const { rule: id, interactionId, points, provisional, occurredAt } of awards) {
    const byHand = adjustmentOf(history.find(({ id }) => id === interactionId)!);
    if (byHand !== null) {
      const counts = occurredAt <= at && (byHand.endsAt === null || at < byHand.endsAt);
      sums.set('', (sums.get('') ?? 0) + (counts ? byHand.points : 0));
      continue;
    }
    const rule = model.rules.find((rule) => rule.id === id);
    if (rule === undefined || occurredAt > at) continue;
    if (provisional && history.findIndex(({ id }) => id === interactionId) > lastHuman) continue;
    if (rule.validFor && at >= occurredAt + lengthOf(rule.validFor)) continue;
    const worth = rule.halfLife ? points * 2 ** (-(at - occurredAt) / lengthOf(rule.halfLife)) : points;
    sums.set(rule.group ?? '', (sums.get(rule.group ?? '') ?? 0) + worth);
  }
  let total = 0;
  for (const [id, sum] of sums) {
    const { atLeast = -Infinity, atMost = Infinity } = model.groups.find((group) => group.id === id) ?? {};
    total += Math.min(atMost, Math.max(atLeast, sum));
  }
  return Math.min(model.total.atMost ?? Infinity, Math.max(model.total.atLeast ?? -Infinity, total));
}

const cellOf = ({ grade, band, qualified }: Standing) => `${cellName(grade, band)} ${qualified}`;

describe('a score in time', () => {
  it('is the fold of its ledger at every instant, with limits, decay and windows', () => {
    fc.assert(
      fc.property(model, history, fc.nat(2 * SPAN), (model, history, later) => {
        const { standing, awards } = foldAll(model, history);
        const at = (standing.at ?? 0) + later;
        const now = standingAt(model, standing, at);
        expect(now.standing.firmPoints).toBeCloseTo(fromLedger(model, [...awards, ...now.awards], history, at), 8);
      }),
      { numRuns: 2_000 * SCALE },
    );
  });

  it('folded in parts, each kept in PostgreSQL meanwhile and looked at in between, is the same to the last bit', () => {
    fc.assert(
      fc.property(model, history, fc.nat(12), fc.nat(SPAN), (model, history, cut, glance) => {
        const first = foldAll(model, history.slice(0, cut));
        const kept = fromJsonb(first.standing);
        if (kept.at !== null) standingAt(model, kept, kept.at + glance);
        const rest = foldAll(model, history.slice(cut), { from: kept });
        const whole = foldAll(model, history);
        expect(fromJsonb(rest.standing)).toEqual(fromJsonb(whole.standing));
        expect([...first.awards, ...rest.awards]).toEqual(whole.awards);
      }),
      { numRuns: 2_000 * SCALE },
    );
  });

  it('changes its cell next at exactly the millisecond that was computed', () => {
    fc.assert(
      fc.property(model, history, fc.nat(3 * SECOND), (model, history, later) => {
        const { standing } = foldAll(model, history);
        const now = (standing.at ?? 0) + later;
        const present = cellOf(standingAt(model, standing, now).standing);
        const computed = nextChange(model, standing, now);
        const until = Math.min(computed ?? Number.POSITIVE_INFINITY, now + 8 * SECOND);
        for (let at = now + 1; at < until; at += 1) {
          if (cellOf(standingAt(model, standing, at).standing) !== present)
            throw new Error(`changes at ${at - now} ms, computed ${computed === null ? 'never' : computed - now}`);
        }
        if (computed !== null) expect(cellOf(standingAt(model, standing, computed).standing)).not.toBe(present);
      }),
      { numRuns: 150 * SCALE },
    );
  });

  it('has been qualified since the first of the unbroken milliseconds up to now', () => {
    fc.assert(
      fc.property(model, history, fc.nat(2 * SECOND), (model, history, later) => {
        const { standing } = foldAll(model, history);
        const now = (standing.at ?? 0) + later;
        const { qualified, qualifiedSince } = standingAt(model, standing, now).standing;
        expect(qualified).toBe(qualifiedSince !== null);
        const qualifiedAt = (at: number) => {
          const past = history.filter(({ occurredAt }) => occurredAt <= at);
          return past.length > 0 && standingAt(model, foldAll(model, past).standing, at).standing.qualified;
        };
        if (qualifiedSince === null) {
          expect(qualifiedAt(now)).toBe(false);
          return;
        }
        for (const at of [qualifiedSince, Math.floor((qualifiedSince + now) / 2), now])
          expect(qualifiedAt(at)).toBe(true);
      }),
      { numRuns: 500 * SCALE },
    );
  });

  it('never exceeds a group or total limit, at any instant', () => {
    fc.assert(
      fc.property(model, history, fc.nat(2 * SPAN), (model, history, later) => {
        const { standing } = foldAll(model, history);
        const { points, firmPoints } = standingAt(model, standing, (standing.at ?? 0) + later).standing;
        for (const worth of [points, firmPoints]) {
          expect(worth).toBeLessThanOrEqual(150);
          expect(worth).toBeGreaterThanOrEqual(model.total.atLeast ?? -Infinity);
        }
      }),
      { numRuns: 1_000 * SCALE },
    );
  });

  it('only falls between events where no rule takes points off', () => {
    fc.assert(
      fc.property(model, history, fc.array(fc.nat(SPAN), { minLength: 2, maxLength: 6 }), (model, history, looks) => {
        const rules = model.rules.filter((rule) => rule.points > 0 && !('silence' in rule));
        fc.pre(rules.length > 0);
        const giving = { ...model, rules };
        const gifts = history.filter((interaction) => (adjustmentOf(interaction)?.points ?? 1) > 0);
        const { standing } = foldAll(giving, gifts);
        const worth = [...looks]
          .sort((a, b) => a - b)
          .map((later) => standingAt(giving, standing, (standing.at ?? 0) + later).standing.firmPoints);
        for (const [index, points] of worth.entries()) expect(points).toBeLessThanOrEqual(worth[index - 1] ?? Infinity);
      }),
      { numRuns: 1_000 * SCALE },
    );
  });
});
