import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { leadReportSchema } from '../../domain/attributes/report.ts';
import { showAttributes } from '../../domain/attributes/shown.ts';
import { conditionSchema } from '../../domain/conditions/condition.ts';
import { consentEvidenceSchema } from '../../domain/consent/evidence.ts';
import { definitionKeySchema } from '../../domain/definition/definition.ts';
import { DAY } from '../../domain/instant.ts';
import type { MachineKind } from '../../domain/interaction/machine.ts';
import { checkCondition } from '../../store/check-condition.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { enrolLead } from '../../store/enrol-lead.ts';
import { explainScore } from '../../store/explain-score.ts';
import { explainWhy } from '../../store/explain-why.ts';
import { listEnrolments } from '../../store/list-enrolments.ts';
import { readWeighedStatements } from '../../store/read-attributes.ts';
import { readDiscounted } from '../../store/read-discounted.ts';
import { readLead } from '../../store/read-lead.ts';
import { readTimeline, type TimelinePage } from '../../store/read-timeline.ts';
import { recordLeadAttributes } from '../../store/record-attributes.ts';
import { recordConsent } from '../../store/record-consent.ts';
import { searchLeads } from '../../store/search-leads.ts';
import { isoInstants } from '../iso-instants.ts';
import { machineInWords, machinesInWords } from '../machine-in-words.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';
import { scoreInWords } from '../score-in-words.ts';
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

const instantSchema = z.iso.datetime({
  offset: true,
  error: 'must be an instant with its zone, such as 2026-11-21T10:00:00Z',
});

const checkSchema = z.strictObject({ condition: conditionSchema, at: instantSchema.optional() });

const scoreSchema = z.strictObject({
  at: instantSchema.optional(),
  model: definitionKeySchema.optional(),
  version: z.coerce.number().int().min(1).max(2_147_483_647).optional(),
});

const enrolmentSchema = z.strictObject({
  sequence: definitionKeySchema,
  again: z.boolean().default(false),
  ignoreAudience: z.boolean().default(false),
});

/** Of what counts for nothing, `why` tells the last days': whoever asks has just seen it. */
const DISCOUNTED_SHOWN_MS = 7 * DAY;

/** What was taken for a machine's says why. */
function inWords({ entries, next }: TimelinePage): object {
  const told = entries.map((entry) => {
    const { discountedAs: as, discountedWhy: why } = entry.detail as {
      discountedAs?: MachineKind;
      discountedWhy?: string | null;
    };
    return as === undefined ? entry : { ...entry, words: machineInWords(as, why ?? null) };
  });
  return { entries: told, next };
}

/** `/api/leads`. */
export function leadRoutes(database: Database, clock: Clock): Router {
  const router = Router();

  const search: RequestHandler = async (request, response) => {
    const leads = await searchLeads(database, parseInput(searchSchema, request.body));
    response.json({ leads: isoInstants(leads) });
  };

  const read: RequestHandler<{ id: string }> = async (request, response) => {
    const page = parseInput(pageSchema, request.query);
    const lead = await readLead(database, request.params.id, clock.now());
    const timeline = inWords(await readTimeline(database, lead.id, page));
    response.json(isoInstants({ ...lead, timeline }));
  };

  const why: RequestHandler<{ id: string }> = async (request, response) => {
    const now = clock.now();
    const found = await explainWhy(database, request.params.id, now);
    const ownNow = now + (found.testLead?.aheadMs ?? 0);
    const spell = { from: ownNow - DISCOUNTED_SHOWN_MS, until: ownNow };
    const discounted = await readDiscounted(database, found.lead.id, spell);
    const words = [...whyInWords(found, now), ...machinesInWords(discounted)];
    response.json(isoInstants({ ...found, discounted, words }));
  };

  const score: RequestHandler<{ id: string }> = async (request, response) => {
    const { at, model, version } = parseInput(scoreSchema, request.query);
    const question = { leadId: request.params.id, at: at === undefined ? clock.now() : Date.parse(at), model, version };
    const scores = await explainScore(database, question);
    response.json({ scores: scores.map((score) => isoInstants({ ...score, words: scoreInWords(score) })) });
  };

  const check: RequestHandler<{ id: string }> = async (request, response) => {
    const { condition, at } = parseInput(checkSchema, request.body);
    const instant = at === undefined ? clock.now() : Date.parse(at);
    response.json(isoInstants(await checkCondition(database, { leadId: request.params.id, condition, at: instant })));
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

  /** Answers with what is known now under the names given: what was said may not be what counts. */
  const attributes: RequestHandler<{ id: string }> = async (request, response) => {
    const { attributes: lead, account, ...said } = parseInput(leadReportSchema, request.body);
    const now = clock.now();
    const report = { leadId: request.params.id, lead, account, ...said, actor: actorOf(request), now };
    const recorded = await recordLeadAttributes(database, report);
    const weighed = await readWeighedStatements(database, recorded);
    response.status(201).json(
      isoInstants({
        leadId: recorded.leadId,
        at: recorded.at,
        attributes: showAttributes(weighed, 'lead', now).filter(({ name }) => Object.hasOwn(lead, name)),
        account: showAttributes(weighed, 'account', now).filter(({ name }) => Object.hasOwn(account, name)),
      }),
    );
  };

  const enrolments: RequestHandler<{ id: string }> = async (request, response) => {
    response.json({ enrolments: isoInstants(await listEnrolments(database, request.params.id)) });
  };

  const enrol: RequestHandler<{ id: string }> = async (request, response) => {
    const how = parseInput(enrolmentSchema, request.body);
    const input = { leadId: request.params.id, ...how, actor: actorOf(request), now: clock.now() };
    response.status(201).json(await enrolLead(database, input));
  };

  path(router, '/search', { post: search });
  path(router, '/:id', { get: read });
  path(router, '/:id/why', { get: why });
  path(router, '/:id/score', { get: score });
  path(router, '/:id/check', { post: check });
  path(router, '/:id/attributes', { post: attributes });
  path(router, '/:id/consents', { post: consent });
  path(router, '/:id/enrolments', { get: enrolments, post: enrol });
  return router;
}
