import { describe, expect, it } from 'vitest';
import type { PlanAhead } from '../../store/plan-lead.ts';
import { startQueue } from '../../worker/queue.ts';
import { howToWake } from '../../worker/waker.ts';

const NOON = Date.UTC(2026, 5, 1, 12);

function ahead(change: Partial<PlanAhead['commands']> & Partial<Omit<PlanAhead, 'commands'>> = {}): PlanAhead {
  const { attentionRev = 1, journeyOpen = true, armedLookAt = NOON, ...commands } = change;
  return {
    commands: { closed: false, send: [], handoff: null, nextLookAt: NOON, plannedAt: NOON - 1, ...commands },
    attentionRev,
    journeyOpen,
    armedLookAt,
  };
}

describe('waking a journey', () => {
  it.each([
    ['is left alone when its timer rings early enough', ahead(), 'not'],
    ['is left alone when the next look has moved away', ahead({ nextLookAt: NOON + 1 }), 'not'],
    ['is left alone when only news can change anything', ahead({ nextLookAt: null }), 'not'],
    ['is woken for an earlier look', ahead({ nextLookAt: NOON - 1 }), 'signal'],
    ['is woken when no timer is known', ahead({ armedLookAt: null }), 'signal'],
    ['is woken for a mail', ahead({ send: ['m'] }), 'signal'],
    ['is woken for a handoff', ahead({ handoff: 'h' }), 'signal'],
    ['is woken to end', ahead({ closed: true, nextLookAt: null }), 'signal'],
    ['is started where it does not run', ahead({ journeyOpen: false, armedLookAt: null }), 'start'],
    ['is not started for nothing', ahead({ journeyOpen: false, closed: true }), 'not'],
  ] as const)('it %s', (_case, plan, expected) => {
    expect(howToWake(plan)).toBe(expected);
  });
});

describe('a queue of work', () => {
  it('keeps its width and its order, takes an item that waits only once, and one at work once more', async () => {
    const done: string[] = [];
    let atWork = 0;
    let widest = 0;
    let release: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const queue = startQueue<string>({
      atOnce: 2,
      async work(item) {
        atWork += 1;
        widest = Math.max(widest, atWork);
        await gate;
        done.push(item);
        atWork -= 1;
      },
    });
    for (const item of ['a', 'b', 'c', 'c', 'a', 'd']) queue.add(item);
    release();
    await new Promise((resolve) => setImmediate(resolve));
    await queue.stop();
    expect(done).toEqual(['a', 'b', 'c', 'a', 'd']);
    expect(widest).toBe(2);
  });
});
