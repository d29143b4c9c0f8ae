import express, { type RequestHandler, Router } from 'express';
import { type FieldProblem, TendError } from '../../domain/errors.ts';
import type { Clock } from '../../store/clock.ts';
import type { NewInteraction } from '../../store/ingest-interactions.ts';
import type { Ingest } from '../ingest.ts';
import type { FindKey } from '../middleware/api-key-cache.ts';
import { checkKey, keyInHeader, keyMissing } from '../middleware/authenticate.ts';
import { path } from '../middleware/methods.ts';
import { MOST_EVENT_BYTES } from '../segment/clean-json.ts';
import { parseBatch } from '../segment/parse-batch.ts';
import { type EventFrame, parseEvent, segmentCalls } from '../segment/parse-event.ts';
import { parseSentAt } from '../segment/timestamp.ts';

export interface SegmentRouteOptions {
  readonly ingest: Ingest;
  readonly findKey: FindKey;
  readonly clock: Clock;
}

/** Segment's limit for a batch. */
const MOST_BATCH_BYTES = 500 * 1024;

type Read = (
  body: Record<string, unknown>,
  frame: Omit<EventFrame, 'path'>,
  problems: FieldProblem[],
) => NewInteraction[];

/** `POST /v1/track | identify | page | group | batch` in the format of Segment's HTTP API. */
export function segmentRoutes(options: SegmentRouteOptions): Router {
  const router = Router();
  router.use(crossOrigin);
  // Segment's browser library sends JSON as text/plain, which spares it a preflight request: the type says nothing.
  const readEvent = express.json({ limit: MOST_EVENT_BYTES, type: () => true });
  const readBatch = express.json({ limit: MOST_BATCH_BYTES, type: () => true });
  for (const call of segmentCalls) {
    const read: Read = (body, frame, problems) => {
      const interaction = parseEvent(call, body, { ...frame, path: '' }, problems);
      return interaction === null ? [] : [interaction];
    };
    path(router, `/${call}`, { post: [readEvent, take(options, read)] });
  }
  const read: Read = (body, frame, problems) => parseBatch(body.batch, frame, problems);
  path(router, '/batch', { post: [readBatch, take(options, read)] });
  return router;
}

/** Answers once everything is stored. */
function take({ ingest, findKey, clock }: SegmentRouteOptions, read: Read): RequestHandler {
  return async (request, response) => {
    const { body } = request as { body: unknown };
    const fields =
      typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Record<string, unknown>) : null;
    const text =
      keyInHeader(request.headers.authorization) ?? (typeof fields?.writeKey === 'string' ? fields.writeKey : null);
    if (text === null) throw keyMissing('write');
    const found = findKey(text);
    const key = checkKey(found instanceof Promise ? await found : found, 'write');
    if (fields === null) throw new TendError('invalid-request', 'The body must be a JSON object.');

    const receivedAt = clock.now();
    const problems: FieldProblem[] = [];
    const sentAt = parseSentAt(fields.sentAt, 'sentAt', problems);
    const interactions = read(fields, { source: key.name, receivedAt, sentAt }, problems);
    if (problems.length > 0) {
      throw new TendError(
        'invalid-request',
        'Nothing of this request was stored: mend the fields named and send it again.',
        problems,
      );
    }
    await ingest.add(interactions);
    response.setHeader('Content-Type', 'application/json');
    response.end('{"success":true}');
  };
}

/** Websites call from their own origin. There are no cookies here that another site could misuse. */
const crossOrigin: RequestHandler = (request, response, next) => {
  response.setHeader('Access-Control-Allow-Origin', '*');
  if (request.method !== 'OPTIONS') {
    next();
    return;
  }
  response.setHeader('Access-Control-Allow-Methods', 'POST');
  response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type');
  response.setHeader('Access-Control-Max-Age', '86400');
  response.status(204).end();
};
