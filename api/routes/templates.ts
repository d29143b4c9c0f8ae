import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { localeSchema } from '../../domain/definition/template.ts';
import { TendError } from '../../domain/errors.ts';
import type { ComposeOptions } from '../../mail/compose.ts';
import type { Clock } from '../../store/clock.ts';
import { composeTemplateTests } from '../../store/compose-test-mail.ts';
import type { Database } from '../../store/database.ts';
import { previewTemplate } from '../../store/preview-template.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';
import { definitionRoutes, refuseUnknowableKey } from './definitions.ts';
import { sendTests, type TestMailSender, testSchema } from './mailings.ts';

const previewSchema = z.strictObject({
  lead: z.string().optional(),
  attributes: z.record(z.string().min(1).max(200), z.json()).optional(),
  locale: localeSchema.optional(),
  draft: z.boolean().default(false),
});

const templateTestSchema = testSchema.extend({ draft: z.boolean().default(false) });

/** `/api/templates`: as other definitions, and a look at the mails they make. */
export function templateRoutes(
  database: Database,
  clock: Clock,
  { compose, testMails: sender }: { readonly compose: ComposeOptions; readonly testMails: TestMailSender | null },
): Router {
  const router = Router();
  router.param('key', refuseUnknowableKey);
  type Keyed = RequestHandler<{ key: string }>;

  const preview: Keyed = async (request, response) => {
    const { lead: leadId, ...input } = parseInput(previewSchema, request.body ?? {});
    const { key } = request.params;
    const more = { key, leadId, mailFrom: compose.from, now: clock.now() };
    response.json(await previewTemplate(database, { ...input, ...more }));
  };

  const test: Keyed = async (request, response) => {
    const { to, leadId, locale, draft } = parseInput(templateTestSchema, request.body);
    if (sender === null)
      throw new TendError('unavailable', 'This API process has no mail server, so it can send no test.');
    const which = draft ? 'draft' : 'live';
    const input = {
      key: request.params.key,
      which,
      to,
      leadId,
      locale,
      actor: actorOf(request),
      now: clock.now(),
    } as const;
    const mails = await composeTemplateTests(database, sender.compose, input);
    response.json({ mails: await sendTests(sender, mails) });
  };

  path(router, '/:key/preview', { post: preview });
  path(router, '/:key/test', { post: test });
  router.use(definitionRoutes('template', database, clock));
  return router;
}
