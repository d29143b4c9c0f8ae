/** Reads `tag=value; tag=value` (RFC 6376 §3.2), as DKIM and DMARC write their records. Throws an Error that names what is wrong. */
export function readTags(text: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const entry of text.split(';')) {
    if (entry.trim() === '') continue;
    const at = entry.indexOf('=');
    const name = entry.slice(0, Math.max(at, 0)).trim();
    if (!/^[a-z]\w*$/i.test(name)) throw new Error(`has "${entry.trim()}", which is no tag=value`);
    if (tags.has(name)) throw new Error(`has "${name}=" twice`);
    tags.set(name, entry.slice(at + 1).trim());
  }
  return tags;
}
