import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { definitionKeySchema } from '../../domain/definition/definition.ts';
import { webhookEndpointSchema } from '../../domain/webhook/endpoint.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { listWebhookDeliveries, readWebhookDelivery, webhookStates } from '../../store/list-webhook-deliveries.ts';
import { replayDeadWebhooks, replayWebhook } from '../../store/replay-webhook.ts';
import { resolveLead } from '../../store/resolve-lead.ts';
import { testWebhook } from '../../store/test-webhook.ts';
import {
  deleteWebhookEndpoint,
  listWebhookEndpoints,
  putWebhookEndpoint,
  readWebhookEndpoint,
} from '../../store/webhook-endpoints.ts';
import { isoInstants } from '../iso-instants.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';

const keySchema = z.strictObject({ key: definitionKeySchema });
const listSchema = z.strictObject({
  state: z.enum(webhookStates).optional(),
  endpoint: definitionKeySchema.optional(),
  leadId: z.uuid().optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

type Keyed = RequestHandler<{ key: string }>;
type Identified = RequestHandler<{ id: string }>;

/** `/api/webhook-endpoints`. */
export function webhookEndpointRoutes(database: Database, clock: Clock): Router {
  const router = Router();

  const list: RequestHandler = async (_request, response) => {
    response.json({ endpoints: isoInstants(await listWebhookEndpoints(database)) });
  };

  const read: Keyed = async (request, response) => {
    response.json(isoInstants(await readWebhookEndpoint(database, request.params.key)));
  };

  const put: Keyed = async (request, response) => {
    const { key } = parseInput(keySchema, request.params);
    const input = parseInput(webhookEndpointSchema, request.body);
    const by = { actor: actorOf(request), now: clock.now() };
    const { created, ...endpoint } = await putWebhookEndpoint(database, key, input, by);
    response.status(created ? 201 : 200).json(isoInstants(endpoint));
  };

  const remove: Keyed = async (request, response) => {
    await deleteWebhookEndpoint(database, request.params.key, { actor: actorOf(request), now: clock.now() });
    response.status(204).end();
  };

  const test: Keyed = async (request, response) => {
    const by = { actor: actorOf(request), now: clock.now() };
    response.status(202).json(isoInstants(await testWebhook(database, request.params.key, by)));
  };

  const replay: Keyed = async (request, response) => {
    const by = { actor: actorOf(request), now: clock.now() };
    response.status(202).json({ replayed: await replayDeadWebhooks(database, request.params.key, by) });
  };

  path(router, '/', { get: list });
  path(router, '/:key', { get: read, put, delete: remove });
  path(router, '/:key/test', { post: test });
  path(router, '/:key/replay', { post: replay });
  return router;
}

/** `/api/webhook-deliveries`. */
export function webhookDeliveryRoutes(database: Database, clock: Clock): Router {
  const router = Router();

  const list: RequestHandler = async (request, response) => {
    const { leadId, ...filter } = parseInput(listSchema, request.query);
    const lead = leadId && (await resolveLead(database, leadId));
    response.json({ deliveries: isoInstants(await listWebhookDeliveries(database, { ...filter, leadId: lead })) });
  };

  const read: Identified = async (request, response) => {
    response.json(isoInstants(await readWebhookDelivery(database, request.params.id)));
  };

  const replay: Identified = async (request, response) => {
    const by = { actor: actorOf(request), now: clock.now() };
    response.status(202).json(isoInstants(await replayWebhook(database, request.params.id, by)));
  };

  path(router, '/', { get: list });
  path(router, '/:id', { get: read });
  path(router, '/:id/replay', { post: replay });
  return router;
}
