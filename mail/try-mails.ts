import { TendError } from '../domain/errors.ts';
import type { OutgoingMail } from './compose.ts';
import { MissingVariableError } from './liquid.ts';
import { type SampleInput, type SampleReader, sampleMails } from './sample-mails.ts';
import type { CurrentAttributes } from './variables.ts';

export interface TriedMails {
  /** Empty where something else than an unknown variable is in the way. */
  readonly mails: readonly OutgoingMail[];
  /** Variables that are not known of this reader, dotted; where they stand the mails say `[name]`. */
  readonly missing: readonly string[];
  readonly problems: readonly string[];
}

/** A template with more unknown variables than this is named its first ones. */
const MOST_MISSING = 50;

/** Tries a template on a reader. What is not known is filled in, one after the other, so that all of it is found. */
export function tryMails(input: SampleInput, reader: SampleReader): TriedMails {
  const found = new Set<string>();
  let { attributes } = reader;
  while (found.size < MOST_MISSING) {
    try {
      return { mails: sampleMails(input, { ...reader, attributes }), missing: whole(found), problems: [] };
    } catch (error) {
      if (!(error instanceof TendError)) throw error;
      if (!(error instanceof MissingVariableError))
        return { mails: [], missing: whole(found), problems: [error.detail] };
      // What Tend fills in itself can't be filled in here.
      if (found.has(error.variable)) break;
      found.add(error.variable);
      attributes = withVariable(attributes, error.variable.split('.'));
    }
  }
  return { mails: [], missing: whole(found), problems: [] };
}

/** Of `shop` and then `shop.name` the latter is what the template asks for. */
function whole(found: ReadonlySet<string>): string[] {
  return [...found].filter((name) => ![...found].some((other) => other.startsWith(`${name}.`)));
}

function withVariable(attributes: CurrentAttributes, [name = '', ...rest]: readonly string[]): CurrentAttributes {
  const known = attributes[name];
  const isObject = typeof known === 'object' && known !== null && !Array.isArray(known);
  const inner = isObject ? (known as CurrentAttributes) : {};
  return { ...attributes, [name]: rest.length === 0 ? `[${name}]` : withVariable(inner, rest) };
}
