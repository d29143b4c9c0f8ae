import type { AttributeSet } from '../../domain/attributes/definition.ts';
import { attributesSchema } from '../../domain/attributes/definition-schema.ts';
import type { Statement } from '../../domain/attributes/statement.ts';
import { createVocabulary, type Vocabulary } from '../../domain/attributes/vocabulary.ts';

/** A set of attributes as its file would have it. */
export function attributeSet(attributes: readonly object[], key = 'qualification'): AttributeSet {
  return attributesSchema.parse({ key, name: key, attributes });
}

export function vocabularyOf(...attributes: readonly object[]): Vocabulary {
  return attributes.length === 0 ? createVocabulary([]) : createVocabulary([attributeSet(attributes)]);
}

/** The problems of a set as paths and messages. */
export function problemsOf(attributes: readonly object[]): string[] {
  const parsed = attributesSchema.safeParse({ key: 'qualification', name: 'Qualification', attributes });
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

/** Statements in the order in which they were recorded, each as `[name, value, source, at]`. */
export function statements(
  ...said: readonly (readonly [
    name: string,
    value: Statement['value'],
    source: Statement['source'],
    at: number,
    confidence?: number,
  ])[]
): Statement[] {
  return said.map(([name, value, source, at, confidence = 1], index) => ({
    id: index + 1,
    name,
    value,
    source,
    at,
    confidence,
  }));
}
