import { describe, expect, it } from 'vitest';
import { consentEvidenceSchema, entriesOf, evidenceProblems } from '../../domain/consent/evidence.ts';

const now = Date.parse('2026-11-21T12:00:00Z');
const granted = {
  purpose: 'newsletter',
  action: 'granted',
  wording: 'Yes, write to me.',
  requestedAt: '2026-11-21T11:00:00Z',
  confirmedAt: '2026-11-21T11:05:00+00:00',
};
const problems = (given: object) => evidenceProblems(consentEvidenceSchema.parse(given), now).map(({ path }) => path);

describe('the evidence of a consent', () => {
  it('is complete with the wording and both instants (BGH I ZR 164/09)', () => {
    expect(problems(granted)).toEqual([]);
    expect(problems({ purpose: 'newsletter', action: 'granted' })).toEqual(['wording', 'requestedAt', 'confirmedAt']);
  });

  it('is for one purpose; only a withdrawal may be for all', () => {
    expect(problems({ ...granted, purpose: 'all' })).toEqual(['purpose']);
    expect(problems({ purpose: 'all', action: 'withdrawn' })).toEqual([]);
  });

  it('may be for several purposes that were agreed to at once: a record each', () => {
    const { purpose: _, ...several } = { ...granted, purposes: ['newsletter', 'tracking'] };
    expect(problems(several)).toEqual([]);
    expect(entriesOf(consentEvidenceSchema.parse(several)).map(({ purpose }) => purpose)).toEqual([
      'newsletter',
      'tracking',
    ]);
    expect(problems({ ...granted, purposes: ['offers'] })).toEqual(['purposes']);
    expect(problems({ action: 'withdrawn' })).toEqual(['purpose']);
    expect(problems({ ...several, purposes: ['newsletter', 'all', 'double-opt-in'] })).toEqual([
      'purposes',
      'purposes',
    ]);
    expect(consentEvidenceSchema.safeParse({ ...several, purposes: ['offers', 'offers'] }).success).toBe(false);
  });

  it('names the mail that was confirmed by its Message-ID, where consent is given', () => {
    const id = '<a1@shop.example>';
    expect(problems({ ...granted, confirmationMessageId: id })).toEqual([]);
    expect(problems({ purpose: 'newsletter', action: 'withdrawn', confirmationMessageId: id })).toEqual([
      'confirmationMessageId',
    ]);
    expect(consentEvidenceSchema.safeParse({ ...granted, confirmationMessageId: 'a1' }).success).toBe(false);
  });

  it('does not come from the future, nor was it confirmed before it was asked for', () => {
    expect(problems({ ...granted, confirmedAt: '2026-11-21T12:06:00Z' })).toEqual(['confirmedAt']);
    expect(problems({ ...granted, confirmedAt: '2026-11-21T12:04:00Z' })).toEqual([]);
    expect(problems({ ...granted, confirmedAt: '2026-11-21T10:59:00Z' })).toEqual(['confirmedAt']);
  });

  it('promises a frequency only where consent is given', () => {
    expect(problems({ ...granted, promise: { max: 1, days: 7 } })).toEqual([]);
    expect(problems({ purpose: 'newsletter', action: 'withdrawn', promise: { max: 1, days: 7 } })).toEqual(['promise']);
  });

  it('has instants with a zone, real addresses and whole numbers', () => {
    const bad = consentEvidenceSchema.safeParse({
      ...granted,
      requestedAt: '2026-11-21T11:00:00',
      formUrl: 'javascript:alert(1)',
      ip: '300.1.1.1',
      promise: { max: 0, days: 1.5 },
      channel: 'pigeon',
      extra: 1,
    });
    expect([...new Set(bad.error?.issues.map(({ path }) => path.join('.')))].sort()).toEqual([
      '',
      'channel',
      'formUrl',
      'ip',
      'promise.days',
      'promise.max',
      'requestedAt',
    ]);
  });
});
