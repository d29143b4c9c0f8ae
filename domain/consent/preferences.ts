import { z } from 'zod';
import type { Instant } from '../instant.ts';
import type { FrequencyPromise } from './consent.ts';

/** What a person set for all marketing mail, beside granting and ending purposes. */
export interface Preferences {
  /** No marketing mail before this instant; null: no pause. */
  readonly pausedUntil: Instant | null;
  /** At most so many mails, of all purposes together; null: as promised. */
  readonly limit: FrequencyPromise | null;
  readonly locale: string | null;
}

export const noPreferences: Preferences = { pausedUntil: null, limit: null, locale: null };

const count = z.number().int('must be a whole number').positive('must be more than 0').max(3_660);

export const preferredLocaleSchema = z
  .string()
  .regex(/^[a-z]{2,3}(-[A-Z]{2})?$/, 'must be a language such as de, or de-AT');
export const ownLimitSchema = z.strictObject({ max: count, days: count });

/** One change, as it stands in the consent record (action `changed`): what it does not name stays. Null takes it back. */
export const preferenceChangeSchema = z
  .strictObject({
    /** ISO 8601. */
    pausedUntil: z.iso.datetime({ offset: true }).nullable().optional(),
    limit: ownLimitSchema.nullable().optional(),
    locale: preferredLocaleSchema.nullable().optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'changes nothing');

export type PreferenceChange = z.infer<typeof preferenceChangeSchema>;

/** The preferences after `changes`, in the order in which they were recorded. */
export function preferencesAfter(changes: readonly PreferenceChange[]): Preferences {
  let preferences = noPreferences;
  for (const { pausedUntil, limit, locale } of changes) {
    preferences = {
      pausedUntil:
        pausedUntil === undefined ? preferences.pausedUntil : pausedUntil === null ? null : Date.parse(pausedUntil),
      limit: limit === undefined ? preferences.limit : limit,
      locale: locale === undefined ? preferences.locale : locale,
    };
  }
  return preferences;
}
