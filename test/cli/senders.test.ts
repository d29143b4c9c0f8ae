import { describe, expect, it } from 'vitest';
import { receiversInWords, senderInWords } from '../../cli/senders.ts';
import type { SenderHealth } from '../../store/sender-health.ts';

const health: SenderHealth = {
  sender: 'shop',
  accepted: 2_000,
  complaints: 3,
  bounces: 12,
  complaintRate: 0.0015,
  state: 'warned',
  checkedAt: null,
  warnedAt: null,
  pausedAt: null,
  resumedAt: null,
  resumedBy: null,
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
const plain = (text: string) => text.replaceAll(/\u001b\[\d+m/g, '');

describe('tend senders', () => {
  it('says how many complained, of how many, and what follows', () => {
    expect(plain(senderInWords(health))).toBe(
      '● shop                 0.15 % complaints  (7 days: 2000 taken, 12 came back, 3 complained about)\n' +
        '  complaints are above 0.1 %: mailbox providers begin to mind',
    );
    expect(plain(senderInWords({ ...health, state: 'paused' }))).toContain('tend senders resume shop');
    expect(plain(senderInWords({ ...health, accepted: 3, complaintRate: null, state: 'well' }))).toBe(
      '● shop                 too few mails for a rate  (7 days: 3 taken, 12 came back, 3 complained about)',
    );
  });

  it('says which domains refuse, why, and when one mail tries again', () => {
    const retryAt = '2026-06-01T12:15:00.000Z';
    const refusing = { domain: 'gmx.de', openedAt: 0, retryAt, openedTimes: 2, status: '5.7.1', why: 'block-list' };
    expect(receiversInWords([refusing]).map(plain)).toEqual([
      `● gmx.de               refuses our mail (5.7.1 block-list)  pause 2, next try ${retryAt}`,
    ]);
  });
});
