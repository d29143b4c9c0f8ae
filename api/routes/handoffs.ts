import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { definitionKeySchema } from '../../domain/definition/definition.ts';
import { acceptHandoff } from '../../store/accept-handoff.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { listHandoffs, readHandoff } from '../../store/list-handoffs.ts';
import { recordOutcome } from '../../store/record-outcome.ts';
import { rejectHandoff } from '../../store/reject-handoff.ts';
import { resolveLead } from '../../store/resolve-lead.ts';
import { isoInstants } from '../iso-instants.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';

const listSchema = z.strictObject({
  state: z.enum(['offered', 'accepted', 'closed']).optional(),
  lead: z.uuid().optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
const reason = z.string().trim().min(1).max(1_000);
const acceptSchema = z.strictObject({ rep: definitionKeySchema });
const rejectSchema = z.strictObject({ rep: definitionKeySchema, reason });
const outcomeSchema = z.strictObject({
  outcome: z.enum(['won', 'lost', 'recycled']),
  reason: reason.optional(),
  rep: definitionKeySchema.optional(),
});

/** `/api/handoffs`. */
export function handoffRoutes(database: Database, clock: Clock): Router {
  const router = Router();

  const list: RequestHandler = async (request, response) => {
    const { state, lead, limit } = parseInput(listSchema, request.query);
    response.json({
      handoffs: isoInstants(
        await listHandoffs(database, { state, leadId: lead && (await resolveLead(database, lead)), limit }),
      ),
    });
  };

  const read: RequestHandler<{ id: string }> = async (request, response) => {
    response.json(isoInstants(await readHandoff(database, request.params.id)));
  };

  const accept: RequestHandler<{ id: string }> = async (request, response) => {
    const { rep } = parseInput(acceptSchema, request.body);
    const input = { handoffId: request.params.id, rep, actor: actorOf(request), now: clock.now() };
    response.json(isoInstants(await acceptHandoff(database, input)));
  };

  const reject: RequestHandler<{ id: string }> = async (request, response) => {
    const given = parseInput(rejectSchema, request.body);
    const input = { handoffId: request.params.id, ...given, actor: actorOf(request), now: clock.now() };
    response.json(isoInstants(await rejectHandoff(database, input)));
  };

  const outcome: RequestHandler<{ id: string }> = async (request, response) => {
    const given = parseInput(outcomeSchema, request.body);
    const input = {
      handoffId: request.params.id,
      outcome: given.outcome,
      reason: given.reason ?? null,
      rep: given.rep ?? null,
      actor: actorOf(request),
      now: clock.now(),
    };
    response.json(isoInstants(await recordOutcome(database, input)));
  };

  path(router, '/', { get: list });
  path(router, '/:id', { get: read });
  path(router, '/:id/accept', { post: accept });
  path(router, '/:id/reject', { post: reject });
  path(router, '/:id/outcome', { post: outcome });
  return router;
}
