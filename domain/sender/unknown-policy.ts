/**
 * What becomes of a mail of which nobody knows whether it left. `ask`: it is shown, and not sent again. `count-as-sent`:
 * the same without asking. `send-again`: it is sent once more, and may arrive twice.
 */
export const unknownPolicies = ['ask', 'count-as-sent', 'send-again'] as const;
export type UnknownPolicy = (typeof unknownPolicies)[number];
