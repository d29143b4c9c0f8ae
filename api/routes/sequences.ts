import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { existingChoices } from '../../domain/journey/snapshot.ts';
import { migrationPlanSchema } from '../../domain/sequence/migration.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { enrolLeads } from '../../store/enrol-leads.ts';
import { listSequences } from '../../store/list-sequences.ts';
import { cancelMigration, previewMigration, startMigration } from '../../store/migrate-sequence.ts';
import { pauseSequence, resumeSequence } from '../../store/pause-sequence.ts';
import { publishDefinition } from '../../store/publish-definition.ts';
import { readSequenceLife } from '../../store/read-sequence-life.ts';
import { reportGaps } from '../../store/report-gaps.ts';
import { reportSequence } from '../../store/report-sequence.ts';
import { readJob } from '../../store/sequence-job.ts';
import { pickWinner, readSplit } from '../../store/split-results.ts';
import { isoInstants } from '../iso-instants.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';
import { resumeSchema } from '../resume-schema.ts';
import { definitionRoutes, refuseUnknowableKey } from './definitions.ts';

const publishSchema = z.strictObject({
  existing: z.enum(existingChoices, { error: 'must be leave or enrol' }).default('leave'),
});
const nothingSchema = z.strictObject({});
const migrationSchema = z.strictObject({
  fromVersions: z
    .array(z.number({ error: 'must be a version number' }).int('must be a whole number').min(1).max(2_147_483_647))
    .min(1)
    .max(1_000)
    .optional(),
  plan: migrationPlanSchema,
  dryRun: z.boolean().default(false),
});
const splitSchema = z
  .strictObject({
    event: z.string().min(1).max(200).optional(),
    days: z.coerce.number().int('must be a whole number of days').min(1).max(3_660).optional(),
  })
  .refine(({ event, days }) => event !== undefined || days === undefined, {
    path: ['event'],
    error: 'say which event is to follow within these days',
  });
const enrolSchema = z.strictObject({
  leads: z.array(z.uuid('must be the id of a lead')).min(1).max(500, 'are too many at once: send 500 at most'),
});
const winnerSchema = z.strictObject({ arm: z.string({ error: "must be an arm's id" }).min(1).max(63) });
const DEFAULT_DAYS = 14;

type ByKey = RequestHandler<{ key: string }>;
type ById = RequestHandler<{ key: string; id: string }>;
type ByStep = RequestHandler<{ key: string; step: string }>;

/** `/api/sequences`: as every definition, and what is done with live ones. */
export function sequenceRoutes(database: Database, clock: Clock): Router {
  const list: RequestHandler = async (_request, response) => {
    response.json({ definitions: isoInstants(await listSequences(database)) });
  };

  const publish: ByKey = async (request, response) => {
    const { existing } = parseInput(publishSchema, request.body);
    const by = { actor: actorOf(request), now: clock.now() };
    response.json(await publishDefinition(database, { kind: 'sequence', key: request.params.key, existing, ...by }));
  };

  const pause: ByKey = async (request, response) => {
    parseInput(nothingSchema, request.body);
    const input = { key: request.params.key, actor: actorOf(request), now: clock.now() };
    response.json(isoInstants(await pauseSequence(database, input)));
  };

  const resume: ByKey = async (request, response) => {
    const { over } = parseInput(resumeSchema, request.body);
    const input = { key: request.params.key, over, actor: actorOf(request), now: clock.now() };
    response.json(isoInstants(await resumeSequence(database, input)));
  };

  const migrateLeads: ByKey = async (request, response) => {
    const { key } = request.params;
    const { dryRun, fromVersions, plan } = parseInput(migrationSchema, request.body);
    const input = { key, fromVersions, plan, actor: actorOf(request), now: clock.now() };
    if (dryRun) {
      response.json(await previewMigration(database, input));
      return;
    }
    const job = await startMigration(database, input);
    response.status(202).location(`/api/sequences/${key}/migrations/${job.id}`).json(isoInstants(job));
  };

  const migration: ById = async (request, response) => {
    const { key, id } = request.params;
    response.json(isoInstants(await readJob(database, { sequence: key, kind: 'migration', id })));
  };

  const cancel: ById = async (request, response) => {
    const input = { ...request.params, actor: actorOf(request), now: clock.now() };
    response.json(isoInstants(await cancelMigration(database, input)));
  };

  const split: ByStep = async (request, response) => {
    const { event, days = DEFAULT_DAYS } = parseInput(splitSchema, request.query);
    const { key: sequence, step } = request.params;
    const within = event === undefined ? null : { event, days };
    response.json(isoInstants(await readSplit(database, { sequence, step, within })));
  };

  const pick: ByStep = async (request, response) => {
    const { arm } = parseInput(winnerSchema, request.body);
    response.json({ winner: isoInstants(await choose(request, arm)) });
  };

  const unpick: ByStep = async (request, response) => {
    response.json({ winner: isoInstants(await choose(request, null)) });
  };

  const choose = (request: Parameters<ByStep>[0], arm: string | null) => {
    const { key: sequence, step } = request.params;
    return pickWinner(database, { sequence, step, arm, actor: actorOf(request), now: clock.now() });
  };

  const gaps: ByKey = async (request, response) => {
    response.json({ gaps: await reportGaps(database, request.params.key) });
  };

  const report: ByKey = async (request, response) => {
    response.json(await reportSequence(database, request.params.key));
  };

  const router = Router();
  router.param('key', refuseUnknowableKey);
  const enrolMany: ByKey = async (request, response) => {
    const { leads: leadIds } = parseInput(enrolSchema, request.body);
    const input = { leadIds, sequence: request.params.key, actor: actorOf(request), now: clock.now() };
    response.json(await enrolLeads(database, input));
  };

  path(router, '/', { get: list });
  path(router, '/:key/publish', { post: publish });
  path(router, '/:key/enrolments', { post: enrolMany });
  path(router, '/:key/pause', { post: pause });
  path(router, '/:key/resume', { post: resume });
  path(router, '/:key/migrations', { post: migrateLeads });
  path(router, '/:key/migrations/:id', { get: migration });
  path(router, '/:key/migrations/:id/cancel', { post: cancel });
  path(router, '/:key/splits/:step', { get: split });
  path(router, '/:key/splits/:step/winner', { post: pick, delete: unpick });
  path(router, '/:key/content-gaps', { get: gaps });
  path(router, '/:key/report', { get: report });
  router.use(definitionRoutes('sequence', database, clock, (key) => readSequenceLife(database, key)));
  return router;
}

/** `/api/reports`: over all sequences. */
export function reportRoutes(database: Database): Router {
  const gaps: RequestHandler = async (_request, response) => {
    response.json({ gaps: await reportGaps(database, null) });
  };

  const router = Router();
  path(router, '/content-gaps', { get: gaps });
  return router;
}
