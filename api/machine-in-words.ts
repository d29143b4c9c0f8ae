import type { MachineKind } from '../domain/interaction/machine.ts';
import { type HitReason, hitReasons } from '../domain/tracking/hit.ts';
import type { DiscountedInteraction } from '../store/read-discounted.ts';
import { moment } from './moment.ts';

const WORDS: Readonly<Record<HitReason, string>> = {
  trap: 'a link of the mail that no person can see was followed from the same network minutes away',
  'head-request': 'it only asked whether the link is there, as no browser does',
  'known-scanner': 'it calls itself a scanner, a crawler or a link preview',
  program: 'it calls itself a program, not a browser or a mail program',
  'picture-prefetch': 'the mail program loads all pictures ahead, whether anybody reads or not',
  'opened-at-once': 'the pictures were loaded within two seconds of delivery',
  'many-links-at-once': 'more links were followed at once than a hand can click',
  'same-client': 'the same program scanned this mail minutes away',
  'looked-first': 'the same program had only asked whether the link is there, as no browser does',
  'weak-signs': 'two things about it are as with scanners, and nothing that a person does followed',
};

/** Why an interaction counts for nothing, as a sentence. */
export function machineInWords(as: MachineKind, why: string | null): string {
  const what = as === 'scanner' ? 'A scanner made it' : 'A mail program fetched it ahead';
  if (why === null || why === 'by-hand') return `${what}: a colleague said so.`;
  return isKnown(why) ? `${what}: ${WORDS[why]}.` : `${what} (${why}).`;
}

/** What counts for nothing, a sentence for each reason: people ask where a click has gone. */
export function machinesInWords(discounted: readonly DiscountedInteraction[]): string[] {
  const byReason = new Map<string, DiscountedInteraction[]>();
  for (const interaction of discounted) {
    const reason = machineInWords(interaction.as, interaction.why);
    byReason.set(reason, [...(byReason.get(reason) ?? []), interaction]);
  }
  return [...byReason].map(([reason, interactions]) => {
    const names = [...new Set(interactions.map(({ name }) => `"${name}"`))].join(', ');
    const last = moment(interactions.at(-1)?.at ?? 0);
    const what =
      interactions.length === 1
        ? `${names} at ${last} counts`
        : `${names} (${interactions.length} times, last at ${last}) count`;
    return `${what} for nothing. ${reason}`;
  });
}

function isKnown(why: string): why is HitReason {
  return (hitReasons as readonly string[]).includes(why);
}
