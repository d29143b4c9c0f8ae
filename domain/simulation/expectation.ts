import type { NewJudge } from './judge.ts';
import { type SentenceForm, sentenceForms } from './sentence-forms.ts';
import type { World } from './world.ts';

/** A sentence that was understood. */
export interface Expectation {
  readonly sentence: string;
  readonly judge: NewJudge;
  /** Templates and sequences that it names. */
  readonly names: readonly { readonly of: 'template' | 'sequence'; readonly key: string }[];
}

/** Reads a sentence of `expect`; `problem` says what would be understood. */
export function readExpectation(sentence: string): Expectation | { readonly problem: string } {
  const text = normalised(sentence);
  for (const form of sentenceForms) {
    const found = form.pattern.exec(text);
    if (found === null) continue;
    const parts = found.slice(1);
    const names = (form.names ?? []).map(([part, of]) => ({ of, key: parts[part] ?? '' }));
    return { sentence: sentence.trim(), judge: form.judge(parts), names };
  }
  const nearest = nearestTo(text).map(({ example }) => `  ${example}`);
  return { problem: `is no sentence that is understood. Nearest to it:\n${nearest.join('\n')}` };
}

/** What an expectation names that is not there; a misspelt template would be got by nobody, before anything. */
export function unknownNames({ names }: Expectation, { contents, sequences }: World): string[] {
  return names.flatMap(({ of, key }) => {
    const known = of === 'template' ? [...contents.keys()] : sequences.map(({ definition }) => definition.key);
    return known.includes(key) ? [] : [`there is no ${of} "${key}", only ${known.join(', ') || 'none at all'}`];
  });
}

/** Lower case outside of quotes, one space between words, no full stop. */
function normalised(sentence: string): string {
  return sentence
    .trim()
    .replace(/[“”„]/g, '"')
    .replace(/\s+/g, ' ')
    .replace(/\.$/, '')
    .split('"')
    .map((part, index) => (index % 2 === 0 ? part.toLowerCase() : part))
    .join('"');
}

/** The forms that share most words with `text`. */
function nearestTo(text: string): SentenceForm[] {
  const words = wordsOf(text);
  const likeness = ({ example }: SentenceForm) => {
    const others = wordsOf(normalised(example));
    const shared = [...words].filter((word) => others.has(word)).length;
    return shared / (words.size + others.size - shared || 1);
  };
  return [...sentenceForms].sort((a, b) => likeness(b) - likeness(a)).slice(0, 3);
}

function wordsOf(text: string): Set<string> {
  return new Set(text.replace(/"[^"]*"|\d+(?:[.:]\d+)?/g, '#').match(/[a-z%#]+/g) ?? []);
}
