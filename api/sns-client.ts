import { isSnsUrl } from '../mail/ses/sns-message.ts';

/** What Tend asks of SNS: the certificates that sign, and to confirm a subscription. */
export interface SnsClient {
  /** PEM. Throws where it can't be had. */
  certificate(url: string): Promise<string>;
  confirm(subscribeUrl: string): Promise<void>;
}

const TIMEOUT_MS = 10_000;
/** A certificate is 2 KB. */
const MOST_BYTES = 64 * 1024;
/** SNS has one a region at a time, and renews it yearly. */
const MOST_KEPT = 20;
/** Who sends forged messages must not have us fetch for each. */
const REFUSED_MS = 60_000;

/**
 * `fetching` is for tests. Certificates are kept: there are few, and each notification names one. A failure is remembered
 * for a minute.
 */
export function createSnsClient(fetching: (url: string) => Promise<string> = fetchText): SnsClient {
  const kept = new Map<string, { readonly pem: Promise<string>; readonly until: number }>();
  return {
    async certificate(url) {
      if (!isSnsUrl(url, 'certificate')) throw new Error('the certificate is not at an address of SNS');
      const known = kept.get(url);
      if (known !== undefined && known.until > performance.now()) return known.pem;
      const pem = fetching(url);
      kept.set(url, { pem, until: Number.POSITIVE_INFINITY });
      pem.catch(() => kept.set(url, { pem, until: performance.now() + REFUSED_MS }));
      const [oldest] = kept.keys();
      if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
      return pem;
    },
    async confirm(subscribeUrl) {
      if (!isSnsUrl(subscribeUrl, 'subscription'))
        throw new Error('the subscription is not confirmed at an address of SNS');
      await fetching(subscribeUrl);
    },
  };
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`SNS answered ${response.status}`);
  let text = '';
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString('latin1');
    if (text.length > MOST_BYTES) throw new Error('the answer of SNS is too long');
  }
  return text;
}
