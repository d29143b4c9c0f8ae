import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { parse } from 'uuid';
import { describe, expect, it } from 'vitest';
import {
  patternProblem,
  readUnsubscribeAddress,
  readVerp,
  unsubscribeAddress,
  verpAddress,
} from '../../../mail/inbound/verp.ts';
import '../../support/property.ts';

const secret = 'a-signing-secret-for-tests';
const messageId = '019aa000-0000-7000-8000-000000000001';
const domain = 'bounces.federkiel.example';
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789-';

describe('return paths', () => {
  it('give back the message that they name, in any case, whatever its id', () => {
    fc.assert(
      fc.property(fc.uuid(), (id) => {
        const address = verpAddress(secret, id, domain);
        expect(address).toMatch(/^b-[a-z2-7]{39}@bounces\.federkiel\.example$/);
        expect(readVerp(secret, address)).toBe(id);
        expect(readVerp(secret, address.toUpperCase())).toBe(id);
      }),
      { numRuns: 200 },
    );
  });

  it('are refused once any character of them is another', () => {
    const address = verpAddress(secret, messageId, domain);
    const local = address.slice(0, address.indexOf('@'));
    for (let index = 0; index < local.length; index += 1) {
      for (const letter of LETTERS) {
        if (letter === local[index]) continue;
        expect(readVerp(secret, `${local.slice(0, index)}${letter}${local.slice(index + 1)}@${domain}`)).toBeNull();
      }
    }
  });

  it('are refused when cut, lengthened, signed by another, or made by another use of the secret', () => {
    const address = verpAddress(secret, messageId, domain);
    expect(readVerp('another-signing-secret', address)).toBeNull();
    for (const other of [
      address.replace('@', 'a@'),
      address.replace(/.@/, '@'),
      `x${address}`,
      'b-@x.example',
      '@',
      '',
    ]) {
      expect(readVerp(secret, other)).toBeNull();
    }
    const id = parse(messageId);
    for (const signed of [[id], [Buffer.from('b'), id], [Buffer.from('tend-link\0'), id]]) {
      const other = createHmac('sha256', secret).update(Buffer.concat(signed)).digest().subarray(0, 8);
      const bits = [...id, ...other].map((byte) => byte.toString(2).padStart(8, '0')).join('');
      const fives = bits.padEnd(195, '0').match(/.{5}/g) ?? [];
      const token = fives.map((five) => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(five, 2)]).join('');
      expect(readVerp(secret, `b-${token}@${domain}`)).toBeNull();
    }
  });

  it('are good for one purpose: a return path unsubscribes nobody, and the other way round', () => {
    const bounce = verpAddress(secret, messageId, domain);
    const unsubscribe = unsubscribeAddress(secret, messageId, domain);
    expect(readUnsubscribeAddress(secret, unsubscribe)).toBe(messageId);
    expect(readVerp(secret, unsubscribe)).toBeNull();
    expect(readUnsubscribeAddress(secret, bounce)).toBeNull();
    expect(readVerp(secret, unsubscribe.replace('u-', 'b-'))).toBeNull();
  });

  it('fit mailboxes with subaddressing, and the 64 octets of RFC 5321', () => {
    for (const pattern of [
      'bounce+*@federkiel.example',
      'mail.bounce-*@federkiel.example',
      'b=*=x@federkiel.example',
    ]) {
      const address = verpAddress(secret, messageId, pattern);
      expect(readVerp(secret, address)).toBe(messageId);
      expect(address.indexOf('@')).toBeLessThanOrEqual(64);
    }
    const longest = `${'x'.repeat(22)}+*@federkiel.example`;
    expect(verpAddress(secret, messageId, longest).indexOf('@')).toBe(64);
    expect(() => verpAddress(secret, messageId, `x${longest}`)).toThrow(/at most 23 characters/);
  });

  it('are read with what relays put before them: BATV and SRS', () => {
    const address = verpAddress(secret, messageId, domain);
    expect(readVerp(secret, `prvs=1234abcdef=${address}`)).toBe(messageId);
    expect(readVerp(secret, `SRS0=HHH=TT=${domain}=${address.replace(/@.*/, '@forwarder.example')}`)).toBe(messageId);
  });

  it('need a pattern that says where the name of the mail goes', () => {
    for (const [pattern, problem] of [
      ['bounce@federkiel.example', 'one *'],
      ['**@federkiel.example', 'one *'],
      ['bounce*@federkiel.example', 'separator'],
      ['bounce+*@', 'domain'],
      ['localhost', 'domain'],
      ['bounce +*@federkiel.example', 'separator'],
    ]) {
      expect(patternProblem(pattern ?? '')).toContain(problem);
      expect(() => verpAddress(secret, messageId, pattern ?? '')).toThrow('The return path must');
    }
    expect(patternProblem('bounce+*@federkiel.example')).toBeNull();
    expect(patternProblem(domain)).toBeNull();
  });
});
