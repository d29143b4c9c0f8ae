import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normaliseEmail, normaliseId } from '../../domain/identity/normalise.ts';

describe('a mail address', () => {
  it.each([
    [' Tanja@Example.ORG ', 'tanja@example.org'],
    ['o’hara@example.org', 'o’hara@example.org'],
    ['a.b+newsletter@sub.example.co.uk', 'a.b+newsletter@sub.example.co.uk'],
    ['info@BÜCHER.example', 'info@xn--bcher-kva.example'],
    ['tanja@localhost', 'tanja@localhost'],
  ])('%s is kept as %s', (given, kept) => {
    expect(normaliseEmail(given)).toBe(kept);
  });

  it.each([
    '',
    'tanja',
    '@example.org',
    'tanja@',
    'tanja@example',
    'a b@example.org',
    'a@b@c',
    'tanja@exa mple.org',
    'tanja@-x.org',
    'tanja@127.0.0.1',
    'tanja@[127.0.0.1]',
    'tanja@example.org/path',
    'tanja@example.org:25',
    'a\n@example.org',
    'a\0b@example.org',
    '<a@example.org>',
    'a..b@example.org',
    '.a@example.org',
    `${'a'.repeat(65)}@example.org`,
    `a@${'b'.repeat(64)}.org`,
    'a,b@example.org',
    'a"b@example.org',
    null,
    7,
    {},
  ])('%j is none', (given) => {
    expect(normaliseEmail(given)).toBeNull();
  });

  it('is the same when it is normalised again, and fits an SMTP envelope', () => {
    fc.assert(
      fc.property(fc.oneof(fc.emailAddress(), fc.string({ unit: 'binary' })), (text) => {
        const once = normaliseEmail(text);
        if (once === null) return;
        expect(normaliseEmail(once)).toBe(once);
        expect(once).not.toMatch(/[\s<>\p{Cc}]/u);
        expect(once.length).toBeLessThanOrEqual(254);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('an id', () => {
  it('is a text or a whole number', () => {
    expect([' u1 ', 4711, '', '   ', null, undefined, {}, 1.5, 'x'.repeat(256)].map(normaliseId)).toEqual([
      'u1',
      '4711',
      null,
      null,
      null,
      null,
      null,
      null,
      null,
    ]);
  });
});
