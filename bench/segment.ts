import type { Instant } from '../domain/instant.ts';
import { type BenchLead, CROSSING_EVENT, stepEvent } from './company.ts';
import type { BenchEvent } from './mixes.ts';

/** Where events are sent. */
export interface Website {
  readonly apiUrl: string;
  readonly writeKey: string;
}

/** An event as a website sends it. */
export function toSegment(event: BenchEvent, leads: readonly BenchLead[], messageId: string, at: Instant): object {
  const common = { messageId, userId: leads[event.lead]?.userId, timestamp: new Date(at).toISOString() };
  switch (event.kind) {
    case 'page':
      return {
        type: 'page',
        ...common,
        name: 'Product',
        properties: { url: 'https://shop.example/products/paper', path: '/products/paper' },
      };
    case 'step':
      return { type: 'track', ...common, event: stepEvent(event.step), properties: { step: event.step } };
    case 'crossing':
      return { type: 'track', ...common, event: CROSSING_EVENT, properties: { pieces: 500 } };
  }
}

/** Sends a batch and waits until it is accepted. Throws when it is not. */
export async function postBatch({ apiUrl, writeKey }: Website, batch: readonly object[]): Promise<void> {
  const response = await fetch(`${apiUrl}/v1/batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: authorization(writeKey) },
    body: JSON.stringify({ batch }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`/v1/batch answered ${response.status}: ${text.slice(0, 500)}`);
}

/** HTTP Basic with the write key as user name. */
export function authorization(writeKey: string): string {
  return `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`;
}
