import { createHash } from 'node:crypto';
import { type RequestHandler, Router } from 'express';
import {
  EMAIL_LINK_CLICKED,
  EMAIL_OPENED,
  type Properties,
  TEND_SOURCE,
} from '../../domain/interaction/interaction.ts';
import { readToken } from '../../mail/tokens.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { readLinkedMessage } from '../../store/read-message.ts';
import type { Ingest } from '../ingest.ts';
import { path } from '../middleware/methods.ts';
import { badLinkPage } from '../pages.ts';

export interface TrackingRouteOptions {
  readonly database: Database;
  readonly ingest: Ingest;
  readonly clock: Clock;
  readonly signingSecret: string;
}

/** A transparent GIF of one pixel, the smallest there is. */
const PIXEL = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
/** The reader waits at most this long for the record, in milliseconds; the link must work whatever the database does. */
const PATIENCE_MS = 1_500;
/** Mail programs fetch again and again, and anybody with the link may: one record a minute is enough. */
const OPENS_EVERY_MS = 60_000;
/** A double click is one click. */
const CLICKS_EVERY_MS = 5_000;

/** The open pixel and the tracked links of mails. */
export function trackingRoutes(options: TrackingRouteOptions): Router {
  const router = Router();
  const { signingSecret, clock } = options;

  const open: RequestHandler<{ token: string }> = async (request, response) => {
    const content = readToken(signingSecret, 'open', request.params.token);
    if (content !== null && request.method === 'GET') {
      const bucket = Math.floor(clock.now() / OPENS_EVERY_MS);
      await soon(record(options, EMAIL_OPENED, content.messageId, `open:${content.messageId}:${bucket}`));
    }
    // A pixel that is not ours is still a pixel: a broken picture would tell nobody anything.
    response.set({ 'Content-Type': 'image/gif', 'Cache-Control': 'no-store' }).send(PIXEL);
  };

  const click: RequestHandler<{ token: string }> = async (request, response) => {
    const content = readToken(signingSecret, 'click', request.params.token);
    if (content === null) {
      badLinkPage(request, response);
      return;
    }
    const { messageId, url } = content;
    if (request.method === 'GET') {
      const link = createHash('sha256').update(url).digest('base64url').slice(0, 12);
      const bucket = Math.floor(clock.now() / CLICKS_EVERY_MS);
      await soon(record(options, EMAIL_LINK_CLICKED, messageId, `click:${messageId}:${link}:${bucket}`, { url }));
    }
    response.set({ 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' }).redirect(302, url);
  };

  path(router, '/o/:token', { get: open });
  path(router, '/c/:token', { get: click });
  return router;
}

async function record(
  { database, ingest, clock }: TrackingRouteOptions,
  name: string,
  messageId: string,
  interactionId: string,
  more: Properties = {},
): Promise<void> {
  const message = await readLinkedMessage(database, messageId);
  if (message === null) return;
  const now = clock.now();
  await ingest.add([
    {
      source: TEND_SOURCE,
      messageId: interactionId,
      identity: { kind: 'email', value: message.address },
      kind: 'tend',
      name,
      properties: {
        message: message.id,
        template: message.templateKey,
        sequence: message.sequenceKey,
        step: message.stepId,
        ...more,
      },
      context: null,
      occurredAt: now,
      receivedAt: now,
      claimedAt: null,
    },
  ]);
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
