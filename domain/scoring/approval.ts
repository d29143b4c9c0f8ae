/** Who has to agree before a version of a scoring model may go live, where the installation asks for it. */
export const approvalParties = ['marketing', 'sales'] as const;
export type ApprovalParty = (typeof approvalParties)[number];

/** Of `required`, those that have not agreed yet, each once, in the order of `approvalParties`. */
export function missingApprovals(
  required: readonly ApprovalParty[],
  given: readonly { readonly party: ApprovalParty }[],
): ApprovalParty[] {
  const agreed = new Set(given.map(({ party }) => party));
  return approvalParties.filter((party) => required.includes(party) && !agreed.has(party));
}
