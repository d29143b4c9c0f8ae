/**
 * What made an interaction that no person made: `scanner`, a security product that follows every link; `prefetch`, a
 * mail program that fetches pictures ahead.
 */
export const machineKinds = ['scanner', 'prefetch'] as const;
export type MachineKind = (typeof machineKinds)[number];
