import { Agent } from 'undici';
import { assertPublicLiteral, ForbiddenAddressError, publicLookup } from '../worker/public-address.ts';

/** A link and the place in a file where it stands. */
export interface PlacedLink {
  readonly place: string;
  readonly url: string;
}

export interface LinkCheckOptions {
  /** Lets requests go to addresses that are not of the public internet: for tests. */
  readonly allowPrivate?: boolean;
  readonly timeoutMs?: number;
}

/** One after the other would take long, all at once would look like an attack. */
const AT_ONCE = 4;

/**
 * Asks each link once whether it is there (HEAD, and GET where a server does not know that), following no redirects: where a
 * redirect leads is the website's affair. Only public addresses are asked, as webhooks are. Gives the links that are not.
 */
export async function checkLinks(
  links: readonly PlacedLink[],
  { allowPrivate = false, timeoutMs = 10_000 }: LinkCheckOptions = {},
): Promise<string[]> {
  const agent = new Agent({ connect: { timeout: timeoutMs, ...(allowPrivate ? {} : { lookup: publicLookup() }) } });
  const places = new Map<string, string[]>();
  for (const { url, place } of links) places.set(url, [...(places.get(url) ?? []), place]);
  const waiting = [...places.keys()];
  const found = new Map<string, string>();

  async function ask(address: string): Promise<string | null> {
    try {
      const url = new URL(address);
      if (!allowPrivate) assertPublicLiteral(url);
      const status = (await request(url, 'HEAD')) ?? (await request(url, 'GET')) ?? 0;
      return status >= 400 ? `answers ${status}` : null;
    } catch (error) {
      if (error instanceof ForbiddenAddressError) return 'is at no public address';
      return error instanceof Error && error.name === 'TimeoutError' ? 'does not answer' : "can't be reached";
    }
  }

  /** Null: the server does not answer this method. */
  async function request({ origin, pathname, search }: URL, method: 'HEAD' | 'GET'): Promise<number | null> {
    const { statusCode, body } = await agent.request({
      origin,
      path: `${pathname}${search}`,
      method,
      headers: { 'user-agent': 'Tend-Link-Check' },
      signal: AbortSignal.timeout(timeoutMs),
    });
    await body.dump({ limit: 4_096 });
    return method === 'HEAD' && (statusCode === 405 || statusCode === 501) ? null : statusCode;
  }

  async function askOn(): Promise<void> {
    for (let url = waiting.shift(); url !== undefined; url = waiting.shift()) {
      const problem = await ask(url);
      if (problem !== null) found.set(url, problem);
    }
  }

  await Promise.all(Array.from({ length: AT_ONCE }, askOn));
  await agent.destroy();
  return [...found].flatMap(([url, problem]) =>
    (places.get(url) ?? []).map((place) => `${place}: the link to ${url} ${problem}`),
  );
}
