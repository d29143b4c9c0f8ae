import type { Instant } from '../instant.ts';
import { DEFAULT_SENDER } from '../sender/sender.ts';

/** What stands in the way of mail whoever it is for: at the receiving server, or with the sender's reputation. */
export interface Obstacle {
  readonly reason: 'receiver-refuses' | 'sender-paused';
  /** Null: until a person sees to it. */
  readonly until: Instant | null;
  /** Without anything personal. */
  readonly detail: string | null;
}

/** What is known of the ways by which a person could be written to. */
export interface Ways {
  /** The person's mail server refuses us for now. */
  readonly receiver: Obstacle | null;
  /** Keys of senders whose marketing stands still. */
  readonly pausedSenders: ReadonlySet<string>;
}

export const freeWays: Ways = { receiver: null, pausedSenders: new Set() };

/** What stands in the way of a mail by `sender`. */
export function obstaclesTo({ receiver, pausedSenders }: Ways, sender: string = DEFAULT_SENDER): readonly Obstacle[] {
  const paused = pausedSenders.has(sender) ? [{ reason: 'sender-paused', until: null, detail: sender } as const] : [];
  return receiver === null ? paused : [...paused, receiver];
}

/** The first of `obstacles` that is in force at `now`. */
export function obstacleAt(obstacles: readonly Obstacle[], now: Instant): Obstacle | null {
  return obstacles.find(({ until }) => until === null || until > now) ?? null;
}
