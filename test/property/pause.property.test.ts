import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY } from '../../domain/instant.ts';
import { heldBesides, heldBy, mailsFrom, type Pause, spreadMs } from '../../domain/sequence/pause.ts';

/** Pauses of one sequence: one after the other. */
const sequencePauses = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 20 })), { maxLength: 6 })
  .map((steps) => {
    let instant = 0;
    return steps.map(([gap, length]): Pause => {
      const from = instant + gap;
      instant = from + length;
      return { from, to: instant };
    });
  });

/** Counted instant by instant. */
const stoodStill = (pauses: readonly Pause[], since: number) => {
  let count = 0;
  for (let instant = since; instant < 400; instant += 1)
    if (pauses.some(({ from, to }) => instant >= from && instant < to)) count += 1;
  return count;
};

describe('the time that pauses hold somebody', () => {
  it('is the time for which at least one of them was on, each instant once', () => {
    fc.assert(
      fc.property(
        sequencePauses,
        fc.integer({ min: 0, max: 150 }),
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 0, max: 200 }),
        (pauses, from, length, since) => {
          const own = { from, to: from + length };
          const together =
            heldBesides(own, pauses, since) + pauses.reduce((sum, pause) => sum + heldBy(pause, since), 0);
          expect(together).toBe(stoodStill([own, ...pauses], since));
        },
      ),
    );
  });
});

describe('the mails after a pause', () => {
  it('come evenly: in no stretch of the time more than its share, and one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 1_000 }), (count, parts) => {
        const over = spreadMs(count, null);
        expect(over).toBeLessThanOrEqual(DAY);
        const perPart = new Map<number, number>();
        let last = 0;
        for (let index = 0; index < count; index += 1) {
          const offset = mailsFrom(0, over, index, count);
          last = Math.max(last, offset);
          const part = Math.floor((offset * parts) / over);
          perPart.set(part, (perPart.get(part) ?? 0) + 1);
        }
        expect(last).toBeLessThan(over);
        expect(Math.max(...perPart.values())).toBeLessThanOrEqual(Math.ceil(count / parts) + 1);
      }),
      { numRuns: 50 },
    );
  });
});
