import type { Instant } from '../instant.ts';
import type { Question } from '../sequence/question.ts';
import type { IfLost } from './lost-claim.ts';

export const messageStates = [
  'due',
  'delayed',
  'claimed',
  'deferred',
  'accepted',
  'refused',
  'unknown',
  'dropped',
  'superseded',
] as const;
export type MessageState = (typeof messageStates)[number];

export interface MessageInForce {
  readonly id: string;
  readonly enrolmentId: string;
  readonly stepId: string;
  readonly visit: number;
  readonly purpose: string;
  readonly template: string;
  readonly lineage: string;
  readonly question: Question | null;
  readonly state: MessageState;
  readonly reason: string | null;
  readonly dueAt: Instant;
  readonly deadlineAt: Instant | null;
  readonly nextAttemptAt: Instant | null;
  readonly claimedAt: Instant | null;
  readonly leaseUntil: Instant | null;
  readonly finishedAt: Instant | null;
  /** Of a claimed one: what decides its fate should the claim end without a result. Absent: nobody knows, and it is shown. */
  readonly ifLost?: IfLost | null;
}

/** True for a message that nothing more will happen to. */
export function isFinal(state: MessageState): boolean {
  switch (state) {
    case 'accepted':
    case 'refused':
    case 'unknown':
    case 'dropped':
    case 'superseded':
      return true;
    case 'due':
    case 'delayed':
    case 'claimed':
    case 'deferred':
      return false;
  }
}
