import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  OWN_LIMITS,
  PAUSE_WEEKS,
  type PreferencesNow,
  type PreferenceWishes,
  pauseOf,
  preferenceChanges,
} from '../../domain/consent/preference-changes.ts';
import {
  agreementTo,
  agreementToTracking,
  changeInWords,
  limitInWords,
  preferenceWords,
  purposeWords,
} from '../../domain/consent/preference-words.ts';
import { noPreferences, preferenceChangeSchema, preferencesAfter } from '../../domain/consent/preferences.ts';
import { promiseInWords } from '../../domain/consent/promise-in-words.ts';
import { undoneInWords, unsubscribedInWords } from '../../domain/consent/unsubscribe-words.ts';
import { DAY, HOUR, MINUTE } from '../../domain/instant.ts';
import '../support/property.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const before: PreferencesNow = {
  ...noPreferences,
  purposes: new Map([
    ['newsletter', true],
    ['events', false],
  ]),
  tracking: false,
  endedAll: false,
};
const changes = (wishes: PreferenceWishes, now: Partial<PreferencesNow> = {}) =>
  preferenceChanges({ ...before, ...now }, wishes, NOW);

describe('what a person sets', () => {
  it('makes an entry for each thing that is otherwise than it was: what ends first, then what is granted, then the rest', () => {
    const wishes = {
      purposes: new Map([
        ['events', true],
        ['newsletter', false],
      ]),
      tracking: true,
      limit: OWN_LIMITS.weekly,
      pauseWeeks: 4,
      locale: 'de',
    } as const;
    expect(changes(wishes)).toEqual([
      { action: 'withdrawn', purpose: 'newsletter' },
      { action: 'granted', purpose: 'events' },
      { action: 'granted', purpose: 'tracking' },
      { action: 'changed', change: { limit: { max: 1, days: 7 } } },
      { action: 'changed', change: { pausedUntil: '2026-12-23T12:00:00.000Z' } },
      { action: 'changed', change: { locale: 'de' } },
    ]);
  });

  it('makes none where it is so already', () => {
    expect(changes({})).toEqual([]);
    const wishes = { purposes: new Map([['newsletter', true]]), tracking: false, limit: null, pausedUntil: null };
    expect(changes(wishes)).toEqual([]);
    expect(changes({ limit: { max: 1, days: 7 } }, { limit: { max: 1, days: 7 } })).toEqual([]);
    expect(changes({ locale: 'de' }, { locale: 'de' })).toEqual([]);
  });

  it('is not a second pause for a second press of the button; an hour later, or for longer, it is', () => {
    const paused = { pausedUntil: pauseOf(4, NOW - MINUTE) };
    expect(changes({ pauseWeeks: 4 }, paused)).toEqual([]);
    expect(changes({ pauseWeeks: 8 }, paused)).toHaveLength(1);
    expect(changes({ pauseWeeks: 4 }, { pausedUntil: pauseOf(4, NOW - HOUR) })).toHaveLength(1);
  });

  it('ends a pause; one that is over has no end to bring forward', () => {
    expect(changes({ pausedUntil: null }, { pausedUntil: NOW + DAY })).toEqual([
      { action: 'changed', change: { pausedUntil: null } },
    ]);
    expect(changes({ pausedUntil: null }, { pausedUntil: NOW - DAY })).toEqual([]);
  });

  it('ends everything by one entry, whatever else was sent, and once', () => {
    const everything = { everythingOff: true, purposes: new Map([['events', true]]), pauseWeeks: 2 } as const;
    expect(changes(everything)).toEqual([{ action: 'withdrawn', purpose: 'all' }]);
    expect(changes(everything, { endedAll: true })).toEqual([]);
  });

  it('always leads to what was wished, and wishing it once more changes nothing', () => {
    const limit = fc.option(fc.record({ max: fc.integer({ min: 1, max: 9 }), days: fc.integer({ min: 1, max: 90 }) }));
    const instant = fc.option(fc.integer({ min: NOW - 90 * DAY, max: NOW + 90 * DAY }));
    const onOff = fc.dictionary(fc.constantFrom('newsletter', 'events', 'surveys'), fc.boolean());
    const wish = fc.record(
      {
        purposes: onOff.map((each) => new Map(Object.entries(each))),
        tracking: fc.boolean(),
        limit,
        pauseWeeks: fc.constantFrom(...PAUSE_WEEKS),
        locale: fc.constantFrom('de', 'en'),
      },
      { requiredKeys: [] },
    );
    const state = fc.record({
      purposes: onOff.map((each) => new Map(Object.entries(each))),
      tracking: fc.boolean(),
      endedAll: fc.constant(false),
      limit,
      pausedUntil: instant,
      locale: fc.option(fc.constantFrom('de', 'en')),
    });
    fc.assert(
      fc.property(state, wish, (now, wishes) => {
        const after = apply(now, preferenceChanges(now, wishes, NOW));
        for (const [purpose, on] of wishes.purposes ?? []) expect(after.purposes.get(purpose) ?? false).toBe(on);
        if (wishes.tracking !== undefined) expect(after.tracking).toBe(wishes.tracking);
        if (wishes.limit !== undefined) expect(after.limit).toEqual(wishes.limit);
        if (wishes.locale !== undefined) expect(after.locale).toBe(wishes.locale);
        if (wishes.pauseWeeks !== undefined)
          expect(Math.abs((after.pausedUntil ?? 0) - pauseOf(wishes.pauseWeeks, NOW))).toBeLessThan(HOUR);
        expect(preferenceChanges(after, wishes, NOW)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

/** How things stand after `entries`, by the same fold that reads the record. */
function apply(now: PreferencesNow, entries: ReturnType<typeof preferenceChanges>): PreferencesNow {
  const purposes = new Map(now.purposes);
  let { tracking } = now;
  for (const entry of entries) {
    if (entry.action === 'changed') expect(preferenceChangeSchema.parse(entry.change)).toEqual(entry.change);
    else if (entry.purpose === 'tracking') tracking = entry.action === 'granted';
    else purposes.set(entry.purpose, entry.action === 'granted');
  }
  const { pausedUntil, limit, locale } = now;
  const present = { pausedUntil: pausedUntil === null ? null : new Date(pausedUntil).toISOString(), limit, locale };
  const set = entries.flatMap((entry) => (entry.action === 'changed' ? [entry.change] : []));
  return { ...now, ...preferencesAfter([present, ...set]), purposes, tracking };
}

describe('the words of the page, which the record keeps', () => {
  const topic = {
    name: { de: 'Papier und Tinte', en: 'Paper and ink' },
    description: { de: 'Neues aus der Werkstatt.' },
    promise: { max: 2, days: 7 },
  };

  it('of a consent name the topic, what is promised, who writes, and that it can be ended at any time', () => {
    expect(agreementTo(purposeWords(topic, 'de'), 'de', 'Federkiel')).toBe(
      [
        'Worüber dürfen wir Ihnen schreiben?',
        'Papier und Tinte',
        'Neues aus der Werkstatt.',
        'Höchstens zwei Mails pro Woche',
        'Wenn Sie ein Thema einschalten und speichern, willigen Sie ein, dazu E-Mails von Federkiel zu erhalten. Das können Sie jederzeit widerrufen: auf dieser Seite oder über den Link in jeder Mail.',
        '[Speichern]',
      ].join('\n'),
    );
    const bare = agreementTo(purposeWords({ ...topic, description: null, promise: null }, 'en'), 'en', null);
    expect(bare).toContain(
      'Paper and ink\nBy switching on a topic and saving, you agree to get mails about it. You can',
    );
    for (const language of ['en', 'de'] as const)
      expect(agreementToTracking(language, null)).toMatch(/at any time|jederzeit/);
  });

  it('of a limit, a pause and a language say what was set, by the clock of the zone', () => {
    const change = { limit: OWN_LIMITS.monthly, pausedUntil: '2026-12-23T23:30:00Z', locale: 'de' };
    expect(changeInWords(change, 'en', 'UTC')).toBe(
      'How often? At most one mail a month\nTake a break: No mails until 23 December 2026\nLanguage of the mails: Deutsch',
    );
    expect(changeInWords(change, 'de', 'Europe/Berlin')).toContain('Keine Mails bis 24. Dezember 2026');
    expect(changeInWords({ limit: null, pausedUntil: null }, 'de', 'UTC')).toBe(
      'Wie oft? So oft, wie beim Thema versprochen\nPause machen: Keine Pause',
    );
    expect(limitInWords({ max: 3, days: 10 }, 'en')).toBe('At most three mails in 10 days');
    expect(promiseInWords({ max: 1, days: 1 }, 'de')).toBe('höchstens eine Mail am Tag');
  });

  it('of an unsubscription, and of its being taken back, name the topic', () => {
    expect(unsubscribedInWords('Paper', 'en')).toContain('no more mails about “Paper”?');
    expect(undoneInWords('Papier', 'de', 'Federkiel', { max: 1, days: 7 })).toContain(
      'Dann erhalten Sie weiterhin Mails zum Thema „Papier“ von Federkiel, höchstens eine Mail pro Woche, wie bisher.',
    );
  });

  it('are there in both languages', () => {
    expect(Object.keys(preferenceWords.de)).toEqual(Object.keys(preferenceWords.en));
  });
});
