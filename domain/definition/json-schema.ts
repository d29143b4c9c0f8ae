import { z } from 'zod';
import type { DefinitionKind } from './definition.ts';
import { schemas } from './validate.ts';

/** What each kind is called in files: the value of their `kind`. */
export const FILE_KINDS: Readonly<Record<DefinitionKind, string>> = {
  attributes: 'attributes',
  consent: 'consent',
  layout: 'layout',
  mailing: 'mailing',
  pacing: 'pacing',
  partial: 'partial',
  scoring_model: 'scoring-model',
  sender: 'sender',
  sequence: 'sequence',
  template: 'template',
};

/**
 * The JSON Schema (2020-12) of a file of this kind, for editors that complete and check while one writes. It says all
 * that a schema can say; that the parts fit each other is checked when the file is pushed.
 */
export function jsonSchemaOf(kind: DefinitionKind): Record<string, unknown> {
  const schema = z.toJSONSchema(schemas[kind], { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, unknown>;
    required?: string[];
  };
  return {
    ...schema,
    $id: `urn:tend:schema:${FILE_KINDS[kind]}`,
    title: `Tend: ${FILE_KINDS[kind]}`,
    properties: { kind: { const: FILE_KINDS[kind] }, ...schema.properties },
    required: ['kind', ...(schema.required ?? [])],
  };
}
