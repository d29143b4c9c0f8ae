import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { type ApprovalParty, approvalParties } from '../../domain/scoring/approval.ts';
import { heldKinds } from '../../domain/scoring/held.ts';
import { approveModel } from '../../store/approve-model.ts';
import type { Clock } from '../../store/clock.ts';
import { compareShadow } from '../../store/compare-shadow.ts';
import type { Database } from '../../store/database.ts';
import { publishDefinition } from '../../store/publish-definition.ts';
import { readModelLife } from '../../store/read-model-life.ts';
import { requestReplay } from '../../store/request-replay.ts';
import { rollbackModel } from '../../store/rollback-model.ts';
import { dropShadow, setShadow } from '../../store/shadow-model.ts';
import { isoInstants } from '../iso-instants.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';
import { definitionRoutes, refuseUnknowableKey } from './definitions.ts';

const version = z.number({ error: 'must be a version number' }).int('must be a whole number').min(1).max(2_147_483_647);
const note = z.string().trim().min(1).max(2_000).nullable().default(null);

/** What becomes of leads that this, not anything they did, makes ready for sales. */
const choice = {
  note,
  changed: z.enum(heldKinds).default('hand-off'),
  perDay: z
    .number({ error: 'must be a whole number of leads, or null for all at once' })
    .int('must be a whole number')
    .min(1, 'must be at least 1; with changed: "never" nobody is handed off')
    .max(1_000_000)
    .nullable()
    .default(null),
};
const perDayOnlyWithHandOff = ({ changed, perDay }: { readonly changed: string; readonly perDay: number | null }) =>
  perDay === null || changed === 'hand-off';
const perDayProblem = { path: ['perDay'], error: 'only limits changed: "hand-off": leave it out, or hand off' };

const publishSchema = z.strictObject(choice).refine(perDayOnlyWithHandOff, perDayProblem);
const rollbackSchema = z
  .strictObject({ ...choice, version: version.optional(), from: version.optional() })
  .refine(perDayOnlyWithHandOff, perDayProblem);
const approvalSchema = z.strictObject({ party: z.enum(approvalParties), note, version: version.optional() });
const shadowSchema = z.strictObject({ version: version.optional() });
const replaySchema = z.strictObject({
  version: version.optional(),
  perWeek: z
    .number({ error: 'must be a whole number of leads' })
    .int('must be a whole number')
    .min(1)
    .max(1_000_000)
    .nullable()
    .default(null),
});

type ByKey = RequestHandler<{ key: string }>;

/** `/api/scoring-models`: as every definition, and the steps of a model's life. */
export function scoringModelRoutes(database: Database, clock: Clock, approvals: readonly ApprovalParty[]): Router {
  const publish: ByKey = async (request, response) => {
    const input = {
      kind: 'scoring_model',
      key: request.params.key,
      choice: parseInput(publishSchema, request.body),
      approvals,
      actor: actorOf(request),
      now: clock.now(),
    } as const;
    response.json(await publishDefinition(database, input));
  };

  const approve: ByKey = async (request, response) => {
    const { version, ...approval } = parseInput(approvalSchema, request.body);
    const input = { ...approval, version, key: request.params.key, actor: actorOf(request), now: clock.now() };
    response.json(isoInstants(await approveModel(database, input)));
  };

  const rollback: ByKey = async (request, response) => {
    const { version, from, ...choice } = parseInput(rollbackSchema, request.body);
    const input = { key: request.params.key, version, from, choice, actor: actorOf(request), now: clock.now() };
    response.json(await rollbackModel(database, input));
  };

  const shadow: ByKey = async (request, response) => {
    const { version } = parseInput(shadowSchema, request.body);
    const input = { key: request.params.key, version, actor: actorOf(request), now: clock.now() };
    response.json(await setShadow(database, input));
  };

  const unshadow: ByKey = async (request, response) => {
    const input = { key: request.params.key, actor: actorOf(request), now: clock.now() };
    response.json(await dropShadow(database, input));
  };

  const compare: ByKey = async (request, response) => {
    response.json(isoInstants(await compareShadow(database, request.params.key)));
  };

  const replay: ByKey = async (request, response) => {
    const { version, perWeek } = parseInput(replaySchema, request.body);
    const input = { key: request.params.key, version, perWeek, actor: actorOf(request), now: clock.now() };
    const requested = await requestReplay(database, input);
    response.status(202).location(`/api/replays/${requested.id}`).json(requested);
  };

  const router = Router();
  router.param('key', refuseUnknowableKey);
  path(router, '/:key/publish', { post: publish });
  path(router, '/:key/approvals', { post: approve });
  path(router, '/:key/rollback', { post: rollback });
  path(router, '/:key/shadow', { get: compare, post: shadow, delete: unshadow });
  path(router, '/:key/replay', { post: replay });
  router.use(
    definitionRoutes('scoring_model', database, clock, async (key) => ({
      ...(await readModelLife(database, key, clock.now())),
      approvalsNeeded: approvals,
    })),
  );
  return router;
}
