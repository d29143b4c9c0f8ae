import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { TendError } from '../../domain/errors.ts';
import { messageStates } from '../../domain/sending/message.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { listMessages, type MessageFilter, WAITING_STATES } from '../../store/list-messages.ts';
import { resolveLead } from '../../store/resolve-lead.ts';
import { type SettledMessage, settleMessage, settlements } from '../../store/settle-message.ts';
import { isoInstants } from '../iso-instants.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';

const listSchema = z.strictObject({
  lead: z.string().optional(),
  state: z.enum(messageStates, { error: `must be one of ${messageStates.join(', ')}` }).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

const settleSchema = z.strictObject({
  outcome: z.enum(settlements, { error: 'must be sent or not-sent' }),
  note: z.string().trim().min(1).max(500).optional(),
});

/** `/api/messages?lead=&state=`, and what became of one that nobody knew of. */
export function messageRoutes(database: Database, clock: Clock): Router {
  const router = Router();

  const list: RequestHandler = async (request, response) => {
    const filter = await filterOf(database, parseInput(listSchema, request.query));
    response.json({ messages: isoInstants(await listMessages(database, filter)) });
  };

  const settle: RequestHandler<{ id: string }> = async (request, response) => {
    const { outcome, note = null } = parseInput(settleSchema, request.body);
    const input = { messageId: request.params.id, outcome, note, actor: actorOf(request), now: clock.now() };
    const settled = await settleMessage(database, input);
    response.json({ ...settled, words: settledInWords(settled) });
  };

  path(router, '/', { get: list });
  path(router, '/:id/settle', { post: settle });
  return router;
}

async function filterOf(
  database: Database,
  { lead, state, limit }: z.infer<typeof listSchema>,
): Promise<MessageFilter> {
  if (lead !== undefined) return { leadId: await resolveLead(database, lead), state: state ?? null, limit };
  const waiting = WAITING_STATES.find((one) => one === state);
  if (waiting !== undefined) return { leadId: null, state: waiting, limit };
  throw new TendError('invalid-request', 'The request is not valid: mend the fields named.', [
    { path: 'lead', problem: `say whose: a lead's id; without one, state must be one of ${WAITING_STATES.join(', ')}` },
  ]);
}

function settledInWords({ state, recipient }: SettledMessage): string {
  if (state === 'accepted') return 'The mail was sent, and counts as sent.';
  return recipient === 'lead'
    ? 'The mail was not sent, and no longer counts as sent. Its sequence has gone on, and nothing is sent again by itself: enrol the lead again, or write to it yourself.'
    : 'The mail was not sent. Nothing is sent again by itself: tell the representative yourself, or wait until the lead is offered to the next one.';
}
