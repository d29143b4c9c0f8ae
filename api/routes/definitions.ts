import { type RequestHandler, type RequestParamHandler, Router } from 'express';
import { type DefinitionKind, definitionKeySchema } from '../../domain/definition/definition.ts';
import { TendError } from '../../domain/errors.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { publishDefinition } from '../../store/publish-definition.ts';
import { putDraft } from '../../store/put-draft.ts';
import { listDefinitions, readDefinition } from '../../store/read-definition.ts';
import { isoInstants } from '../iso-instants.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { path } from '../middleware/methods.ts';

/** `/api/sequences`, `/api/scoring-models`, `/api/templates`, `/api/attributes` or `/api/pacing`: the same for each kind. */
export function definitionRoutes(
  kind: DefinitionKind,
  database: Database,
  clock: Clock,
  /** What this kind shows of a definition beside its versions. */
  readMore: (key: string) => Promise<object> = async () => ({}),
): Router {
  const router = Router();
  router.param('key', refuseUnknowableKey);

  const list: RequestHandler = async (_request, response) => {
    response.json({ definitions: isoInstants(await listDefinitions(database, kind)) });
  };

  const read: RequestHandler<{ key: string }> = async (request, response) => {
    const { key } = request.params;
    const definition = await readDefinition(database, kind, key);
    response.json(isoInstants({ ...definition, ...(await readMore(key)) }));
  };

  const put: RequestHandler<{ key: string }> = async (request, response) => {
    const key = validKey(request.params.key);
    const draft = await putDraft(database, {
      kind,
      key,
      content: request.body as unknown,
      actor: actorOf(request),
      now: clock.now(),
    });
    response.status(draft.created ? 201 : 200).json(draft);
  };

  const publish: RequestHandler<{ key: string }> = async (request, response) => {
    const { key } = request.params;
    response.json(await publishDefinition(database, { kind, key, actor: actorOf(request), now: clock.now() }));
  };

  path(router, '/', { get: list });
  path(router, '/:key', { get: read, put });
  path(router, '/:key/publish', { post: publish });
  return router;
}

/** No definition can have such a key, and PostgreSQL cannot even look for some of them. */
export const refuseUnknowableKey: RequestParamHandler = (request, _response, next, key: string) => {
  if (request.method === 'PUT' || definitionKeySchema.safeParse(key).success) next();
  else
    next(new TendError('not-found', 'There is nothing of this key: keys are lower-case letters, digits and hyphens.'));
};

function validKey(key: string): string {
  const parsed = definitionKeySchema.safeParse(key);
  if (parsed.success) return parsed.data;
  throw new TendError('invalid-request', 'The key in the address is not valid.', [
    { path: 'key', problem: parsed.error.issues[0]?.message ?? 'is not a key' },
  ]);
}
