import type { Instant } from '../instant.ts';
import { fateOfLost, type IfLost, type LostClaim } from '../sending/lost-claim.ts';

/** What the plan of a handoff decides from, read under the lead's lock. */
export interface HandoffSnapshot {
  readonly state: 'offered' | 'accepted' | 'closed';
  readonly owner: string | null;
  readonly round: number;
  readonly acceptBy: Instant | null;
  readonly escalated: boolean;
  /** Active representatives. */
  readonly reps: readonly { readonly key: string; readonly lastAssignedAt: Instant | null }[];
  /** Whom this handoff was assigned to so far, in order. */
  readonly asked: readonly string[];
  /** The owner's offer mail. */
  readonly mail: {
    readonly id: string;
    readonly state: string;
    readonly nextAttemptAt: Instant | null;
    readonly leaseUntil: Instant | null;
    /** What decides its fate should its claim end without a result. */
    readonly ifLost?: IfLost | null;
  } | null;
}

export type HandoffPlan =
  /** Give it to `rep`; the one before was silent. */
  | { readonly kind: 'assign'; readonly rep: string; readonly acceptBy: Instant; readonly escalate: boolean }
  /** Deliver the owner's mail now. */
  | { readonly kind: 'deliver'; readonly message: string }
  /** The mail's attempt ended without a result. */
  | { readonly kind: 'settleMail'; readonly message: string; readonly fate: LostClaim }
  | {
      readonly kind: 'wait';
      readonly until: Instant | null;
      readonly why: 'no-representative' | 'acceptance' | 'outcome' | 'delivery';
    }
  | { readonly kind: 'done' };

/** How often to look for a representative where there is none; making one wakes the handoff as well. */
const NOBODY_RETRY_MS = 60 * 60_000;

/**
 * Decides a handoff's next step: assign it to the representative who has waited longest, deliver it, and when nobody
 * accepts in time give it to the next one. When all were silent it is escalated and goes round again: a lead in sales'
 * hands always has a next owner or a next instant.
 */
export function planHandoff(snapshot: HandoffSnapshot, acceptWithinMs: number, now: Instant): HandoffPlan {
  if (snapshot.state === 'closed') return { kind: 'done' };
  if (
    snapshot.state === 'offered' &&
    (snapshot.owner === null || (snapshot.acceptBy !== null && now >= snapshot.acceptBy))
  ) {
    const next = nextRep(snapshot);
    if (next === null) return { kind: 'wait', until: now + NOBODY_RETRY_MS, why: 'no-representative' };
    const everyoneWasSilent = snapshot.asked.length > 0 && snapshot.asked.includes(next);
    return {
      kind: 'assign',
      rep: next,
      acceptBy: now + acceptWithinMs,
      escalate: everyoneWasSilent && !snapshot.escalated,
    };
  }
  const { mail } = snapshot;
  if (mail !== null && snapshot.state === 'offered') {
    if (mail.state === 'due' || (mail.state === 'deferred' && (mail.nextAttemptAt ?? now) <= now))
      return { kind: 'deliver', message: mail.id };
    if (mail.state === 'claimed' && mail.leaseUntil !== null && mail.leaseUntil <= now)
      return { kind: 'settleMail', message: mail.id, fate: fateOfLost(mail.ifLost, now) };
    const next = mail.state === 'deferred' ? mail.nextAttemptAt : mail.state === 'claimed' ? mail.leaseUntil : null;
    if (next !== null && (snapshot.acceptBy === null || next < snapshot.acceptBy))
      return { kind: 'wait', until: next, why: 'delivery' };
  }
  return snapshot.state === 'offered'
    ? { kind: 'wait', until: snapshot.acceptBy, why: 'acceptance' }
    : { kind: 'wait', until: null, why: 'outcome' };
}

/** Those not asked yet first, then those asked longest ago; among equals, who was assigned anything longest ago. */
function nextRep(snapshot: HandoffSnapshot): string | null {
  const lastAsked = (key: string) => snapshot.asked.lastIndexOf(key);
  const [first] = [...snapshot.reps].sort(
    (a, b) =>
      lastAsked(a.key) - lastAsked(b.key) ||
      (a.lastAssignedAt ?? 0) - (b.lastAssignedAt ?? 0) ||
      (a.key < b.key ? -1 : 1),
  );
  return first?.key ?? null;
}
