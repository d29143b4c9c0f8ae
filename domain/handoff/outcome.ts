/** How a handoff ended. `recycled`: not now, nurture on. `rejected`: sales did not take the lead. */
export const handoffOutcomes = ['won', 'lost', 'recycled', 'rejected'] as const;
export type HandoffOutcome = (typeof handoffOutcomes)[number];

/** The name of the interaction that a handoff's end is recorded as; sequences and models may match it. */
export const OUTCOME_EVENTS: Readonly<Record<HandoffOutcome, string>> = {
  won: 'Handoff Won',
  lost: 'Handoff Lost',
  recycled: 'Handoff Recycled',
  rejected: 'Handoff Rejected',
};
