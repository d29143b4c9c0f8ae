import { describe, expect, it } from 'vitest';
import { type HandoffSnapshot, planHandoff } from '../../domain/handoff/plan-handoff.ts';
import { decideLink } from '../../domain/identity/link.ts';
import { HOUR } from '../../domain/instant.ts';

const NOW = Date.UTC(2026, 5, 1, 12);
const reps = [
  { key: 'anna', lastAssignedAt: NOW - HOUR },
  { key: 'bert', lastAssignedAt: null },
];
const fresh: HandoffSnapshot = {
  state: 'offered',
  owner: null,
  round: 0,
  acceptBy: null,
  escalated: false,
  reps,
  asked: [],
  mail: null,
};

describe('the process of a handoff', () => {
  it('goes to the representative who has waited longest', () => {
    expect(planHandoff(fresh, HOUR, NOW)).toEqual({
      kind: 'assign',
      rep: 'bert',
      acceptBy: NOW + HOUR,
      escalate: false,
    });
  });

  it('goes to the next one when nobody accepts in time, and is escalated when all were silent', () => {
    const silent = { ...fresh, owner: 'bert', round: 1, acceptBy: NOW, asked: ['bert'] };
    expect(planHandoff(silent, HOUR, NOW)).toMatchObject({ kind: 'assign', rep: 'anna', escalate: false });
    expect(planHandoff({ ...silent, owner: 'anna', asked: ['bert', 'anna'] }, HOUR, NOW)).toMatchObject({
      rep: 'bert',
      escalate: true,
    });
  });

  it('never leaves a lead without a next instant where there is nobody', () => {
    expect(planHandoff({ ...fresh, reps: [] }, HOUR, NOW)).toEqual({
      kind: 'wait',
      until: NOW + HOUR,
      why: 'no-representative',
    });
  });

  it('delivers the mail, waits for its next attempt, settles a claim without a result', () => {
    const owned = { ...fresh, owner: 'bert', round: 1, acceptBy: NOW + HOUR };
    const mail = { id: 'm', state: 'due', nextAttemptAt: null, leaseUntil: null };
    expect(planHandoff({ ...owned, mail }, HOUR, NOW)).toEqual({ kind: 'deliver', message: 'm' });
    expect(
      planHandoff({ ...owned, mail: { ...mail, state: 'deferred', nextAttemptAt: NOW + 5 } }, HOUR, NOW),
    ).toMatchObject({ until: NOW + 5 });
    expect(planHandoff({ ...owned, mail: { ...mail, state: 'claimed', leaseUntil: NOW } }, HOUR, NOW)).toEqual({
      kind: 'settleMail',
      message: 'm',
      fate: { state: 'unknown', reason: 'no-result', nextAttemptAt: null },
    });
    expect(planHandoff({ ...owned, mail: { ...mail, state: 'accepted' } }, HOUR, NOW)).toMatchObject({
      kind: 'wait',
      until: NOW + HOUR,
    });
  });

  it('waits for the outcome once accepted, and is done when closed', () => {
    expect(planHandoff({ ...fresh, state: 'accepted', owner: 'anna' }, HOUR, NOW)).toEqual({
      kind: 'wait',
      until: null,
      why: 'outcome',
    });
    expect(planHandoff({ ...fresh, state: 'closed' }, HOUR, NOW)).toEqual({ kind: 'done' });
  });
});

describe('whose an identify is', () => {
  const lead = (id: string, createdAt: number, ...userIds: string[]) => ({ id, createdAt, userIds });
  const identify = { userId: null, givesData: true, leadOfUserId: null };

  it('makes a lead of a person who gave data, and of nobody else', () => {
    expect(decideLink([], identify)).toEqual({ kind: 'create' });
    expect(decideLink([], { ...identify, givesData: false })).toEqual({ kind: 'nobody' });
  });

  it('merges what turns out to be one person into the older lead', () => {
    const decision = decideLink([lead('b', 2), lead('a', 1)], identify);
    expect(decision).toEqual({ kind: 'merge', survivor: 'a', losers: ['b'] });
  });

  it('keeps two accounts apart, even when one names the address of the other', () => {
    const both = [lead('a', 1, 'u1'), lead('b', 2, 'u2')];
    expect(decideLink(both, { userId: 'u2', givesData: true, leadOfUserId: 'b' })).toEqual({
      kind: 'conflict',
      lead: 'b',
      others: ['a'],
    });
    expect(decideLink([lead('a', 1, 'u1')], { userId: 'u3', givesData: true, leadOfUserId: null })).toEqual({
      kind: 'create',
    });
  });
});
