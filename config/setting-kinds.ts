import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** One row of the table of settings (`setting-table.ts`). */
export interface Setting<T> {
  /** Environment variable. */
  readonly env: string;
  /** What may stand there, in words for `docs/configuration.md` and error messages. */
  readonly kind: string;
  /** Value when the variable is absent; `undefined` has the meaning that `whenUnset` gives. */
  readonly fallback: T;
  /** What the documentation shows as the default, where the bare value would not tell. */
  readonly whenUnset?: string;
  /** Unit of the value, where it has one. */
  readonly unit?: string;
  /** One sentence. */
  readonly doc: string;
  /** True keeps the value out of error messages and logs. */
  readonly secret?: boolean;
  /** Heading in `docs/configuration.md`. */
  readonly group: SettingGroup;
  /** Returns the value, or throws an `Error` whose message says what is wrong and what would be right. */
  readonly parse: (text: string) => T;
  /** The text that `parse` reads back to the same value; children get their settings so. */
  readonly format: (value: T) => string | undefined;
}

export type SettingGroup =
  | 'place'
  | 'addresses'
  | 'database'
  | 'temporal'
  | 'mail'
  | 'pace'
  | 'models'
  | 'webhooks'
  | 'secrets';

export type About<T> = Pick<Setting<T>, 'doc' | 'group'> & Partial<Pick<Setting<T>, 'whenUnset' | 'unit' | 'secret'>>;

/** An error that `parse` throws: `problem` never holds a secret's value. */
const wrong = (problem: string): Error => new Error(problem);

function define<T>(
  env: string,
  kind: string,
  fallback: T,
  about: About<T>,
  parse: (text: string) => T,
  format: (value: T) => string | undefined = (value) => (value === undefined ? undefined : String(value)),
): Setting<T> {
  return { env, kind, fallback, parse, format, ...about };
}

export function wholeNumber(
  env: string,
  fallback: number,
  range: { readonly min: number; readonly max: number },
  about: About<number>,
): Setting<number> {
  const kind = `whole number ${range.min}–${range.max}`;
  return define(env, kind, fallback, about, (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < range.min || value > range.max) {
      throw wrong(`"${text}" is no ${kind}`);
    }
    return value;
  });
}

/** A TCP port; 0 lets the start pick a free one. */
export function port(env: string, fallback: number, about: About<number>): Setting<number> {
  return { ...wholeNumber(env, fallback, { min: 0, max: 65535 }, about), kind: 'port 0–65535 (0: any free one)' };
}

export function yesNo(env: string, fallback: boolean, about: About<boolean>): Setting<boolean> {
  return define(env, 'true or false', fallback, about, (text) => {
    if (text !== 'true' && text !== 'false') throw wrong(`"${text}" is neither true nor false`);
    return text === 'true';
  });
}

export function oneOf<const T extends string>(
  env: string,
  choices: readonly T[],
  fallback: NoInfer<T>,
  about: About<T>,
): Setting<T> {
  return define<T>(env, choices.join(', '), fallback, about, (text) => {
    const choice = choices.find((each) => each === text);
    if (choice === undefined) throw wrong(`"${text}" is none of ${choices.join(', ')}`);
    return choice;
  });
}

/** Any of the choices, comma-separated, each once. */
export function someOf<const T extends string>(
  env: string,
  choices: readonly T[],
  about: About<readonly T[]>,
): Setting<readonly T[]> {
  return define<readonly T[]>(
    env,
    `${choices.join(', ')}, or several of them, comma-separated`,
    [],
    about,
    (text) => {
      const names = text.split(',').map((name) => name.trim());
      const unknown = names.find((name) => !choices.some((choice) => choice === name));
      if (unknown !== undefined) throw wrong(`"${unknown}" is none of ${choices.join(', ')}`);
      return choices.filter((choice) => names.includes(choice));
    },
    (value) => (value.length === 0 ? undefined : value.join(',')),
  );
}

export function text<T extends string | undefined>(env: string, fallback: T, about: About<string | T>) {
  return define<string | T>(env, 'text', fallback, about, (value) => value);
}

