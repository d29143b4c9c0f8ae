import { DAY } from '../instant.ts';
import { EMAIL_REPLIED } from '../interaction/interaction.ts';
import type { Sequence } from './definition.ts';
import { eventsAmong } from './signal.ts';
import { signalsOf } from './steps/wait-for.ts';

/** Why an enrolment is held by itself: its reader has answered. Null in its row: somebody paused it by hand. */
export const REPLIED = 'replied';

/** How long a person who has answered is left to the colleagues, unless somebody resumes the enrolment before. */
export const REPLY_HOLD_MS = 14 * DAY;

/**
 * Whether the sequence itself says what a reply does, where the lead stands now: by a goal, an exit or the present wait.
 * Then it decides; else a reply holds the enrolment, for nobody who has written to us goes on getting the next canned mail.
 */
export function decidesOnReplies(sequence: Sequence, stepId: string): boolean {
  const step = sequence.steps.find(({ id }) => id === stepId);
  const awaited = step?.kind === 'waitFor' ? signalsOf(step) : [];
  return eventsAmong([...sequence.goal, ...sequence.exits, ...awaited]).some(({ event }) => event === EMAIL_REPLIED);
}
