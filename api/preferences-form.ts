import type { FrequencyPromise } from '../domain/consent/consent.ts';
import {
  OWN_LIMITS,
  PAUSE_WEEKS,
  type PauseWeeks,
  type PreferenceWishes,
  sameLimit,
} from '../domain/consent/preference-changes.ts';
import type { Instant } from '../domain/instant.ts';
import type { PreferencesView } from '../store/read-preferences.ts';

/** The names of the form's fields. What a control showed goes back beside it: only what the person touched is a wish. */
export const FIELDS = {
  topic: 'topic',
  topicShown: 'topic-shown',
  tracking: 'tracking',
  trackingShown: 'tracking-shown',
  frequency: 'frequency',
  frequencyShown: 'frequency-shown',
  pause: 'pause',
  pauseShown: 'pause-shown',
  locale: 'locale',
  localeShown: 'locale-shown',
  agreements: 'agreements',
  everything: 'everything',
} as const;

/** `other`: a limit that the page offers only because it is in force. */
export type Frequency = 'promised' | 'weekly' | 'monthly' | 'other';
/** `running`: the pause that is in force, as it is. */
export type Pause = 'none' | 'running' | `${PauseWeeks}`;

export function frequencyOf(limit: FrequencyPromise | null): Frequency {
  if (limit === null) return 'promised';
  if (sameLimit(limit, OWN_LIMITS.weekly)) return 'weekly';
  return sameLimit(limit, OWN_LIMITS.monthly) ? 'monthly' : 'other';
}

export function pauseOf({ pausedUntil }: Pick<PreferencesView, 'pausedUntil'>, now: Instant): Pause {
  return pausedUntil !== null && pausedUntil > now ? 'running' : 'none';
}

/** What a person sent. */
export interface PreferencesForm {
  readonly wishes: PreferenceWishes;
  /** Which agreements the page showed; null: none. */
  readonly agreements: string | null;
}

/** Reads the form that `preferencesPage` shows; null where it is no such form, or was cut off. */
export function readPreferencesForm(body: unknown): PreferencesForm | null {
  if (typeof body !== 'string') return null;
  const form = new URLSearchParams(body);
  if (form.get(FIELDS.everything) === 'off') return { wishes: { everythingOff: true }, agreements: null };
  const agreements = form.get(FIELDS.agreements);
  const frequency = limitIn(form);
  const pause = pauseIn(form);
  if (agreements === null || frequency === null || pause === null) return null;
  const tracking = form.has(FIELDS.tracking);
  const locale = form.get(FIELDS.locale);
  const wishes: PreferenceWishes = {
    purposes: topicsIn(form),
    ...(tracking === (form.get(FIELDS.trackingShown) === 'on') ? {} : { tracking }),
    ...frequency,
    ...pause,
    ...(locale === null || locale === form.get(FIELDS.localeShown) ? {} : { locale }),
  };
  return { wishes, agreements };
}

/** Each topic was shown as `<key>:on` or `<key>:off`; those that are ticked now are named. */
function topicsIn(form: URLSearchParams): Map<string, boolean> {
  const ticked = new Set(form.getAll(FIELDS.topic));
  const shown = form.getAll(FIELDS.topicShown).map((text) => {
    const [key = '', was] = text.split(':');
    return { key, was: was === 'on' };
  });
  return new Map(shown.filter(({ key, was }) => ticked.has(key) !== was).map(({ key, was }) => [key, !was]));
}

/** Null: not a choice that there was. */
function limitIn(form: URLSearchParams): Pick<PreferenceWishes, 'limit'> | null {
  const chosen = form.get(FIELDS.frequency);
  if (chosen === form.get(FIELDS.frequencyShown)) return {};
  switch (chosen) {
    case 'promised':
      return { limit: null };
    case 'weekly':
      return { limit: OWN_LIMITS.weekly };
    case 'monthly':
      return { limit: OWN_LIMITS.monthly };
    default:
      return null;
  }
}

function pauseIn(form: URLSearchParams): Pick<PreferenceWishes, 'pausedUntil' | 'pauseWeeks'> | null {
  const chosen = form.get(FIELDS.pause);
  if (chosen === form.get(FIELDS.pauseShown)) return {};
  if (chosen === 'none') return { pausedUntil: null };
  const weeks = PAUSE_WEEKS.find((each) => String(each) === chosen);
  return weeks === undefined ? null : { pauseWeeks: weeks };
}
