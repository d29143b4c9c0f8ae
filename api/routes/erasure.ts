import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { type Erasure, erasureGrounds } from '../../domain/erasure/erasure.ts';
import { TendError } from '../../domain/errors.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { eraseLead } from '../../store/erase-lead.ts';
import { listErasures, readErasure } from '../../store/erasures.ts';
import { resolveLead } from '../../store/resolve-lead.ts';
import { isoInstants } from '../iso-instants.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';

const eraseSchema = z.strictObject({
  because: z.enum(erasureGrounds, {
    error: `must be one of ${erasureGrounds.join(', ')}: it is kept when everything else has gone, so it is no text`,
  }),
  keepHash: z.boolean().default(true),
});

const listSchema = z.strictObject({
  since: z.iso
    .datetime({ offset: true, error: 'must be an instant with its zone, such as 2026-11-21T10:00:00Z' })
    .optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(1_000),
  cursor: z.string().max(100).optional(),
});

/** `/api/leads/<id>/erase` and `/erasure`. */
export function leadErasureRoutes(database: Database, clock: Clock): Router {
  const router = Router();

  /** 200: nothing is left. 202: gone for all that decides; something about the person is leaving at this moment, and is waited for. */
  const erase: RequestHandler<{ id: string }> = async (request, response) => {
    const { because, keepHash } = parseInput(eraseSchema, request.body);
    const input = { leadId: request.params.id, because, keepHash, actor: actorOf(request) };
    const erasure = await eraseLead(database, clock, input);
    response.status(erasure.state === 'done' ? 200 : 202).json(shown(erasure));
  };

  const read: RequestHandler<{ id: string }> = async (request, response) => {
    const { id } = request.params;
    const erasure = (await readErasure(database, await resolveLead(database, id))) ?? (await readErasure(database, id));
    if (erasure === null) throw new TendError('not-found', `Nobody asked to erase the lead ${id}.`);
    response.json(shown(erasure));
  };

  path(router, '/:id/erase', { post: erase });
  path(router, '/:id/erasure', { get: read });
  return router;
}

/** `/api/erasures`: who was erased when, by ids: for asking again after a backup was put back. */
export function erasureRoutes(database: Database): Router {
  const router = Router();

  const list: RequestHandler = async (request, response) => {
    const { since, limit, cursor } = parseInput(listSchema, request.query);
    const page = { since: since === undefined ? null : Date.parse(since), limit, cursor };
    const { erasures, next } = await listErasures(database, page);
    response.json({ erasures: erasures.map(shown), next });
  };

  path(router, '/', { get: list });
  return router;
}

function shown(erasure: Erasure) {
  return isoInstants(erasure) as { readonly [name: string]: unknown };
}
