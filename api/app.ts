import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { ApprovalParty } from '../domain/scoring/approval.ts';
import { domainOf } from '../domain/sender/sender.ts';
import type { ComposeOptions } from '../mail/compose.ts';
import type { Clock } from '../store/clock.ts';
import type { Database } from '../store/database.ts';
import type { Ingest } from './ingest.ts';
import { createMetrics } from './metrics.ts';
import { createKeyCache } from './middleware/api-key-cache.ts';
import { authenticateSecretKey } from './middleware/authenticate.ts';
import { jsonBody } from './middleware/json-body.ts';
import { notFound, problemDetails, type ReportFailure } from './middleware/problem-details.ts';
import { accountRoutes } from './routes/accounts.ts';
import { answerRoutes } from './routes/answers.ts';
import { calibrationRoutes } from './routes/calibration.ts';
import { confirmRoutes } from './routes/confirm.ts';
import { consentProofRoutes } from './routes/consent-proof.ts';
import { definitionRoutes } from './routes/definitions.ts';
import { enrolmentRoutes } from './routes/enrolments.ts';
import { erasureRoutes, leadErasureRoutes } from './routes/erasure.ts';
import { exportRoutes } from './routes/export.ts';
import { handoffRoutes } from './routes/handoffs.ts';
import { healthRoutes } from './routes/health.ts';
import { inboundRoutes } from './routes/inbound.ts';
import { installationRoutes } from './routes/installation.ts';
import { interactionRoutes } from './routes/interactions.ts';
import { leadRoutes } from './routes/leads.ts';
import { mailingRoutes, mailingRunRoutes, type TestMailSender } from './routes/mailings.ts';
import { messageRoutes } from './routes/messages.ts';
import { browserOptInRoutes, optInRoutes } from './routes/opt-ins.ts';
import { leadPreferencesRoutes, preferencesRoutes } from './routes/preferences.ts';
import { renewRoutes } from './routes/renew.ts';
import { replayRoutes } from './routes/replays.ts';
import { repRoutes } from './routes/reps.ts';
import { scoreAdjustmentRoutes } from './routes/score-adjustments.ts';
import { scoringModelRoutes } from './routes/scoring-models.ts';
import { segmentRoutes } from './routes/segment.ts';
import { senderHealthRoutes } from './routes/senders-health.ts';
import { reportRoutes, sequenceRoutes } from './routes/sequences.ts';
import { type SesOptions, sesRoutes } from './routes/ses.ts';
import { suppressionImportRoutes, suppressionRoutes } from './routes/suppressions.ts';
import { templateRoutes } from './routes/templates.ts';
import { testLeadRoutes } from './routes/test-leads.ts';
import { trackingRoutes } from './routes/tracking.ts';
import { unsubscribeRoutes } from './routes/unsubscribe.ts';
import { viewMailRoutes } from './routes/view-mail.ts';
import { webhookDeliveryRoutes, webhookEndpointRoutes } from './routes/webhooks.ts';

export interface AppOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly ingest: Ingest;
  /** Signs the links in mails. */
  readonly signingSecret: string;
  /** With what mails are composed. Default: links to this machine, signed by `signingSecret`. */
  readonly compose?: ComposeOptions;
  /** Whose word counts on where a request came from: addresses, CIDR ranges, `loopback`, `linklocal`, `uniquelocal`. */
  readonly trustedProxies?: readonly string[];
  /** Who must approve a version of a scoring model before it goes live; default: nobody. */
  readonly modelApprovals?: readonly ApprovalParty[];
  /** Sends tests of mailings; null, as by default: this process sends no mail. */
  readonly testMails?: TestMailSender | null;
  /** Whose word on our mails is taken (Amazon SES); default: nobody's. */
  readonly ses?: Pick<SesOptions, 'topics' | 'sns'>;
  /** Sign-ups that browsers behind one address may make an hour; null, as by default: any number. */
  readonly optInsPerHour?: number | null;
  /** Takes what went wrong on our side, for the log. */
  readonly report: ReportFailure;
}

