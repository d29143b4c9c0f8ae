/**
 * scheduled: its time is to come. sending: people are selected, or their mails on the way. paused: nothing of it moves.
 * done: every mail is through. cancelled: what was not sent is not sent any more.
 */
export const mailingStates = ['scheduled', 'sending', 'paused', 'done', 'cancelled'] as const;
export type MailingState = (typeof mailingStates)[number];

/** `draft`: it was never scheduled. */
export type ShownState = MailingState | 'draft';

/** True while something may still come of it. */
export function isUnderWay(state: MailingState): boolean {
  switch (state) {
    case 'scheduled':
    case 'sending':
    case 'paused':
      return true;
    case 'done':
    case 'cancelled':
      return false;
  }
}
