import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';

/** What is asked of DNS. A name without such a record gives an empty list. */
export interface Dns {
  txt(name: string): Promise<readonly string[]>;
  /** IPv4 and IPv6. */
  addresses(name: string): Promise<readonly string[]>;
  mx(name: string): Promise<readonly { readonly exchange: string; readonly priority: number }[]>;
  /** The names of an address. */
  names(address: string): Promise<readonly string[]>;
}

/** The DNS server could not be reached, or does not know: nothing was learnt about the name. */
export class DnsUnanswered extends Error {
  override readonly name = 'DnsUnanswered';

  constructor(
    readonly asked: string,
    readonly code: string,
  ) {
    super(`DNS gave no answer about ${asked} (${code}): try again, or name another server by --dns`);
  }
}

/** The name, or a record of that type, does not exist. */
const NOTHING = new Set(['ENOTFOUND', 'ENODATA']);

/** Asks the DNS servers of this machine, or `server` (`address` or `address:port`). */
export function openDns(server?: string): Dns {
  const resolver = new Resolver({ timeout: 3_000, tries: 2 });
  if (server !== undefined) resolver.setServers([server]);
  async function ask<T>(name: string, look: () => Promise<T[]>): Promise<T[]> {
    try {
      return await look();
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      if (NOTHING.has(code)) return [];
      throw new DnsUnanswered(name, code);
    }
  }
  return {
    // One record may come in several strings, which are one text (RFC 7208 §3.3, RFC 6376 §3.6.2.2).
    txt: async (name) => (await ask(name, () => resolver.resolveTxt(name))).map((parts) => parts.join('')),
    async addresses(name) {
      if (isIP(name) !== 0) return [name];
      const [four, six] = [
        await ask(name, () => resolver.resolve4(name)),
        await ask(name, () => resolver.resolve6(name)),
      ];
      return [...four, ...six];
    },
    mx: async (name) => (await ask(name, () => resolver.resolveMx(name))).sort((a, b) => a.priority - b.priority),
    names: (address) => ask(address, () => resolver.reverse(address)),
  };
}
