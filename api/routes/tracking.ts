import { type Request, type RequestHandler, Router } from 'express';
import { isWebAddress, readToken } from '../../mail/tokens.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { type NewHit, recordHit } from '../../store/record-hit.ts';
import { path } from '../middleware/methods.ts';
import { badLinkPage } from '../pages.ts';

export interface TrackingRouteOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly signingSecret: string;
}

/** A transparent GIF of one pixel, the smallest there is. */
const PIXEL = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
/** The reader waits at most this long for the record, in milliseconds; the link must work whatever the database does. */
const PATIENCE_MS = 1_500;
/** Written at once: what websites send needs the connections more. */
const MOST_AT_ONCE = 4;
/** Waiting to be written. While PostgreSQL is slow, readers get their links, and what is beyond is not recorded. */
const MOST_WAITING = 1_000;

/**
 * The open pixel, the tracked links and the trap of mails. A GET changes nothing here: it is recorded as seen, where the
 * person agreed to that, and what it is worth is judged later. No cookies, and no referrer, which would hold the token.
 */
export function trackingRoutes(options: TrackingRouteOptions): Router {
  const router = Router();
  const { signingSecret } = options;
  const record = recorder(options);

  const open: RequestHandler<{ token: string }> = async (request, response) => {
    const content = readToken(signingSecret, 'open', request.params.token);
    if (content !== null) await record(request, { ...content, kind: 'open', url: null });
    // A pixel that is not ours is still a pixel: a broken picture would tell nobody anything.
    response.set({ ...HEADERS, 'Content-Type': 'image/gif' }).send(PIXEL);
  };

  const click: RequestHandler<{ token: string }> = async (request, response) => {
    const content = readToken(signingSecret, 'click', request.params.token);
    if (content === null || !isWebAddress(content.url)) {
      badLinkPage(request, response);
      return;
    }
    await record(request, { ...content, kind: 'click' });
    response.set(HEADERS).redirect(302, content.url);
  };

  const trap: RequestHandler<{ token: string }> = async (request, response) => {
    const content = readToken(signingSecret, 'trap', request.params.token);
    if (content === null) {
      badLinkPage(request, response);
      return;
    }
    await record(request, { ...content, kind: 'trap', url: null });
    response.set(HEADERS).status(204).end();
  };

  path(router, '/o/:token', { get: open });
  path(router, '/c/:token', { get: click });
  path(router, '/h/:token', { get: trap });
  return router;
}

const HEADERS = { 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer', 'X-Robots-Tag': 'noindex, nofollow' };

/** Records hits for as long as the reader can wait, and goes on without them. Express hands a HEAD to the GET's handler. */
function recorder({ database, clock }: TrackingRouteOptions) {
  const waiting: (() => void)[] = [];
  let free = MOST_AT_ONCE;

  async function inTurn(hit: NewHit): Promise<void> {
    if (free === 0) {
      if (waiting.length >= MOST_WAITING) return;
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else free -= 1;
    try {
      await recordHit(database, hit);
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  }

  return (request: Request<{ token: string }>, { messageId, kind, url }: Pick<NewHit, 'messageId' | 'kind' | 'url'>) =>
    soon(
      inTurn({
        messageId,
        kind,
        url,
        method: request.method === 'HEAD' ? 'HEAD' : 'GET',
        userAgent: request.get('User-Agent') ?? null,
        ip: request.ip ?? null,
        now: clock.now(),
      }),
    );
}

/** Waits for `work`, but not for long, and not for its success. */
async function soon(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS);
  });
  await Promise.race([work.catch(() => {}), patience]);
  clearTimeout(timer);
}
