import type { Instant } from '../instant.ts';
import type { MachineKind } from '../interaction/machine.ts';

/** `open`: the picture at a mail's end. `click`: a link of it. `trap`: the link that no person sees. */
export type HitKind = 'open' | 'click' | 'trap';

/** One fetch of something in a mail, by whoever made it. Hashes are keyed: an address is never stored. */
export interface Hit {
  readonly id: number;
  readonly kind: HitKind;
  /** Which link, as a hash of where it leads; null for pictures and traps. */
  readonly link: string | null;
  readonly method: 'GET' | 'HEAD';
  readonly agent: string | null;
  /** Of the network: an IPv4 /24 or an IPv6 /48. Null: not known. */
  readonly network: string | null;
  readonly at: Instant;
  /** What it was taken for before; a verdict is never softened by itself, only by a person. */
  readonly verdict: Verdict | null;
}

/** A machine made it, and what says so. */
export interface Verdict {
  readonly machine: MachineKind;
  readonly why: HitReason;
}

/** What says that a machine made a hit: stable codes, stored with it. */
export const hitReasons = [
  'trap',
  'head-request',
  'known-scanner',
  'program',
  'picture-prefetch',
  'opened-at-once',
  'many-links-at-once',
  'same-client',
  'looked-first',
  'weak-signs',
] as const;
export type HitReason = (typeof hitReasons)[number];
