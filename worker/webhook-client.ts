import { Webhook } from 'standardwebhooks';
import { Agent, type Dispatcher } from 'undici';
import type { Attempt } from '../domain/webhook/attempt.ts';
import { assertPublicLiteral, ForbiddenAddressError, publicLookup } from './public-address.ts';

/** One event on its way to one endpoint. */
export interface WebhookRequest {
  readonly url: string;
  /** `webhook-id`: the same in each attempt. */
  readonly id: string;
  /** Each signs, so that a receiver that knows one of them can check (Standard Webhooks, "Zero downtime secret rotation"). */
  readonly secrets: readonly string[];
  readonly sentAt: Date;
  readonly body: string;
}

export interface WebhookClient {
  /** Makes one attempt. Never throws: whatever happens is how the attempt ended. */
  send(request: WebhookRequest): Promise<Attempt>;
  close(): Promise<void>;
}

export interface WebhookClientOptions {
  /** Lets requests go to addresses that are not of the public internet. */
  readonly allowPrivate: boolean;
  /** For everything from the name's look-up to the answer's headers. */
  readonly timeoutMs: number;
  /** Looks names up; default: as the system does. */
  readonly lookup?: Parameters<typeof publicLookup>[0];
}

/** An answer is its status; what else it says is read only so that the connection can be used again. */
const MOST_OF_BODY = 4_096;

/** Sends by Standard Webhooks. Redirects are not followed: where they lead, nobody has registered. */
export function createWebhookClient({ allowPrivate, timeoutMs, lookup }: WebhookClientOptions): WebhookClient {
  const agent = new Agent({
    connect: { timeout: timeoutMs, ...(allowPrivate ? {} : { lookup: publicLookup(lookup) }) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  return {
    async send(request) {
      try {
        const url = new URL(request.url);
        if (!allowPrivate) assertPublicLiteral(url);
        const { statusCode, body } = await agent.request({
          origin: url.origin,
          path: `${url.pathname}${url.search}`,
          method: 'POST',
          headers: headersOf(request),
          body: request.body,
          signal: AbortSignal.timeout(timeoutMs),
        });
        await readSome(body);
        return { kind: 'answered', status: statusCode };
      } catch (error) {
        return { kind: 'failed', problem: inWords(error, timeoutMs) };
      }
    },
    // Whoever closes has waited for what is under way; idle connections are all there is.
    close: () => agent.destroy(),
  };
}

function headersOf({ id, sentAt, secrets, body }: WebhookRequest): Record<string, string> {
  return {
    'content-type': 'application/json',
    'user-agent': 'Tend-Webhooks',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1_000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, sentAt, body)).join(' '),
  };
}

/** The status has said it all: an answer that never ends, or breaks off, changes nothing. */
async function readSome(body: Dispatcher.ResponseData['body']): Promise<void> {
  let read = 0;
  try {
    for await (const chunk of body) {
      read += (chunk as Buffer).length;
      if (read >= MOST_OF_BODY) break;
    }
  } catch {
    body.destroy();
  }
}

/** What went wrong, by its code: messages of libraries may quote what was sent. */
function inWords(error: unknown, timeoutMs: number): string {
  if (error instanceof ForbiddenAddressError) return error.message;
  const { name, code } = error as { name?: string; code?: unknown };
  if (name === 'TimeoutError' || code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT') {
    return `No answer within ${timeoutMs / 1_000} seconds.`;
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `The name of the host could not be looked up (${code}).`;
  return `The request failed (${typeof code === 'string' ? code : (name ?? 'unknown')}).`;
}
