import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../domain/definition/canonical-json.ts';
import { chooseLocale, templateSchema } from '../../domain/definition/template.ts';
import { validateDefinition } from '../../domain/definition/validate.ts';

const content = { subject: 'Hello', mjml: '<mjml></mjml>' };

describe('a template', () => {
  it('has defaults: for leads, in English, its own lineage', () => {
    expect(templateSchema.parse({ key: 'a', name: 'A', locales: { en: content } })).toMatchObject({
      recipient: 'lead',
      defaultLocale: 'en',
      lineage: 'a',
    });
  });

  it('may ask leads, and says nothing of it where it does not', () => {
    expect(templateSchema.parse({ key: 'a', name: 'A', asks: true, locales: { en: content } }).asks).toBe(true);
    expect(templateSchema.parse({ key: 'a', name: 'A', locales: { en: content } })).not.toHaveProperty('asks');
    const rep = templateSchema.safeParse({
      key: 'a',
      name: 'A',
      asks: true,
      recipient: 'rep',
      locales: { en: content },
    });
    expect(rep.error?.issues.map(({ path }) => path)).toEqual([['asks']]);
  });

  it('names its locales as BCP 47 does', () => {
    for (const locale of ['EN', 'english', 'de_AT', 'd']) {
      expect(
        templateSchema.safeParse({ key: 'a', name: 'A', locales: { en: content, [locale]: content } }).success,
      ).toBe(false);
    }
  });

  it('is chosen in the language asked for, whatever its country', () => {
    const choose = (wanted: string | null) => chooseLocale(['en', 'de', 'pt-BR'], wanted, 'en');
    expect([null, 'de', 'de-AT', 'DE', 'pt-BR', 'pt_br', 'pt', 'fr'].map(choose)).toEqual([
      'en',
      'de',
      'de',
      'de',
      'pt-BR',
      'pt-BR',
      'en',
      'en',
    ]);
  });
});

describe('a definition', () => {
  it('takes its key from where it is stored', () => {
    expect(validateDefinition('template', 'a', { name: 'A', locales: { en: content } }).key).toBe('a');
    expect(() => validateDefinition('template', 'a', { key: 'b', name: 'A', locales: { en: content } })).toThrow();
  });

  it('has one canonical text, whatever the order of its fields', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(turned as never)).toBe(canonicalJson(value as never));
        expect(JSON.parse(canonicalJson(value as never))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
