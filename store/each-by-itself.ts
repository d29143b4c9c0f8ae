import { isTransient } from './is-transient.ts';

/**
 * Does `work` for each of `items`, one after the other. One that fails does not hold up those behind it: its error is thrown
 * once all others are done, for the log. What any of them would fail for (PostgreSQL is away) is thrown at once.
 */
export async function eachByItself<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let first: { readonly error: unknown } | null = null;
  for (const item of items) {
    try {
      await work(item);
    } catch (error) {
      if (isTransient(error)) throw error;
      first ??= { error };
    }
  }
  if (first !== null) throw first.error;
}
