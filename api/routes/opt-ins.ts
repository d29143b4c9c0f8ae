import { setTimeout as pause } from 'node:timers/promises';
import express, { type RequestHandler, Router } from 'express';
import { rateLimit } from 'express-rate-limit';
import { type OptIn, optInSchema, relayedOptInSchema } from '../../domain/consent/opt-in.ts';
import { isSameSite } from '../../domain/consent/same-site.ts';
import { TendError } from '../../domain/errors.ts';
import { HOUR } from '../../domain/instant.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { requestOptIn } from '../../store/request-opt-in.ts';
import type { FindKey } from '../middleware/api-key-cache.ts';
import { actorOf, checkKey, keyInHeader, keyMissing } from '../middleware/authenticate.ts';
import { keepableTexts, parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';

export interface OptInRouteOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** What Message-IDs end with. */
  readonly messageIdDomain: string;
}

/** The wording is the largest part. */
const MOST_BYTES = 64 * 1024;
const LONGEST_USER_AGENT = 1_000;

/** The same for everybody: whether an address is known is nobody's business who types it in. */
const TAKEN = { accepted: true } as const;
/** For the same reason answers come at full multiples of this, in milliseconds: more is to be done for an address that is new. */
const ANSWERS_EVERY_MS = 50;

/**
 * `POST /v1/opt-ins`, with a write key, from the visitor's browser: a sign-up, whose address is then asked to confirm it.
 * Where it came from is what the connection says. Mounted behind `/v1`'s other calls, which allow every origin.
 */
export function browserOptInRoutes(
  options: OptInRouteOptions & { readonly findKey: FindKey; readonly perHour: number | null },
): Router {
  const router = Router();
  const { database, clock, messageIdDomain, findKey, perHour } = options;
  // As text/plain it spares the browser a preflight request: the type says nothing.
  const readBody = express.json({ limit: MOST_BYTES, type: () => true });

  const take: RequestHandler = async (request, response) => {
    const began = performance.now();
    const { body } = request as { body: unknown };
    const { writeKey, ...fields } = asFields(body);
    const text = keyInHeader(request.headers.authorization) ?? (typeof writeKey === 'string' ? writeKey : null);
    if (text === null) throw keyMissing('write');
    const key = checkKey(await findKey(text), 'write');
    const optIn = parseInput(optInSchema, fields);
    checkOrigin(optIn, request.get('origin'));
    await requestOptIn(database, {
      optIn,
      ip: request.ip ?? null,
      userAgent: request.get('user-agent')?.slice(0, LONGEST_USER_AGENT) ?? null,
      source: key.name,
      now: clock.now(),
      messageIdDomain,
    });
    await pause(ANSWERS_EVERY_MS - ((performance.now() - began) % ANSWERS_EVERY_MS));
    response.status(202).set('Cache-Control', 'no-store').json(TAKEN);
  };

  path(router, '/', { post: [...(perHour === null ? [] : [limited(perHour)]), readBody, keepableTexts, take] });
  return router;
}

/**
 * Each sign-up sends a mail to whoever owns the address, and the write key is public: from one place there are only so many
 * an hour, counted by each process (a network of IPv6, /56, is one place).
 */
function limited(perHour: number): RequestHandler {
  return rateLimit({
    windowMs: HOUR,
    limit: perHour,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    handler: (_request, _response, next) => {
      const detail = `There were more than ${perHour} sign-ups from this address within an hour: try again later.`;
      next(new TendError('too-many-requests', detail));
    },
  });
}

/** `POST /api/opt-ins`, with a secret key: a sign-up that the company's own server passes on, with where the visitor came from. */
export function optInRoutes({ database, clock, messageIdDomain }: OptInRouteOptions): Router {
  const router = Router();

  const take: RequestHandler = async (request, response) => {
    const { ip = null, userAgent = null, ...optIn } = parseInput(relayedOptInSchema, request.body);
    const source = actorOf(request).name;
    await requestOptIn(database, { optIn, ip, userAgent, source, now: clock.now(), messageIdDomain });
    response.status(202).json(TAKEN);
  };

  path(router, '/', { post: take });
  return router;
}

/**
 * Throws where the browser says that the form stands elsewhere (RFC 6454 §7: a page can't set `Origin`): the form's address
 * is evidence, and the mail leads to a page that goes on to its site. A page without one, such as a file, says `null`.
 */
function checkOrigin({ formUrl }: OptIn, origin: string | undefined): void {
  if (origin === undefined || !URL.canParse(origin) || isSameSite(origin, formUrl)) return;
  const problem = 'must be the page that the form stands on: the browser says that it is of another site';
  throw new TendError('invalid-request', 'This sign-up was not taken: mend the field named.', [
    { path: 'formUrl', problem },
  ]);
}

function asFields(body: unknown): Record<string, unknown> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  throw new TendError('invalid-request', 'The body must be a JSON object.');
}
