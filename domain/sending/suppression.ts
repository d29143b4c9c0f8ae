/**
 * Why an address is not written to, whoever it belongs to. `erased`: its person had everything removed, and is not to be
 * written to again by accident (Art. 17 GDPR).
 */
export const suppressionReasons = ['complaint', 'mailbox-unknown', 'erased', 'manual', 'imported'] as const;
export type SuppressionReason = (typeof suppressionReasons)[number];

/** A person's own word stands against writing to the address: it is lifted only by saying why. */
export function needsGround(reason: SuppressionReason): boolean {
  return reason === 'complaint' || reason === 'erased';
}
