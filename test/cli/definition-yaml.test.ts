import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { toYaml } from '../../cli/definition-yaml.ts';
import { fileKinds } from '../../cli/file-kinds.ts';
import { diffLines } from '../../cli/line-diff.ts';
import { inSchemaOrder } from '../../cli/schema-order.ts';
import { definitionKinds } from '../../domain/definition/definition.ts';
import { FILE_KINDS, jsonSchemaOf } from '../../domain/definition/json-schema.ts';
import type { Json } from '../../domain/interaction/interaction.ts';
import { SCALE } from '../support/property.ts';

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc
    .array(fc.constantFrom('a', ' ', '\n', '\t', '\r', '#', ': ', '- ', '|', '"', "'", '{{ x }}', 'ä', '0', 'null'))
    .map((parts) => parts.join('')),
);

describe('a definition as YAML', () => {
  it('is read as the very same content, whatever its texts hold', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z.-]{1,8}$/), text), text, (reps, name) => {
        const content = { reps: [{ name, reps }] };
        expect(parse(toYaml('team', 'team', content))).toEqual({ kind: 'team', ...content });
      }),
      { numRuns: 2_000 * SCALE },
    );
  });

  it('begins with its kind, has fields in the order of the documentation, blocks, and no defaults', () => {
    const content = {
      key: 'hello',
      name: 'Hello',
      locales: { en: { mjml: '<mjml>\n  <mj-body />\n</mjml>\n', subject: 'Hello' } },
      lineage: 'hello',
      recipient: 'lead',
      defaultLocale: 'en',
    };
    expect(toYaml('template', 'hello', content)).toBe(`kind: template
key: hello
name: Hello
locales:
  en:
    subject: Hello
    mjml: |
      <mjml>
        <mj-body />
      </mjml>
`);
  });

  it('finds the order of rules, conditions and durations in the schema', () => {
    const rules = [
      {
        on: { properties: { b: 1, a: 2 }, event: 'E', kind: 'page' },
        id: 'view',
        limit: { per: 'day', times: 2 },
        name: 'View',
        points: 1,
        when: { is: 'x', lead: 'position' },
      },
      { points: -1, silence: { times: 1, after: { hours: 1, days: 2 } }, id: 'quiet' },
    ];
    const ordered = inSchemaOrder({ rules, key: 'm' } as Json, jsonSchemaOf('scoring_model'));
    expect(JSON.stringify(ordered)).toBe(
      '{"key":"m","rules":[{"id":"view","name":"View","points":1,"on":{"kind":"page","event":"E","properties":{"a":2,"b":1}},"when":{"lead":"position","is":"x"},"limit":{"times":2,"per":"day"}},{"id":"quiet","points":-1,"silence":{"after":{"days":2,"hours":1},"times":1}}]}',
    );
  });
});

describe('the kinds of files', () => {
  it('are those of definitions, by the same names', () => {
    for (const kind of definitionKinds)
      expect(fileKinds).toHaveProperty(FILE_KINDS[kind], expect.objectContaining({ definition: kind }));
  });
});

describe('a comparison of lines', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 25 });

  it('makes one text of the other', () => {
    fc.assert(
      fc.property(lines, lines, (a, b) => {
        const [before, after] = [a, b].map((lines) => lines.map((line) => `${line}\n`).join(''));
        const diff = diffLines(before ?? '', after ?? '');
        const play = (text: readonly string[], gone: string) => {
          let at = 0;
          return diff.flatMap((line) => {
            if (line.kind === 'skipped') {
              at += line.lines;
              return text.slice(at - line.lines, at);
            }
            if (line.kind === gone) return [];
            at += 1;
            return [line.text];
          });
        };
        if (before === after) expect(diff).toEqual([]);
        else {
          expect(play(a, 'added')).toEqual(a);
          expect(play(b, 'removed')).toEqual(b);
        }
      }),
      { numRuns: 2_000 * SCALE },
    );
  });

  it('shows what changed with two lines around it', () => {
    const before = 'a\nb\nc\nd\ne\nf\ng\nh\n';
    expect(diffLines(before, before.replace('e', 'E'))).toEqual([
      { kind: 'skipped', lines: 2 },
      { kind: 'kept', text: 'c' },
      { kind: 'kept', text: 'd' },
      { kind: 'removed', text: 'e' },
      { kind: 'added', text: 'E' },
      { kind: 'kept', text: 'f' },
      { kind: 'kept', text: 'g' },
      { kind: 'skipped', lines: 1 },
    ]);
  });
});
