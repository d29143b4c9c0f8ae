/**
 * Why an address is not written to, whoever it belongs to. `erased`: its person had everything removed, and is not to be
 * written to again by accident (Art. 17 GDPR).
 */
export const suppressionReasons = ['complaint', 'mailbox-unknown', 'erased', 'manual', 'imported'] as const;
export type SuppressionReason = (typeof suppressionReasons)[number];
