import autocannon from 'autocannon';
import { authorization } from './segment.ts';

/** What the load process is told. */
export interface HttpLoad {
  readonly apiUrl: string;
  readonly writeKey: string;
  readonly prefix: string;
  readonly visitors: readonly string[];
  /** 1: `/v1/track`; more: `/v1/batch`. */
  readonly eventsPerRequest: number;
  readonly connections: number;
  readonly seconds: number;
}

export interface HttpLoadResult {
  /** Requests that were accepted. */
  readonly answered: number;
  readonly failed: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
}

process.once('message', (load: HttpLoad) => {
  void run(load).then((result) => process.send?.(result, () => process.disconnect()));
});

async function run(load: HttpLoad): Promise<HttpLoadResult> {
  let count = 0;
  const event = () => {
    count += 1;
    return {
      messageId: `${load.prefix}-${count}`,
      userId: load.visitors[count % load.visitors.length],
      event: 'Product Viewed',
      properties: { sku: 'A4-500', category: 'paper', price: 7.5, url: 'https://shop.example/products/paper' },
    };
  };
  const single = load.eventsPerRequest === 1;
  const body = () =>
    JSON.stringify(
      single
        ? event()
        : { batch: Array.from({ length: load.eventsPerRequest }, () => ({ type: 'track', ...event() })) },
    );
  const result = await autocannon({
    url: `${load.apiUrl}${single ? '/v1/track' : '/v1/batch'}`,
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: authorization(load.writeKey) },
    connections: load.connections,
    duration: load.seconds,
    requests: [{ setupRequest: (request) => ({ ...request, body: body() }) }],
  });
  return {
    answered: result['2xx'],
    failed: result.non2xx + result.errors + result.timeouts,
    seconds: result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
  };
}
