import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../domain/instant.ts';
import {
  afterAcceptance,
  afterRefusal,
  afterTime,
  type Breaker,
  closedBreaker,
  type Evidence,
  pass,
  REFUSALS_TO_OPEN,
} from '../../domain/sending/breaker.ts';
import { SCALE, SEED } from '../support/property.ts';

const NOON = Date.UTC(2026, 5, 1, 12);

const refuse = (breaker: Breaker, messageId: string, now: number, evidence: Evidence = 'reply') =>
  afterRefusal(breaker, { messageId, evidence, now });

function opened(evidence: Evidence = 'reply', now = NOON): Breaker {
  return ['a', 'b', 'c'].reduce((breaker, id) => refuse(breaker, id, now, evidence), closedBreaker);
}

describe('the breaker of a receiving domain', () => {
  it('opens when three mails in a row were refused, for a quarter of an hour', () => {
    const two = refuse(refuse(closedBreaker, 'a', NOON), 'b', NOON + MINUTE);
    expect(two.openedAt).toBeNull();
    const three = refuse(two, 'c', NOON + 2 * MINUTE);
    expect(three).toMatchObject({ openedAt: NOON + 2 * MINUTE, retryAt: NOON + 17 * MINUTE, openedTimes: 1 });
  });

  it('counts a mail once, however often it is tried', () => {
    const again = ['a', 'a', 'a', 'b', 'a'].reduce((breaker, id) => refuse(breaker, id, NOON), closedBreaker);
    expect(again).toMatchObject({ openedAt: null, refused: ['a', 'b'] });
  });

  it('forgets refusals that lie an hour apart, and those before a mail that was taken', () => {
    const old = refuse(refuse(closedBreaker, 'a', NOON), 'b', NOON);
    expect(refuse(old, 'c', NOON + HOUR + 1)).toMatchObject({ openedAt: null, refused: ['c'] });
    const taken = afterAcceptance(old, { messageId: 'd', evidence: 'reply', now: NOON });
    expect(refuse(taken, 'c', NOON)).toMatchObject({ openedAt: null, refused: ['c'] });
  });

  it('lets one mail try when the pause is over, and the others wait for its result', () => {
    const before = opened();
    expect(pass(before, 'd', NOON + 14 * MINUTE)).toEqual({ kind: 'wait', until: NOON + 15 * MINUTE });
    const probe = pass(before, 'd', NOON + 15 * MINUTE);
    expect(probe).toMatchObject({ kind: 'probe', breaker: { probe: 'd' } });
    if (probe.kind !== 'probe') return;
    expect(pass(probe.breaker, 'e', NOON + 15 * MINUTE)).toEqual({ kind: 'wait', until: NOON + 30 * MINUTE });
    // One that tries and is never heard of keeps nobody waiting for ever.
    expect(pass(probe.breaker, 'e', NOON + 30 * MINUTE)).toMatchObject({ kind: 'probe', breaker: { probe: 'e' } });
  });

  it('waits longer each time it was tried in vain: a quarter of an hour, one hour, four, twelve, and twelve again', () => {
    let breaker = opened();
    let now = NOON;
    for (const hours of [1, 4, 12, 12]) {
      now = breaker.retryAt ?? 0;
      const probe = pass(breaker, `at ${now}`, now);
      if (probe.kind !== 'probe') throw new Error('nobody tried');
      breaker = refuse(probe.breaker, `at ${now}`, now);
      expect(breaker.retryAt).toBe(now + hours * HOUR);
    }
    expect(breaker.openedAt).toBe(NOON);
  });

  it('does not wait longer for what was refused because it was under way when it opened', () => {
    const before = opened();
    expect(refuse(before, 'under way', NOON + MINUTE)).toBe(before);
    const probe = pass(before, 'd', NOON + 15 * MINUTE);
    if (probe.kind !== 'probe') throw new Error('nobody tried');
    // A report of the morning's mails comes while another one tries.
    expect(refuse(probe.breaker, 'a', NOON + 16 * MINUTE, 'report')).toBe(probe.breaker);
  });

  it('closes when the mail that tries is taken, and opens for longer when it is refused again the same day', () => {
    const closed = afterAcceptance(opened(), { messageId: 'd', evidence: 'reply', now: NOON + 20 * MINUTE });
    expect(closed).toMatchObject({ openedAt: null, retryAt: null, refused: [], closedAt: NOON + 20 * MINUTE });
    const again = ['e', 'f', 'g'].reduce((breaker, id) => refuse(breaker, id, NOON + HOUR), closed);
    expect(again.retryAt).toBe(NOON + 2 * HOUR);
    const later = ['e', 'f', 'g'].reduce((breaker, id) => refuse(breaker, id, NOON + 2 * DAY), closed);
    expect(later.retryAt).toBe(NOON + 2 * DAY + 15 * MINUTE);
  });

  it('is not closed by a relay that takes everything, but by no report coming after the mail that tried', () => {
    const before = opened('report');
    expect(afterAcceptance(before, { messageId: 'x', evidence: 'reply', now: NOON + MINUTE })).toBe(before);
    const probe = pass(before, 'd', NOON + 15 * MINUTE);
    if (probe.kind !== 'probe') throw new Error('nobody tried');
    const taken = afterAcceptance(probe.breaker, { messageId: 'd', evidence: 'reply', now: NOON + 16 * MINUTE });
    expect(taken).toMatchObject({ openedAt: NOON, retryAt: NOON + 31 * MINUTE });
    expect(afterTime(taken, NOON + 30 * MINUTE).openedAt).toBe(NOON);
    expect(afterTime(taken, NOON + 31 * MINUTE).openedAt).toBeNull();
    expect(pass(taken, 'e', NOON + 31 * MINUTE).kind).toBe('free');
    const refused = refuse(taken, 'd', NOON + 20 * MINUTE, 'report');
    expect(refused).toMatchObject({ openedAt: NOON, retryAt: NOON + 80 * MINUTE, openedTimes: 2 });
    // The provider itself saying that a mail arrived closes it at once.
    expect(afterAcceptance(before, { messageId: 'x', evidence: 'report', now: NOON }).openedAt).toBeNull();
  });

  it(`never keeps a domain waiting for longer than twelve hours without a try (seed ${SEED})`, () => {
    const event = fc.record({
      kind: fc.constantFrom('refuse', 'accept', 'pass', 'time'),
      id: fc.constantFrom('a', 'b', 'c', 'd', 'e', null),
      evidence: fc.constantFrom('reply' as const, 'report' as const),
      wait: fc.integer({ min: 0, max: 6 * HOUR }),
    });
    const history = fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      let breaker = closedBreaker;
      let now = NOON;
      for (const { kind, id, evidence, wait } of events) {
        now += wait;
        if (kind === 'refuse') breaker = afterRefusal(breaker, { messageId: id, evidence, now });
        if (kind === 'accept') breaker = afterAcceptance(breaker, { messageId: id, evidence, now });
        if (kind === 'time') breaker = afterTime(breaker, now);
        if (kind === 'pass') {
          const passage = pass(breaker, id ?? 'x', now);
          if (passage.kind === 'wait') expect(passage.until).toBeGreaterThan(now);
          else breaker = passage.breaker;
        }
        expect((breaker.openedAt === null) === (breaker.retryAt === null)).toBe(true);
        expect((breaker.retryAt ?? now) - now).toBeLessThanOrEqual(12 * HOUR);
        if (breaker.openedAt === null) expect(breaker.refused.length).toBeLessThan(REFUSALS_TO_OPEN);
      }
    });
    fc.assert(history, { numRuns: 500 * SCALE });
  });
});
