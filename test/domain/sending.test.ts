import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../domain/instant.ts';
import { returnPathProblem } from '../../domain/sender/return-path.ts';
import { bareAddress, domainOf, mailboxOf } from '../../domain/sender/sender.ts';
import { senderSchema } from '../../domain/sender/sender-schema.ts';
import { unknownPolicies } from '../../domain/sender/unknown-policy.ts';
import { deliveryProofs, fateOfLost, type IfLost } from '../../domain/sending/lost-claim.ts';
import { nextAfterDeferral, refusalOf } from '../../domain/sending/refusal.ts';
import { classifyReply } from '../../domain/sending/smtp-reply.ts';
import { patternProblem, readVerp, verpAddress } from '../../mail/inbound/verp.ts';
import { SCALE } from '../support/property.ts';

const NOW = Date.UTC(2026, 5, 1, 12);

describe('a server’s no', () => {
  const to = (at: 'sender' | 'recipient' | 'content', code: number, reply: string) =>
    refusalOf(classifyReply({ code, reply }), at);

  it('writes an address off only where it is about the address', () => {
    expect(to('recipient', 550, '550 5.1.1 no such user')).toMatchObject({ state: 'refused', cause: 'mailbox' });
    expect(to('content', 550, '550 5.1.1 no such user')).toMatchObject({ state: 'refused', cause: 'mailbox' });
    expect(to('sender', 550, '550 5.1.1 no such user')).toMatchObject({ state: 'deferred', reason: 'sender-refused' });
    expect(to('recipient', 550, '550')).toMatchObject({ state: 'refused' });
    expect(to('content', 550, '550')).toMatchObject({ state: 'deferred', reason: 'content-refused' });
  });

  it('that is about us has nothing to do with whom it is for', () => {
    expect(to('recipient', 550, '550 5.7.1 relaying denied')).toMatchObject({
      reason: 'smtp-unreachable',
      cause: null,
    });
    expect(to('recipient', 530, '530 5.7.0 authentication required')).toMatchObject({ reason: 'smtp-unreachable' });
    // Our provider has closed our account: no receiving domain's breaker is to open for that.
    expect(to('content', 554, '554 Message rejected: Sending paused for this account.')).toMatchObject({
      state: 'deferred',
      reason: 'smtp-unreachable',
      cause: null,
    });
  });

  it('is asked again after minutes, an hour where it is for our reputation, and given up after five days', () => {
    const next = (reason: string, attempts: number, firstDeferredAt: number | null = null) =>
      nextAfterDeferral({ reason, attempts, firstDeferredAt }, NOW);
    expect(next('smtp-deferred', 1)).toBe(NOW + MINUTE);
    expect(next('sender-refused', 1)).toBe(NOW + HOUR);
    expect(next('sender-refused', 20, NOW - DAY)).toBe(NOW + 4 * HOUR);
    expect(next('mailbox-full', 20, NOW - 5 * DAY)).toBeNull();
    expect(next('smtp-deferred', 20, NOW - 5 * DAY + 1)).toBe(NOW + 4 * HOUR);
    // Sales had the lead for weeks between: it was not tried for five days.
    expect(next('smtp-deferred', 2, NOW - 30 * DAY)).toBe(NOW + 2 * MINUTE);
    expect(next('smtp-unreachable', 99, NOW - 30 * DAY)).toBe(NOW + 4 * HOUR);
    expect(next('template-missing', 99, NOW - 30 * DAY)).toBe(NOW + 4 * HOUR);
  });
});

describe('a claim that ends without a result', () => {
  const anyLost: fc.Arbitrary<IfLost> = fc.record({
    policy: fc.constantFrom(...unknownPolicies),
    sentAgain: fc.boolean(),
    proof: fc.option(fc.constantFrom(...deliveryProofs)),
    attempts: fc.integer({ min: 1, max: 50 }),
    wanted: fc.boolean(),
  });

  it('is sent again only where its sender says so, nothing proves it, it is wanted, and once', () => {
    fc.assert(
      fc.property(anyLost, (ifLost) => {
        const { policy, sentAgain, proof, wanted } = ifLost;
        const { state, nextAttemptAt } = fateOfLost(ifLost, NOW);
        const again = policy === 'send-again' && !sentAgain && proof === null && wanted;
        expect(state === 'deferred').toBe(again);
        expect(nextAttemptAt !== null).toBe(again);
        if (again) expect(nextAttemptAt).toBeGreaterThan(NOW);
        if (proof !== null) expect(state).toBe('accepted');
      }),
    );
  });

  it('is unknown where nothing is known of its sender', () => {
    expect(fateOfLost(null, NOW)).toEqual({ state: 'unknown', reason: 'no-result', nextAttemptAt: null });
    expect(fateOfLost(undefined, NOW, 'no-smtp-answer')).toMatchObject({ reason: 'no-smtp-answer' });
  });
});

describe('a sender', () => {
  const sender = { key: 'shop', name: 'Shop', from: 'Shop <hello@shop.example>', imprint: { de: 'Shop GmbH, Berlin' } };
  const problems = (more: object) =>
    senderSchema
      .safeParse({ ...sender, ...more })
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

  it('has an address, and says who is responsible', () => {
    expect(senderSchema.parse(sender)).toMatchObject({ links: {}, unknown: 'ask' });
    expect(problems({ from: 'Shop' })).toEqual([expect.stringMatching(/^from: .*Name <address>/)]);
    expect(problems({ imprint: {} })).toEqual([expect.stringContaining('at least one language')]);
    expect(problems({ unknown: 'perhaps' })).toEqual([expect.stringContaining('ask, count-as-sent, send-again')]);
    expect(problems({ dkim: { domain: '../etc', selector: 's1' } })).toEqual([expect.stringMatching(/^dkim\.domain/)]);
    expect(problems({ returnPath: 'bounce@shop.example' })).toEqual([expect.stringContaining('one * before the @')]);
    expect([bareAddress(sender.from), domainOf(sender.from), domainOf('a@B.Example')]).toEqual([
      'hello@shop.example',
      'shop.example',
      'b.example',
    ]);
  });

  it('has a name that is taken as it is written', () => {
    const address = 'a@shop.example';
    expect(mailboxOf('Shop: Berlin, Mitte (GmbH) <a@shop.example>')).toEqual({
      name: 'Shop: Berlin, Mitte (GmbH)',
      address,
    });
    expect(mailboxOf('"Lang, \\"Petra\\"" <a@shop.example>')).toEqual({ name: 'Lang, "Petra"', address });
    expect(mailboxOf(' a@shop.example ')).toEqual({ name: '', address });
  });

  it('has a return path that can name every mail, or none', () => {
    const local = fc.stringMatching(/^[a-z0-9_.+*-]{1,26}$/);
    fc.assert(
      fc.property(local, fc.constantFrom('mail.shop.example', 'shop', 'shop..example'), (name, domain) => {
        const pattern = `${name}@${domain}`;
        if (returnPathProblem(pattern) !== null) return;
        expect(patternProblem(pattern)).toBeNull();
        const id = '019aa000-0000-7000-8000-000000000001';
        expect(readVerp('a secret', verpAddress('a secret', id, pattern))).toBe(id);
      }),
      { numRuns: 2_000 * SCALE },
    );
    expect(returnPathProblem('bounce+*@mail.shop.example')).toBeNull();
    expect(returnPathProblem(`${'b'.repeat(22)}+*@mail.shop.example`)).toBeNull();
    expect(returnPathProblem(`${'b'.repeat(23)}+*@mail.shop.example`)).toContain('at most 23 characters');
  });
});
