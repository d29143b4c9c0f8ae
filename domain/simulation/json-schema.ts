import { z } from 'zod';
import { populationSchema } from './persona.ts';
import { testFileSchema } from './test-file.ts';

const schemas = { test: testFileSchema, personas: populationSchema };

/** What stands in files of its own beside definitions: the value of their `kind`. */
export const simulationFileKinds = ['test', 'personas'] as const;

/** The JSON Schema (2020-12) of such a file. That the sentences of a test are understood is checked by `tend test`. */
export function simulationJsonSchema(kind: (typeof simulationFileKinds)[number]): Record<string, unknown> {
  const schema = z.toJSONSchema(schemas[kind], { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, unknown>;
    required?: string[];
  };
  return {
    ...schema,
    $id: `urn:tend:schema:${kind}`,
    title: `Tend: ${kind}`,
    properties: { kind: { const: kind }, ...schema.properties },
    required: ['kind', ...(schema.required ?? [])],
  };
}
