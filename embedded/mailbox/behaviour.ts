/**
 * What the mailbox does with mail to an address. It is told by how the address begins, so that every answer of a real
 * recipient's server can be tried with a lead of the right name, in tests and by hand.
 */
export type Behaviour = 'take' | 'refuse' | 'defer' | 'defer-once' | 'slow' | 'vanish';

/** In the order of trial: `defer-once` begins with `defer`. The dash in `slow-` spares people named Slowik. */
const BEGINNINGS: readonly (readonly [string, Behaviour])[] = [
  ['defer-once', 'defer-once'],
  ['defer', 'defer'],
  ['refuse', 'refuse'],
  ['slow-', 'slow'],
  ['vanish', 'vanish'],
];

/** How long `slow-` addresses let the sender wait. */
export const SLOW_MS = 5_000;

export function behaviourFor(address: string): Behaviour {
  const name = address.toLowerCase();
  return BEGINNINGS.find(([beginning]) => name.startsWith(beginning))?.[1] ?? 'take';
}
