import type { Log } from '../../config/log.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { type ReceivedInbound, receiveInbound } from '../../store/receive-inbound.ts';

/**
 * A way by which mail comes back to us. It only takes in: it stores what came before it tells whoever handed it in that it is
 * taken, and understands nothing of it. Another provider's webhook is one more of these, or a route of the API that calls
 * `receiveInbound` (docs/inbound.md).
 */
export interface InboundSource {
  /** Takes nothing more, and resolves when what is under way is stored or refused. */
  stop(): Promise<void>;
}

export interface SourceContext {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** Something new is stored. */
  readonly onStored: () => void;
}

/** A mail longer than this is not taken. Larger than any report; replies with attachments are mostly smaller. */
export const MOST_BYTES = 10 * 1024 * 1024;

/** Stores one thing, and tells if it is new. */
export async function store(
  { database, clock, onStored }: SourceContext,
  received: Omit<ReceivedInbound, 'now'>,
): Promise<void> {
  if (await receiveInbound(database, { ...received, now: clock.now() })) onStored();
}
