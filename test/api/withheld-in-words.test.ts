import { describe, expect, it } from 'vitest';
import { localMoment } from '../../api/moment.ts';
import { mailInWords, reasonInWords } from '../../api/withheld-in-words.ts';
import { withheldReasons } from '../../domain/sending/gate.ts';
import { messageStates } from '../../domain/sending/message.ts';

describe('why a mail is withheld', () => {
  it.each(withheldReasons)('has words for %s', (reason) => {
    const words = reasonInWords(reason, null);
    expect(words).toMatch(/^[a-z].* .*[a-z]$/);
    expect(words).not.toContain(reason.includes('-') ? reason : '(');
  });

  it('has other words for each reason', () => {
    expect(new Set(withheldReasons.map((reason) => reasonInWords(reason, null))).size).toBe(withheldReasons.length);
  });

  it('says what the reason is in this case', () => {
    expect(reasonInWords('cap', '2 in 7 days')).toBe('the cap on mails is reached (2 in 7 days)');
    expect(reasonInWords('holiday', 'Christmas Day')).toBe('it is a public holiday (Christmas Day)');
    expect(reasonInWords('spacing', '20 hours')).toBe(
      'the last mail was a short while ago (at least 20 hours between two)',
    );
    expect(reasonInWords('frequency-promise', '1 in 7 days')).toBe(
      'the consent promised not to write more often (at most 1 in 7 days)',
    );
    expect(reasonInWords('own-limit', '1 in 31 days')).toBe(
      'the person asked not to be written to more often (at most 1 in 31 days)',
    );
    expect(reasonInWords('another-first', 'offers')).toBe('the mail of the sequence "offers" comes first');
    expect(reasonInWords('another-first', 'mailing.june')).toBe('the mail of the mailing "june" comes first');
  });

  it('is told as it stands where it is not known', () => {
    expect(reasonInWords('from-the-future', 'x')).toBe('from-the-future (x)');
  });

  it('is part of a sentence in each state', () => {
    const mail = { what: 'The mail "a"', reason: 'cap', detail: null, nextAttempt: 'soon', deadline: 'later' } as const;
    const sentences = messageStates.map((state) => mailInWords({ ...mail, state }));
    expect(new Set(sentences).size).toBeGreaterThanOrEqual(6);
    for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z].*"a".*\.$/);
    expect(mailInWords({ ...mail, state: 'delayed' })).toBe(
      'The mail "a" is withheld: the cap on mails is reached; next attempt soon; dropped if not sent by later.',
    );
  });
});

describe('an instant in words', () => {
  it('is by the calendar and clock of the zone, whatever side of midnight', () => {
    const instant = Date.UTC(2026, 11, 31, 23, 5);
    expect(localMoment(instant, 'UTC')).toBe('Thu 31 Dec 2026 23:05 UTC');
    expect(localMoment(instant, 'Europe/Berlin')).toBe('Fri 1 Jan 2027 00:05 Europe/Berlin');
    expect(localMoment(instant, 'America/Los_Angeles')).toBe('Thu 31 Dec 2026 15:05 America/Los_Angeles');
  });
});
