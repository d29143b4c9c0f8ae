import express, { type RequestHandler, Router } from 'express';
import { TendError } from '../../domain/errors.ts';
import { isSignedBy, isSnsUrl, type SnsMessage, snsMessageSchema } from '../../mail/ses/sns-message.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { receiveInbound } from '../../store/receive-inbound.ts';
import { path } from '../middleware/methods.ts';
import { createSnsClient, type SnsClient } from '../sns-client.ts';

export interface SesOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** ARNs of the topics that are believed; none, as by default: this address does not exist. */
  readonly topics?: readonly string[];
  /** Default: over the internet. */
  readonly sns?: SnsClient;
}

/**
 * `POST /hooks/ses`: what Amazon SES tells by SNS of the mails that it sends. Whoever else writes here is refused: only a
 * message of a topic that the settings name, signed by SNS, is stored. The answer comes after it is stored; SNS sends again
 * what was not answered with 200. What follows from it is worked out by the worker.
 */
export function sesRoutes({ database, clock, topics = [], sns = createSnsClient() }: SesOptions): Router {
  const router = Router();

  const receive: RequestHandler = async (request, response) => {
    if (topics.length === 0)
      throw new TendError('not-found', 'Nothing is taken here: set TEND_SES_TOPICS to the ARNs of your SNS topics.');
    const message = readMessage(request.body);
    if (!topics.includes(message.TopicArn))
      throw new TendError('signature-invalid', 'This topic is not among TEND_SES_TOPICS.');
    const certificate = await sns.certificate(message.SigningCertURL).catch(() => null);
    if (certificate === null || !isSignedBy(message, certificate))
      throw new TendError('signature-invalid', 'The message is not signed by SNS.');
    await take(message);
    response.status(200).json({ taken: true });
  };

  async function take(message: SnsMessage): Promise<void> {
    switch (message.Type) {
      case 'SubscriptionConfirmation': {
        const { SubscribeURL: url = '' } = message;
        if (!isSnsUrl(url, 'subscription'))
          throw new TendError('signature-invalid', 'The subscription is not confirmed at an address of SNS.');
        await sns.confirm(url).catch(() => {
          throw new TendError('unavailable', 'The subscription could not be confirmed just now.');
        });
        return;
      }
      case 'UnsubscribeConfirmation':
        return;
      case 'Notification':
        await receiveInbound(database, {
          via: 'ses',
          dedupeKey: `ses:${message.TopicArn}:${message.MessageId}`,
          envelopeFrom: null,
          envelopeTo: [],
          raw: Buffer.from(message.Message, 'utf8'),
          now: clock.now(),
        });
    }
  }

  // SNS calls its JSON text/plain.
  router.use(express.text({ type: () => true, limit: '512kb' }));
  path(router, '/ses', { post: receive });
  return router;
}

function readMessage(body: unknown): SnsMessage {
  let json: unknown;
  try {
    json = JSON.parse(typeof body === 'string' ? body : '');
  } catch {
    throw new TendError('invalid-json', 'The body must be a message of Amazon SNS, with raw message delivery off.');
  }
  const parsed = snsMessageSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path: at, message }) => ({ path: at.join('.'), problem: message }));
  throw new TendError(
    'invalid-request',
    'The body is no message of Amazon SNS; raw message delivery must be off.',
    problems,
  );
}
