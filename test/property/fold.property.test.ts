import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOUR } from '../../domain/instant.ts';
import {
  compareFoldOrder,
  EMAIL_OPENED,
  type Interaction,
  SCORE_ADJUSTED,
} from '../../domain/interaction/interaction.ts';
import { BY_HAND } from '../../domain/scoring/adjustment.ts';
import { emptyStanding, foldAll } from '../../domain/scoring/fold.ts';
import type { ScoringModel } from '../../domain/scoring/model.ts';
import { modelShape } from '../../domain/scoring/model-shape.ts';
import { SCALE } from '../support/property.ts';

const MONDAY = Date.UTC(2026, 2, 27, 10); // daylight saving begins in Europe two days later

const points = fc.integer({ min: -30, max: 30 }).filter((points) => points !== 0);
const rule = fc.record({
  event: fc.constantFrom('A', 'B', 'C', EMAIL_OPENED),
  points,
  limit: fc.option(
    fc.record({
      times: fc.integer({ min: 1, max: 3 }),
      per: fc.constantFrom('lead', 'day', 'message') as fc.Arbitrary<'lead' | 'day' | 'message'>,
    }),
    { nil: undefined },
  ),
});
const model = fc.array(rule, { minLength: 1, maxLength: 5 }).map(
  (rules): ScoringModel =>
    // Its shape only: most random models have a threshold that nobody can reach, which is refused.
    modelShape.parse({
      key: 'm',
      name: 'M',
      timeZone: 'Europe/Berlin',
      threshold: 40,
      rules: rules.map(({ event, points, limit }, index) => ({
        id: `r${index}`,
        on: { event },
        points,
        ...(limit ? { limit } : {}),
      })),
    }),
);
const history = fc
  .array(
    fc.record({
      name: fc.constantFrom('A', 'B', 'C', EMAIL_OPENED, SCORE_ADJUSTED),
      hours: fc.integer({ min: 0, max: 96 }),
      source: fc.constantFrom('web', 'app'),
      message: fc.constantFrom('n1', 'n2'),
      byHand: fc.record({ model: fc.constantFrom('m', 'm', 'another'), points }),
    }),
    { maxLength: 30 },
  )
  .map((events) =>
    events
      .map(
        ({ name, hours, source, message, byHand }, id): Interaction => ({
          id,
          source,
          messageId: `m${id}`,
          kind: name === EMAIL_OPENED || name === SCORE_ADJUSTED ? 'tend' : 'track',
          name,
          properties: name === SCORE_ADJUSTED ? { ...byHand, reason: 'met at a fair', by: 'crm' } : { message },
          occurredAt: MONDAY + hours * HOUR,
        }),
      )
      .sort(compareFoldOrder),
  );
const runs = { numRuns: 2_000 * SCALE };

describe('folding a history', () => {
  it('gives standing = sum of its awards, and firm points never count an unconfirmed open', () => {
    fc.assert(
      fc.property(model, history, (model, history) => {
        const { standing, awards } = foldAll(model, history);
        expect(standing.points).toBe(awards.reduce((sum, { points }) => sum + points, 0));
        const lastHuman = history.findLast(({ kind }) => kind !== 'tend');
        const unconfirmed = awards.filter(
          ({ provisional, interactionId }) =>
            provisional &&
            !(lastHuman && compareFoldOrder(history.find(({ id }) => id === interactionId)!, lastHuman) < 0),
        );
        expect(standing.firmPoints).toBe(standing.points - unconfirmed.reduce((sum, { points }) => sum + points, 0));
        expect(standing.qualified).toBe(standing.firmPoints >= (model.threshold ?? 0));
        expect(standing.qualified).toBe(standing.qualifiedSince !== null);
      }),
      runs,
    );
  });

  it('gives exactly the points by hand that are of this model, and nothing else for them', () => {
    fc.assert(
      fc.property(model, history, (model, history) => {
        const { standing, awards } = foldAll(model, history);
        const byHand = history.filter(({ name, properties }) => name === SCORE_ADJUSTED && properties.model === 'm');
        const expected = byHand.map(({ id, properties: { points }, occurredAt }) => {
          return { interactionId: id, rule: BY_HAND, points, provisional: false, occurredAt };
        });
        const ids = new Set(history.filter(({ name }) => name === SCORE_ADJUSTED).map(({ id }) => id));
        expect(awards.filter(({ interactionId }) => ids.has(interactionId))).toEqual(expected);
        const without = foldAll(
          model,
          history.filter(({ id }) => !ids.has(id)),
        ).standing;
        const sum = byHand.reduce((sum, { properties: { points } }) => sum + Number(points), 0);
        expect([standing.points, standing.firmPoints]).toEqual([without.points + sum, without.firmPoints + sum]);
        expect(standing.state.seenAt).toBe(without.state.seenAt);
      }),
      runs,
    );
  });

  it('in two parts is folding it whole', () => {
    fc.assert(
      fc.property(model, history, fc.nat(30), (model, history, cut) => {
        const first = foldAll(model, history.slice(0, cut));
        const rest = foldAll(model, history.slice(cut), { from: first.standing });
        const whole = foldAll(model, history, { from: emptyStanding });
        expect(rest.standing).toEqual(whole.standing);
        expect([...first.awards, ...rest.awards]).toEqual(whole.awards);
      }),
      runs,
    );
  });

  it('never exceeds a limit', () => {
    fc.assert(
      fc.property(model, history, (model, history) => {
        const { awards } = foldAll(model, history);
        for (const rule of model.rules) {
          if (!('limit' in rule) || rule.limit === undefined || !('per' in rule.limit)) continue;
          const { id } = rule;
          const { per, times } = rule.limit;
          const periods = new Map<string, number>();
          for (const award of awards.filter(({ rule }) => rule === id)) {
            const { occurredAt, properties } = history.find((interaction) => interaction.id === award.interactionId)!;
            const local = new Date(occurredAt).toLocaleDateString('sv', { timeZone: model.timeZone });
            const period = per === 'lead' ? '' : per === 'day' ? local : String(properties.message);
            periods.set(period, (periods.get(period) ?? 0) + 1);
          }
          expect(Math.max(0, ...periods.values())).toBeLessThanOrEqual(times);
        }
      }),
      { numRuns: 500 * SCALE },
    );
  });
});
