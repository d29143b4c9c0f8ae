import { type ApiKey, findApiKey } from '../../store/api-keys.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';

/** Finds the key in force that reads `text`, or null. */
export type FindKey = (text: string) => Promise<ApiKey | null> | ApiKey | null;

/** How long a revoked key may still work, in milliseconds. */
const KEPT_MS = 5_000;
/** Guessed keys must not fill the memory. */
const MOST_KEPT = 5_000;

/**
 * Looks keys up and keeps the answers a few seconds, unknown ones too, so that neither a website's events nor somebody
 * who guesses costs a query each. While the database is away, a key that was good stays good.
 */
export function createKeyCache(database: Database, clock: Clock): FindKey {
  const kept = new Map<string, { readonly key: ApiKey | null; readonly until: number }>();
  const underWay = new Map<string, Promise<ApiKey | null>>();

  async function lookUp(text: string): Promise<ApiKey | null> {
    try {
      const key = await findApiKey(database, text);
      if (kept.size >= MOST_KEPT) kept.clear();
      kept.set(text, { key, until: clock.now() + KEPT_MS });
      return key;
    } catch (error) {
      const stale = kept.get(text);
      if (stale?.key) return stale.key;
      throw error;
    } finally {
      underWay.delete(text);
    }
  }

  return (text) => {
    const known = kept.get(text);
    if (known !== undefined && clock.now() < known.until) return known.key;
    let found = underWay.get(text);
    if (found === undefined) {
      found = lookUp(text);
      underWay.set(text, found);
    }
    return found;
  };
}
