import { once } from 'node:events';
import type { Response } from 'express';

/**
 * Sends an answer piece by piece, as it is made: it may be longer than memory. A reader that is slow is waited for; one that
 * has gone ends it. What fails half-way breaks the connection off, so that nobody takes it for whole.
 */
export async function sendTexts(response: Response, texts: AsyncIterable<string>): Promise<void> {
  const left = new AbortController();
  response.once('close', () => left.abort());
  try {
    for await (const text of texts) {
      if (response.destroyed) return;
      if (!response.write(text)) await once(response, 'drain', { signal: left.signal });
    }
  } catch (error) {
    if (left.signal.aborted) return;
    if (!response.headersSent) throw error;
    response.destroy(error instanceof Error ? error : undefined);
    return;
  }
  response.end();
}
