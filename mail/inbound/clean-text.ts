/**
 * At most `limit` characters without control characters other than line breaks and tabs: PostgreSQL refuses NUL in text,
 * and terminals obey the rest. Line ends become `\n`.
 */
export function cleanText(text: string, limit: number): string {
  return (
    text
      .slice(0, limit)
      .replaceAll(/\r\n?/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, '')
      // What the cut left of a surrogate pair.
      .replace(/[\ud800-\udbff]$/, '')
  );
}

/** A mail address as it stands, without its brackets; null where it is none. At most 320 characters (RFC 5321 §4.5.3.1). */
export function cleanAddress(text: string): string | null {
  const address = text.trim().replace(/^<(.*)>$/, '$1');
  return address.length <= 320 && /^[^\s<>@]+@[^\s<>@,;:"]+$/.test(address) ? cleanText(address, 320) : null;
}
