/** Task queue of the workflows and their deciding local activities. */
export const JOURNEY_QUEUE = 'journeys';
/** Task queue of the activities that send mail; bounded by the sender, not by how many leads are awake. */
export const MAIL_QUEUE = 'mail';
/** The payload-free signal that says: plan again. */
export const LOOK = 'look';

/** A lead's one workflow. */
export function journeyId(leadId: string): string {
  return `lead-${leadId}`;
}

/** The workflow of one handoff. */
export function handoffWorkflowId(handoffId: string): string {
  return `handoff-${handoffId}`;
}
