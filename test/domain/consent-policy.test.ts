import { describe, expect, it } from 'vitest';
import { basisOf } from '../../domain/consent/policy.ts';
import { consentPolicySchema } from '../../domain/consent/policy-schema.ts';
import { DAY } from '../../domain/instant.ts';
import { mailingSchema } from '../../domain/mailing/mailing.ts';
import { sequenceSchema } from '../../domain/sequence/definition.ts';
import { liveLead } from '../../domain/simulation/lead-life.ts';
import { entriesOf } from '../../domain/simulation/life.ts';
import { worldOf } from '../../domain/simulation/world.ts';
import { shopPolicy } from '../support/consent.ts';

const problems = (policy: object) =>
  (consentPolicySchema.safeParse({ ...shopPolicy, ...policy }).error?.issues ?? []).map(({ path }) => path.join('.'));

describe('a consent policy', () => {
  it('says on which ground each purpose is written to; what it does not name needs consent', () => {
    const policy = consentPolicySchema.parse(shopPolicy);
    expect(['newsletter', 'orders', 'unheard-of', 'double-opt-in'].map((purpose) => basisOf(policy, purpose))).toEqual([
      'consent',
      'exempt',
      'consent',
      'exempt',
    ]);
  });

  it('is refused where it contradicts itself or takes a name of Tend’s own', () => {
    expect(problems({})).toEqual([]);
    const name = { en: 'X' };
    expect(problems({ purposes: [{ key: 'all', name }] })).toEqual(['purposes.0.key']);
    expect(problems({ purposes: [{ key: 'tracking', name }] })).toEqual(['purposes.0.key']);
    expect(problems({ purposes: [{ key: 'a', name: {} }] })).toEqual(['purposes.0.name']);
    const promise = { max: 1, days: 7 };
    expect(problems({ purposes: [{ key: 'a', name, basis: 'contract', promise }] })).toEqual(['purposes.0.promise']);
    const staleness = { after: { days: 30 }, askBefore: { days: 30 }, template: 'ask' };
    expect(problems({ staleness })).toEqual(['staleness.askBefore']);
    expect(problems({ tracking: 'always' })).toEqual(['tracking']);
  });

  it('can’t be got round by writing under a purpose of Tend’s own, which needs no consent', () => {
    const steps = [{ id: 'mail', kind: 'send', template: 'mail' }];
    for (const purpose of ['double-opt-in', 'tracking', 'all']) {
      const sequence = sequenceSchema.safeParse({ key: 'a', name: 'A', purpose, steps });
      const mailing = mailingSchema.safeParse({ key: 'a', name: 'A', purpose, template: 'mail', audience: 'all' });
      for (const parsed of [sequence, mailing])
        expect(parsed.error?.issues.map(({ path }) => path.join('.'))).toContain('purpose');
    }
  });
});

/** Days after the sign-up on which a simulated lead gets the mails of a sequence of these mails and waits (in days). */
function liveSimulated(life: {
  readonly policy: object | null;
  readonly steps: readonly (string | { readonly wait: number })[];
}): number[] {
  const steps = life.steps.map((step, index) =>
    typeof step === 'string'
      ? { id: step, kind: 'send', template: step }
      : { id: `wait-${index}`, kind: 'wait', for: { days: step.wait } },
  );
  const sequence = { key: 'a', name: 'A', purpose: 'newsletter', entry: [{ event: 'Signed Up' }], steps };
  const world = worldOf({
    sequences: [sequenceSchema.parse(sequence)],
    models: [],
    attributes: [],
    templates: ['one', 'two', 'three'].map((key) => ({ key, lineage: key })),
    consentPolicy:
      life.policy === null ? undefined : consentPolicySchema.parse({ key: 'p', name: 'P', ...life.policy }),
  });
  const at = Date.parse('2026-11-25T10:00:00Z');
  const lead = { number: 1, persona: 'p', id: 'l', address: 'a@b.example', timeZone: null, arrivesAt: at };
  const happenings = [
    { at, kind: 'consent', action: 'granted', purpose: 'newsletter' },
    { at, kind: 'interaction', event: 'Signed Up', as: 'track', properties: {} },
  ] as const;
  const lived = liveLead(world, lead, { happenings }, at + 400 * DAY);
  return entriesOf(lived, 'mail').map((mail) => (mail.at - at) / DAY);
}

describe('a simulated life under a consent policy', () => {
  it('is promised what the policy says, and the mail beyond it waits', () => {
    const days = (policy: object | null) => liveSimulated({ policy, steps: ['one', 'two', 'three'] });
    expect(days(null)).toEqual([0, 0, 0]);
    expect(days({ purposes: [{ key: 'newsletter', name: { en: 'N' }, promise: { max: 1, days: 7 } }] })).toEqual([
      0, 7, 14,
    ]);
  });

  it('is written to under a contract whatever a consent would hold back', () => {
    const purposes = [{ key: 'newsletter', name: { en: 'N' }, basis: 'contract' }];
    expect(liveSimulated({ policy: { purposes }, steps: ['one', 'two', 'three'] })).toEqual([0, 0, 0]);
  });

  it('is not written to any more once the consent has gone stale', () => {
    const staleness = { after: { days: 100 }, askBefore: { days: 10 }, template: 'ask' };
    const steps = [{ wait: 99 }, 'one', { wait: 101 }, 'two'] as const;
    expect(liveSimulated({ policy: null, steps })).toEqual([99, 200]);
    expect(liveSimulated({ policy: { staleness }, steps })).toEqual([99]);
  });
});
