/** More than any honest report or thread names. */
const MAX_IDS = 20;

/** The Message-IDs that `values` name, without their brackets, in order and each once; at most 20. */
export function messageIdsIn(values: readonly (string | null)[]): readonly string[] {
  const found = new Set<string>();
  for (const value of values) {
    for (const [, id] of (value ?? '').slice(0, 10_000).matchAll(/<([^<>\s]{1,250})>/g)) {
      if (found.size >= MAX_IDS) break;
      if (id?.includes('@')) found.add(id);
    }
  }
  return [...found];
}

/** The id of our message whose Message-ID is among `ids`: we write `<uuid@domain>`. Null where none has that form. */
export function messageIdOf(ids: readonly string[]): string | null {
  for (const id of ids) {
    const uuid = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@/i.exec(id)?.[1];
    if (uuid !== undefined) return uuid.toLowerCase();
  }
  return null;
}