/** An address or name to listen on, without port. */
export function host(env: string, fallback: string, about: About<string>): Setting<string> {
  return define(env, 'host name or IP address', fallback, about, (value) => {
    if (isIP(value) === 0 && !/^[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(value)) {
      throw wrong(`"${value}" is no host name or IP address (no scheme, no port; for example 127.0.0.1)`);
    }
    return value;
  });
}

/** `host:port`. */
export function hostAndPort(env: string, about: About<string | undefined>): Setting<string | undefined> {
  return define<string | undefined>(env, 'host:port', undefined, about, (value) => {
    const parts = /^([a-z\d.-]+|\[[\da-f:]+\]):(\d{1,5})$/i.exec(value);
    if (!parts || Number(parts[2]) > 65535) throw wrong(`"${value}" is no host:port (for example 127.0.0.1:7233)`);
    return value;
  });
}

/** Words of one form, comma-separated. */
export function listOf(
  env: string,
  form: { readonly kind: string; readonly pattern: RegExp; readonly example: string },
  about: About<readonly string[]>,
): Setting<readonly string[]> {
  return define<readonly string[]>(
    env,
    form.kind,
    [],
    about,
    (value) => {
      const entries = value.split(',').map((entry) => entry.trim());
      const bad = entries.find((entry) => !form.pattern.test(entry));
      if (bad !== undefined) throw wrong(`"${bad}" is none of ${form.kind} (for example ${form.example})`);
      return entries;
    },
    (value) => (value.length === 0 ? undefined : value.join(',')),
  );
}

/** A URL of one of the given schemes. The value may hold a password and stays out of error messages. */
export function url<T extends string | undefined>(
  env: string,
  schemes: readonly string[],
  fallback: T,
  about: About<string | T>,
): Setting<string | T> {
  const kind = `URL (${schemes.map((scheme) => `${scheme}://`).join(' or ')})`;
  return define<string | T>(env, kind, fallback, about, (value) => {
    const parsed = URL.canParse(value) ? new URL(value) : undefined;
    if (!parsed || !schemes.includes(parsed.protocol.slice(0, -1)) || parsed.hostname === '') {
      throw wrong(`is no ${kind}`);
    }
    return value;
  });
}

/** Named URLs of the given schemes, separated by blanks: `name=url`. They may hold passwords. */
export function namedUrls(
  env: string,
  schemes: readonly string[],
  about: About<Readonly<Record<string, string>>>,
): Setting<Readonly<Record<string, string>>> {
  const one = url(env, schemes, undefined, about);
  return define<Readonly<Record<string, string>>>(
    env,
    `name=URL (${schemes.map((scheme) => `${scheme}://`).join(' or ')}), several separated by blanks`,
    {},
    about,
    (text) => {
      const named: Record<string, string> = {};
      for (const entry of text.split(/\s+/)) {
        const at = entry.indexOf('=');
        const name = entry.slice(0, Math.max(at, 0));
        // Without the rest, which may hold a password.
        if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name))
          throw wrong(
            'must be name=URL, each name of lower-case letters, digits and hyphens (for example shop=smtps://…)',
          );
        if (Object.hasOwn(named, name)) throw wrong(`names "${name}" twice: each server needs its own name`);
        try {
          named[name] = one.parse(entry.slice(at + 1)) as string;
        } catch (error) {
          throw wrong(`has a value for "${name}" that ${(error as Error).message}`);
        }
      }
      return named;
    },
    (value) => {
      const entries = Object.entries(value).map(([name, each]) => `${name}=${each}`);
      return entries.length === 0 ? undefined : entries.join(' ');
    },
  );
}

/** An http(s) address to which paths are appended: no query, no fragment; a trailing slash is taken off. */
export function baseUrl(env: string, about: About<string>): Setting<string> {
  const plain = url(env, ['http', 'https'], '', about);
  return {
    ...plain,
    parse: (value) => {
      const parsed = new URL(plain.parse(value));
      if (parsed.search || parsed.hash || parsed.username) {
        throw wrong('must have no user name, no "?" and no "#": paths are appended to it');
      }
      return parsed.href.replace(/\/+$/, '');
    },
  };
}

/** Names of networks that everybody has: this machine's own, and the private ones (RFC 1918, RFC 4193). */
const KNOWN_NETWORKS = ['loopback', 'linklocal', 'uniquelocal'];

/** Addresses, CIDR ranges and names of networks, comma-separated; `none` for an empty list. */
export function networks(
  env: string,
  fallback: readonly string[],
  about: About<readonly string[]>,
): Setting<readonly string[]> {
  return define<readonly string[]>(
    env,
    `addresses, CIDR ranges (10.0.0.0/8), ${KNOWN_NETWORKS.join(', ')}, comma-separated; none`,
    fallback,
    about,
    (text) => {
      if (text === 'none') return [];
      const entries = text.split(',').map((entry) => entry.trim());
      const bad = entries.find(
        (entry) => !KNOWN_NETWORKS.includes(entry) && isIP(entry) === 0 && !ipaddr.isValidCIDR(entry),
      );
      if (bad !== undefined)
        throw wrong(`"${bad}" is no address, no CIDR range and none of ${KNOWN_NETWORKS.join(', ')}`);
      return entries;
    },
    (value) => (value.length === 0 ? 'none' : value.join(',')),
  );
}

/** One mailbox as it stands in a From header: `Name <address>` or a bare address. */
export function mailbox(env: string, fallback: string, about: About<string>): Setting<string> {
  return define(env, 'Name <address>', fallback, about, (value) => {
    if (!/^([^<>\r\n]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/.test(value)) {
      throw wrong(`"${value}" is no sender (for example: Papeterie Lang <hello@papeterie-lang.example>)`);
    }
    return value;
  });
}

/** Addresses and `@domains`, comma-separated, compared in lower case. */
export function recipients(env: string, about: About<readonly string[] | undefined>) {
  return define<readonly string[] | undefined>(
    env,
    'addresses or @domains, comma-separated',
    undefined,
    about,
    (value) => {
      const entries = value.split(',').map((entry) => entry.trim().toLowerCase());
      const bad = entries.find((entry) => !/^[^\s@,<>]*@[^\s@,<>]+$/.test(entry));
      if (bad !== undefined) throw wrong(`"${bad}" is no address and no @domain`);
      return entries;
    },
    (value) => value?.join(','),
  );
}

/**
 * A preset secret: at least 16 visible ASCII characters without a colon, since a write key is the user name of
 * HTTP basic authentication (RFC 7617 §2 forbids a colon there).
 */
export function secret(env: string, about: About<string | undefined>): Setting<string | undefined> {
  return define<string | undefined>(env, 'at least 16 characters', undefined, { ...about, secret: true }, (value) => {
    if (value.length < 16) throw wrong(`has ${value.length} characters: a secret needs at least 16`);
    if (!/^[\x21-\x39\x3b-\x7e]+$/.test(value)) {
      throw wrong('must be visible ASCII characters without blanks and colons');
    }
    return value;
  });
}
