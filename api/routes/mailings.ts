import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { localeSchema } from '../../domain/definition/template.ts';
import { TendError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/instant.ts';
import { type MailingTime, mailingTimeSchema } from '../../domain/mailing/mailing-time.ts';
import type { ComposeOptions } from '../../mail/compose.ts';
import type { MailTransport } from '../../mail/transport.ts';
import type { Clock } from '../../store/clock.ts';
import { composeTestMails, type TestMail } from '../../store/compose-test-mail.ts';
import type { Database } from '../../store/database.ts';
import { previewMailing } from '../../store/preview-mailing.ts';
import { listMailings, readMailing } from '../../store/read-mailing.ts';
import { reportMailing } from '../../store/report-mailing.ts';
import { scheduleMailing } from '../../store/schedule-mailing.ts';
import { cancelMailing, pauseMailing, resumeMailing, type SteerMailing } from '../../store/steer-mailing.ts';
import { isoInstants } from '../iso-instants.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';
import { resumeSchema } from '../resume-schema.ts';
import { definitionRoutes, refuseUnknowableKey } from './definitions.ts';

/** How this process sends mail by itself: tests of a mailing. */
export interface TestMailSender {
  readonly transport: MailTransport;
  readonly compose: ComposeOptions;
}

const timeSchema = z.union([z.literal('now'), mailingTimeSchema], {
  error:
    'must be now, an instant with its zone such as 2026-12-01T10:00+01:00, or { date: 2026-12-01, time: "10:00" } by each lead\'s own clock',
});
const scheduleSchema = z.strictObject({ at: timeSchema.optional() });

const nothingSchema = z.strictObject({});

/** Who looks at a mail that is tried, and with whose data. */
export const testSchema = z.strictObject({
  to: z
    .array(z.string())
    .min(1, "must name at least one address of the company's own")
    .max(10, 'must be at most 10 addresses: it is for looking at the mail'),
  leadId: z.string().optional(),
  locale: localeSchema.optional(),
});

/** Sends tests one after the other, and says what became of each. */
export async function sendTests({ transport }: TestMailSender, mails: readonly TestMail[]): Promise<object[]> {
  const results: object[] = [];
  for (const { mail, filledWith } of mails) {
    const result = await transport.send(mail);
    const reason = result.kind === 'accepted' ? null : result.reason;
    results.push({ to: mail.to, subject: mail.subject, state: result.kind, reason, filledWith });
  }
  return results;
}

/** How much numbers of opens are worth. */
const NOTE =
  'Opens are unreliable: mail programs and privacy proxies open mails that nobody reads, and some readers never show. Clicks may be those of scanners.';

/** `/api/mailings`: as other definitions, and the life of one that goes. */
export function mailingRoutes(database: Database, clock: Clock, sender: TestMailSender | null): Router {
  const router = Router();
  router.param('key', refuseUnknowableKey);
  type Keyed = RequestHandler<{ key: string }>;

  const preview: Keyed = async (request, response) => {
    const { at } = parseInput(scheduleSchema, request.body);
    const now = clock.now();
    const time = timeOf(at, now);
    const found = await previewMailing(database, { key: request.params.key, now, time });
    response.json(isoInstants(found));
  };

  const test: Keyed = async (request, response) => {
    const { to, leadId, locale } = parseInput(testSchema, request.body);
    if (sender === null)
      throw new TendError('unavailable', 'This API process has no mail server, so it can send no test.');
    const input = { key: request.params.key, to, leadId, locale, actor: actorOf(request), now: clock.now() };
    const mails = await composeTestMails(database, sender.compose, input);
    response.json({ mails: await sendTests(sender, mails) });
  };

  const schedule: Keyed = async (request, response) => {
    const { key } = request.params;
    const now = clock.now();
    const { at } = parseInput(scheduleSchema, request.body);
    await scheduleMailing(database, { key, time: timeOf(at, now), actor: actorOf(request), now });
    response.json(isoInstants({ key, ...(await readMailing(database, key)) }));
  };

  const steer =
    (change: (input: SteerMailing, body: unknown) => Promise<void>): Keyed =>
    async (request, response) => {
      const { key } = request.params;
      await change({ key, actor: actorOf(request), now: clock.now() }, request.body);
      response.json(isoInstants({ key, ...(await readMailing(database, key)) }));
    };

  const report: Keyed = async (request, response) => {
    response.json(isoInstants({ ...(await reportMailing(database, request.params.key)), note: NOTE }));
  };

  path(router, '/:key/preview', { post: preview });
  path(router, '/:key/test', { post: test });
  path(router, '/:key/schedule', { post: schedule });
  path(router, '/:key/pause', {
    post: steer((input, body) => pauseMailing(database, { ...input, ...parseInput(nothingSchema, body) })),
  });
  path(router, '/:key/resume', {
    post: steer((input, body) => resumeMailing(database, { ...input, ...parseInput(resumeSchema, body) })),
  });
  path(router, '/:key/cancel', {
    post: steer((input, body) => cancelMailing(database, { ...input, ...parseInput(nothingSchema, body) })),
  });
  path(router, '/:key/report', { get: report });
  router.use(definitionRoutes('mailing', database, clock, (key) => readMailing(database, key)));
  return router;
}

/** `/api/mailing-runs`: where each mailing stands. */
export function mailingRunRoutes(database: Database): Router {
  const router = Router();
  const list: RequestHandler = async (_request, response) => {
    response.json({ mailings: isoInstants(await listMailings(database)) });
  };
  path(router, '/', { get: list });
  return router;
}

function timeOf(at: MailingTime | undefined, now: Instant): MailingTime | undefined {
  return at === 'now' ? new Date(now).toISOString() : at;
}
