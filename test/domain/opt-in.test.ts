import { describe, expect, it } from 'vitest';
import { maskAddress } from '../../domain/consent/mask-address.ts';
import { optInProblems, optInSchema, promisesOf, relayedOptInSchema } from '../../domain/consent/opt-in.ts';
import { asksAgain, MOST_A_DAY } from '../../domain/consent/opt-in-limit.ts';
import { noConsentPolicy } from '../../domain/consent/policy.ts';
import { consentPolicySchema } from '../../domain/consent/policy-schema.ts';
import { purposeName } from '../../domain/consent/purpose-names.ts';
import { isSameSite } from '../../domain/consent/same-site.ts';
import { DAY, MINUTE } from '../../domain/instant.ts';
import { shopPolicy, signUp } from '../support/consent.ts';

const policy = consentPolicySchema.parse(shopPolicy);
const problems = (fields: object, under = policy) =>
  optInProblems(optInSchema.parse({ ...signUp, ...fields }), under).map(({ path }) => path);

describe('a sign-up', () => {
  it('has its address and ids as identities keep them', () => {
    const optIn = optInSchema.parse({ ...signUp, address: ' Tanja@MÜLLER.example ', userId: 42, anonymousId: ' a ' });
    expect([optIn.address, optIn.userId, optIn.anonymousId]).toEqual(['tanja@xn--mller-kva.example', '42', 'a']);
  });

  it('says where the visitor came from only where a server passes it on', () => {
    const from = { ip: '2001:db8::7', userAgent: 'Chrome' };
    expect(optInSchema.safeParse({ ...signUp, ...from }).success).toBe(false);
    expect(relayedOptInSchema.parse({ ...signUp, ...from })).toMatchObject(from);
    expect(relayedOptInSchema.safeParse({ ...signUp, ip: 'localhost' }).success).toBe(false);
  });

  it('is for purposes that the policy knows and that need consent; tracking may be one', () => {
    expect(problems({ purposes: ['newsletter', 'offers', 'tracking'] })).toEqual([]);
    expect(problems({ purposes: ['letters', 'newsletter', 'orders'] })).toEqual(['purposes.0', 'purposes.2']);
    expect(problems({ purposes: ['all', 'double-opt-in'] })).toEqual(['purposes.0', 'purposes.1']);
    expect(problems({ purposes: ['tracking'] }, { ...policy, tracking: 'never' })).toEqual(['purposes.0']);
    // While none is published nobody has said which there are.
    expect(problems({ purposes: ['letters'] }, noConsentPolicy)).toEqual([]);
    expect(problems({ purposes: ['all'] }, noConsentPolicy)).toEqual(['purposes.0']);
  });

  it('returns to its own site only', () => {
    expect(problems({ returnUrl: 'https://thanks.shop.example/' })).toEqual([]);
    for (const returnUrl of ['https://shop.example.evil.example/', 'https://evilshop.example/', 'http://192.0.2.1/'])
      expect(problems({ returnUrl })).toEqual(['returnUrl']);
    expect(isSameSite('https://anna.github.io/', 'https://bert.github.io/')).toBe(false);
    expect(isSameSite('http://localhost:3000/a', 'http://localhost/b')).toBe(true);
    expect(isSameSite('http://127.0.0.1/', 'http://127.0.0.2/')).toBe(false);
  });

  it('promises what the form says, else what the policy has for each purpose; tracking sends nothing', () => {
    const purposes = ['newsletter', 'offers', 'tracking'];
    expect(promisesOf({ purposes }, policy)).toEqual({ newsletter: { max: 1, days: 7 } });
    const promise = { max: 2, days: 30 };
    expect(promisesOf({ purposes, promise }, policy)).toEqual({ newsletter: promise, offers: promise });
  });
});

describe('signing up again', () => {
  const now = Date.parse('2026-11-25T10:00:00Z');
  const ago = (ms: number, same = true) => ({ requestedAt: now - ms, same });

  it('asks once in ten minutes for the same', () => {
    expect(asksAgain([], now)).toBe(true);
    expect(asksAgain([ago(0)], now)).toBe(false);
    expect(asksAgain([ago(10 * MINUTE - 1)], now)).toBe(false);
    expect(asksAgain([ago(10 * MINUTE)], now)).toBe(true);
    expect(asksAgain([ago(0, false)], now)).toBe(true);
  });

  it('asks so often in a day and no more, whatever for', () => {
    const many = Array.from({ length: MOST_A_DAY }, (_, index) => ago((index + 1) * 60 * MINUTE, false));
    expect(asksAgain(many, now)).toBe(false);
    expect(asksAgain(many.slice(1), now)).toBe(true);
    expect(asksAgain([...many.slice(1), ago(DAY, false)], now)).toBe(true);
  });
});

describe('what pages show', () => {
  it('of an address is only what its owner recognises', () => {
    expect(['tanja@shop.example', 'ab@shop.example', 'x@shop.example', '🌸🌸🌸@shop.example'].map(maskAddress)).toEqual(
      ['t…a@shop.example', 'a…@shop.example', 'x…@shop.example', '🌸…🌸@shop.example'],
    );
  });

  it('of a purpose is its name in the reader’s language, else in one there is, else its key', () => {
    expect(['de', 'de-AT', 'fr', null].map((locale) => purposeName(policy, 'newsletter', locale))).toEqual([
      'Rundbrief',
      'Rundbrief',
      'Newsletter',
      'Newsletter',
    ]);
    expect(purposeName(policy, 'unheard-of', 'de')).toBe('unheard-of');
    expect(purposeName(policy, 'tracking', 'de')).toMatch(/^Erfassen/);
  });
});
