import { describe, expect, it } from 'vitest';
import { type ConsentRecord, consentState } from '../../domain/consent/consent.ts';

const record = (
  action: 'granted' | 'withdrawn',
  at: number,
  confirmedAt: number | null = null,
  purpose = 'newsletter',
): ConsentRecord => ({
  purpose,
  action,
  address: null,
  promise: null,
  confirmedAt,
  at,
});

describe('what a consent record says', () => {
  it('is nothing where nobody was asked, which is not a no', () => {
    expect(consentState([], 'newsletter').kind).toBe('none');
  });

  it('is the last word on this purpose', () => {
    expect(consentState([record('granted', 10, 9), record('withdrawn', 20)], 'newsletter').kind).toBe('withdrawn');
    expect(consentState([record('withdrawn', 20), record('granted', 40, 30)], 'newsletter').kind).toBe('granted');
    expect(consentState([record('granted', 10, 9, 'other')], 'newsletter').kind).toBe('none');
  });

  it('is not changed by a grant from before the withdrawal that is told once more', () => {
    const retried = [record('granted', 10, 9), record('withdrawn', 20), record('granted', 30, 9)];
    expect(consentState(retried, 'newsletter').kind).toBe('withdrawn');
  });

  it('is withdrawn for good although the clock of whoever recorded that was behind the grant’s', () => {
    const retried = [record('granted', 30, 30), record('withdrawn', 28), record('granted', 40, 30)];
    expect(consentState(retried.slice(0, 2), 'newsletter')).toEqual({ kind: 'withdrawn', at: 30 });
    expect(consentState(retried, 'newsletter').kind).toBe('withdrawn');
    expect(consentState([...retried, record('granted', 50, 45)], 'newsletter').kind).toBe('granted');
  });

  it('keeps the promise of the last grant where an earlier one is told once more', () => {
    const promise = { max: 1, days: 7 };
    const later = { ...record('granted', 20, 20), promise };
    expect(consentState([record('granted', 10, 10), later, record('granted', 30, 10)], 'newsletter')).toMatchObject({
      promise,
      at: 20,
    });
  });

  it('ends with a withdrawal of all purposes', () => {
    expect(consentState([record('granted', 10, 9), record('withdrawn', 20, null, 'all')], 'newsletter').kind).toBe(
      'withdrawn',
    );
    expect(consentState([record('withdrawn', 20, null, 'all'), record('granted', 30, 15)], 'newsletter').kind).toBe(
      'withdrawn',
    );
  });
});