/** The whole HTTP interface: docs/api.md. */
export function createApp(options: AppOptions): Express {
  const { database, clock, ingest, signingSecret, modelApprovals = [], report } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // Where a person's request came from is part of a consent's evidence: what a proxy says of it counts for known ones only.
  app.set('trust proxy', [...(options.trustedProxies ?? ['loopback'])]);
  const compose = options.compose ?? {
    publicUrl: 'http://127.0.0.1:8080',
    signingSecret,
    from: 'Tend <tend@localhost>',
  };
  const messageIdDomain = domainOf(compose.from) || 'localhost';
  const metrics = createMetrics(ingest, database);
  const findKey = createKeyCache(database, clock);
  const counted =
    (part: string): RequestHandler =>
    (_request, response, next) => {
      response.once('finish', () => metrics.answered(part, response.statusCode));
      next();
    };

  // First, and with nothing else before it: this path carries every event of every website.
  app.use('/v1', counted('v1'), segmentRoutes({ ingest, findKey, clock }));
  const perHour = options.optInsPerHour ?? null;
  app.use('/v1/opt-ins', browserOptInRoutes({ database, clock, findKey, messageIdDomain, perHour }));

  app.use(healthRoutes(database, metrics));
  app.use(
    helmet({
      contentSecurityPolicy: { directives: { formAction: ["'self'"], upgradeInsecureRequests: null } },
      hsts: false,
    }),
  );
  app.use('/t', counted('tracking'), trackingRoutes({ database, clock, signingSecret }));
  app.use('/u', counted('unsubscribe'), unsubscribeRoutes({ database, clock, compose }));
  app.use('/p', counted('preferences'), preferencesRoutes({ database, clock, compose }));
  app.use('/c', counted('confirm'), confirmRoutes({ database, clock, compose }));
  app.use('/r', counted('renew'), renewRoutes({ database, clock, compose }));
  app.use('/m', counted('view'), viewMailRoutes({ database, compose }));
  app.use('/a', counted('answer'), answerRoutes({ database, clock, signingSecret }));
  app.use('/hooks', counted('hooks'), sesRoutes({ database, clock, ...options.ses }));

  const importing = [counted('api'), noStore, authenticateSecretKey(findKey)];
  app.use('/api/suppressions/import', ...importing, suppressionImportRoutes(database, clock));
  app.use('/api', counted('api'), noStore, authenticateSecretKey(findKey), ...jsonBody());
  app.use('/api/suppressions', suppressionRoutes(database, clock));
  app.use('/api/leads', scoreAdjustmentRoutes(database, clock));
  app.use('/api/leads', leadErasureRoutes(database, clock));
  app.use('/api/leads', exportRoutes(database, clock, compose));
  app.use('/api/leads', leadRoutes(database, clock));
  app.use('/api/erasures', erasureRoutes(database));
  app.use('/api/leads', leadPreferencesRoutes(database, clock));
  app.use('/api/leads', consentProofRoutes(database, clock, compose));
  app.use('/api/opt-ins', optInRoutes({ database, clock, messageIdDomain }));
  app.use('/api/test-leads', testLeadRoutes(database, clock));
  app.use('/api/handoffs', handoffRoutes(database, clock));
  app.use('/api/sequences', sequenceRoutes(database, clock));
  app.use('/api/enrolments', enrolmentRoutes(database, clock));
  app.use('/api/reports', reportRoutes(database));
  app.use('/api/mailings', mailingRoutes(database, clock, options.testMails ?? null));
  app.use('/api/mailing-runs', mailingRunRoutes(database));
  app.use('/api/scoring-models', calibrationRoutes(database, clock));
  app.use('/api/scoring-models', scoringModelRoutes(database, clock, modelApprovals));
  app.use('/api/replays', replayRoutes(database, clock));
  app.use('/api/templates', templateRoutes(database, clock, { compose, testMails: options.testMails ?? null }));
  app.use('/api/attributes', definitionRoutes('attributes', database, clock));
  app.use('/api/pacing', definitionRoutes('pacing', database, clock));
  app.use('/api/consent-policies', definitionRoutes('consent', database, clock));
  app.use('/api/senders', senderHealthRoutes(database, clock));
  app.use('/api/senders', definitionRoutes('sender', database, clock));
  app.use('/api/inbound', inboundRoutes(database));
  app.use('/api/layouts', definitionRoutes('layout', database, clock));
  app.use('/api/partials', definitionRoutes('partial', database, clock));
  app.use('/api/accounts', accountRoutes(database, clock));
  app.use('/api/interactions', interactionRoutes(database, clock));
  app.use('/api/reps', repRoutes(database, clock));
  app.use('/api/messages', messageRoutes(database, clock));
  app.use('/api/webhook-endpoints', webhookEndpointRoutes(database, clock));
  app.use('/api/webhook-deliveries', webhookDeliveryRoutes(database, clock));
  app.use('/api', installationRoutes(database, clock));

  app.use(notFound);
  app.use(problemDetails(report));
  return app;
}

/** These answers are about people. */
const noStore: RequestHandler = (_request, response, next) => {
  response.setHeader('Cache-Control', 'no-store');
  next();
};
