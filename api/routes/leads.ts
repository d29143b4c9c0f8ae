import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { consentEvidenceSchema } from '../../domain/consent/evidence.ts';
import { definitionKeySchema } from '../../domain/definition/definition.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { enrolLead } from '../../store/enrol-lead.ts';
import { explainWhy } from '../../store/explain-why.ts';
import { readLead } from '../../store/read-lead.ts';
import { readTimeline } from '../../store/read-timeline.ts';
import { recordConsent } from '../../store/record-consent.ts';
import { searchLeads } from '../../store/search-leads.ts';
import { isoInstants } from '../iso-instants.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';
import { whyInWords } from '../why-in-words.ts';

const searchSchema = z.strictObject({
  email: z.string().optional(),
  externalId: z.string().optional(),
  anonymousId: z.string().optional(),
});

const pageSchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(200).optional(),
});

const enrolmentSchema = z.strictObject({ sequence: definitionKeySchema });

/** `/api/leads`. */
export function leadRoutes(database: Database, clock: Clock): Router {
  const router = Router();

  const search: RequestHandler = async (request, response) => {
    const leads = await searchLeads(database, parseInput(searchSchema, request.body));
    response.json({ leads: isoInstants(leads) });
  };

  const read: RequestHandler<{ id: string }> = async (request, response) => {
    const page = parseInput(pageSchema, request.query);
    const lead = await readLead(database, request.params.id);
    const timeline = await readTimeline(database, lead.id, page);
    response.json(isoInstants({ ...lead, timeline }));
  };

  const why: RequestHandler<{ id: string }> = async (request, response) => {
    const found = await explainWhy(database, request.params.id);
    response.json(isoInstants({ ...found, words: whyInWords(found, clock.now()) }));
  };

  const consent: RequestHandler<{ id: string }> = async (request, response) => {
    const evidence = parseInput(consentEvidenceSchema, request.body);
    const input = {
      leadId: request.params.id,
      evidence,
      source: 'api',
      actor: actorOf(request),
      now: clock.now(),
    } as const;
    response.status(201).json(isoInstants(await recordConsent(database, input)));
  };

  const enrol: RequestHandler<{ id: string }> = async (request, response) => {
    const { sequence } = parseInput(enrolmentSchema, request.body);
    const input = { leadId: request.params.id, sequence, actor: actorOf(request), now: clock.now() };
    response.status(201).json(await enrolLead(database, input));
  };

  path(router, '/search', { post: search });
  path(router, '/:id', { get: read });
  path(router, '/:id/why', { get: why });
  path(router, '/:id/consents', { post: consent });
  path(router, '/:id/enrolments', { post: enrol });
  return router;
}
