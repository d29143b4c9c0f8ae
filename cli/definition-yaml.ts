import { Document, Scalar, visit } from 'yaml';
import { canonicalJson } from '../domain/definition/canonical-json.ts';
import { jsonSchemaOf } from '../domain/definition/json-schema.ts';
import { validateDefinition } from '../domain/definition/validate.ts';
import { repSchema } from '../domain/handoff/rep.ts';
import type { Json } from '../domain/interaction/interaction.ts';
import { type FileKind, fileKinds, isVersioned, type VersionedKind } from './file-kinds.ts';
import { inSchemaOrder } from './schema-order.ts';

/** A definition's content as it is stored: what a person left out is filled in. */
export type Content = { readonly [field: string]: Json };

/** Throws TendError `definition-invalid`, and what zod throws for a representative. */
export function contentAsStored(kind: FileKind, key: string, content: unknown): Content {
  if (isVersioned(kind)) return validateDefinition(fileKinds[kind].definition, key, content) as unknown as Content;
  const { reps = [] } = content as { readonly reps?: readonly unknown[] };
  return { reps: reps.map((rep) => repSchema.parse(rep)).sort((a, b) => (a.key < b.key ? -1 : 1)) };
}

export function sameContent(a: Content, b: Content): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

/**
 * A definition as the file a person would write: `kind` first, then the fields in the order of the documentation, texts of
 * several lines as blocks, and without the fields that say what holds anyway. Read again it is this very content.
 */
export function toYaml(kind: FileKind, key: string, content: Content): string {
  const written = isVersioned(kind) ? inOrder(kind, withoutDefaults(kind, key, content)) : content;
  const document = new Document({ kind, ...written }, { aliasDuplicateObjects: false });
  visit(document, {
    // A block of nothing but white space would be read as another text.
    Scalar(_, node) {
      if (typeof node.value === 'string' && /^\s+$/.test(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: 0, blockQuote: 'literal' });
}

function inOrder(kind: VersionedKind, content: Content): Content {
  return inSchemaOrder(content, jsonSchemaOf(fileKinds[kind].definition)) as Content;
}

/** A content that today's schema would refuse (it was stored by an earlier Tend) is left whole. */
function withoutDefaults(kind: VersionedKind, key: string, content: Content): Content {
  let left = content;
  for (const name of Object.keys(content)) {
    if (name === 'key') continue;
    const { [name]: _, ...rest } = left;
    try {
      if (sameContent(contentAsStored(kind, key, rest), content)) left = rest;
    } catch {
      // It is needed.
    }
  }
  return left;
}
