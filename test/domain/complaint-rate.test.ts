import { describe, expect, it } from 'vitest';
import { DAY } from '../../domain/instant.ts';
import { complaintRate, judgeSender, windowStart } from '../../domain/sending/complaint-rate.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const well = { warnedAt: null, pausedAt: null };

describe('complaints about a sender', () => {
  it.each([
    { accepted: 99, complaints: 5, warned: false, paused: false, words: 'of too few mails say nothing' },
    { accepted: 10_000, complaints: 9, warned: false, paused: false, words: 'below 0.1 % are borne' },
    { accepted: 10_000, complaints: 10, warned: true, paused: false, words: 'of 0.1 % warn' },
    { accepted: 10_000, complaints: 29, warned: true, paused: false, words: 'below 0.3 % only warn' },
    { accepted: 10_000, complaints: 30, warned: true, paused: true, words: 'of 0.3 % pause its marketing' },
    { accepted: 200, complaints: 2, warned: true, paused: false, words: 'by two people stop no company' },
    { accepted: 200, complaints: 3, warned: true, paused: true, words: 'by three of two hundred do' },
  ])('$words: $complaints of $accepted', ({ accepted, complaints, warned, paused }) => {
    const after = judgeSender(well, { accepted, complaints }, NOON);
    expect(after).toEqual({ warnedAt: warned ? NOON : null, pausedAt: paused ? NOON : null });
  });

  it('keep a sender paused until a person lets it go on, and warned only as long as they are many', () => {
    const before = { warnedAt: NOON - DAY, pausedAt: NOON - DAY };
    expect(judgeSender(before, { accepted: 10_000, complaints: 0 }, NOON)).toEqual({ ...before, warnedAt: null });
    expect(judgeSender(before, { accepted: 10_000, complaints: 30 }, NOON)).toEqual(before);
  });

  it('count over seven days, and not from before somebody let it go on', () => {
    expect(windowStart(NOON, null)).toBe(NOON - 7 * DAY);
    expect(windowStart(NOON, NOON - 2 * DAY)).toBe(NOON - 2 * DAY);
    expect(windowStart(NOON, NOON - 20 * DAY)).toBe(NOON - 7 * DAY);
  });

  it('are a share of what was taken', () => {
    expect(complaintRate({ accepted: 1_000, complaints: 1 })).toBe(0.001);
    expect(complaintRate({ accepted: 0, complaints: 0 })).toBeNull();
  });
});
