import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { packageRoot } from '../../config/package-root.ts';
import { type DefinitionKind, definitionKinds } from '../../domain/definition/definition.ts';
import { FILE_KINDS, jsonSchemaOf } from '../../domain/definition/json-schema.ts';

const ajv = new Ajv2020({ strict: false, validateFormats: false });
const validators = new Map(definitionKinds.map((kind) => [kind, ajv.compile(jsonSchemaOf(kind))]));

function check(kind: DefinitionKind, content: unknown): string[] {
  const validate = validators.get(kind);
  if (validate === undefined) throw new Error(`no schema of ${kind}`);
  return validate(content)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

const shipped = [
  'sequences/models/stationery.yaml',
  'sequences/models/phone-systems.yaml',
  'sequences/models/electricity.yaml',
  'sequences/models/cloud.yaml',
  'sequences/attributes/qualification.yaml',
  'sequences/attributes/electricity.yaml',
  'sequences/pacing.yaml',
  'sequences/stationery/newsletter.yaml',
  'sequences/stationery/customer.yaml',
  'sequences/stationery/birthday.yaml',
  'sequences/business/white-paper.yaml',
  'sequences/business/revival.yaml',
  'sequences/electricity/comparison.yaml',
  'sequences/demo/newsletter.yaml',
  'templates/stationery/newsletter.yaml',
  'templates/business/cloud-question.yaml',
  'templates/team/handoff.yaml',
];

describe('the JSON Schemas that editors use', () => {
  it.each(shipped)('take %s', (file) => {
    const content = parse(readFileSync(path.join(packageRoot, file), 'utf8')) as { kind: string };
    const kind = definitionKinds.find((kind) => FILE_KINDS[kind] === content.kind);
    expect(kind, content.kind).toBeDefined();
    expect(check(kind ?? 'template', content)).toEqual([]);
  });

  const model = parse(readFileSync(path.join(packageRoot, 'sequences/models/cloud.yaml'), 'utf8')) as {
    rules: object[];
  };

  it.each([
    ['an unknown field', { ...model, colour: 'red' }],
    ['points that are no number', { ...model, rules: [{ ...model.rules[0], points: 'many' }] }],
    ['a limit of nothing known', { ...model, rules: [{ ...model.rules[0], limit: { per: 'month' } }] }],
    [
      'a condition of nothing known',
      { ...model, rules: [{ ...model.rules[0], when: { leads: 'position', is: 'x' } }] },
    ],
    ['a file of another kind', { ...model, kind: 'sequence' }],
  ])('refuse %s', (_what, content) => {
    expect(check('scoring_model', content)).not.toEqual([]);
  });
});
