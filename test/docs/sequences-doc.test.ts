import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { packageRoot } from '../../config/package-root.ts';
import { validateDefinition } from '../../domain/definition/validate.ts';
import { TendError } from '../../domain/errors.ts';
import { TEND_EVENTS } from '../../domain/interaction/event-match.ts';
import { stepKinds } from '../../domain/sequence/step.ts';

const text = readFileSync(path.join(packageRoot, 'docs/sequences.md'), 'utf8');
const examples = [...text.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, source = ''], index) => ({
  name: `${index + 1}: ${source.split('\n')[0]}`,
  content: parse(source) as object,
}));

/** What an example leaves out: a list is steps; a mapping is a sequence, with the rest of it added. */
function whole(content: object): object {
  const { kind: _kind, ...given } = Array.isArray(content)
    ? { kind: null, steps: content }
    : (content as { kind?: string });
  const streams = [{ id: 'letters', tracks: [{ id: 'all', contents: ['a'] }] }];
  const steps = [{ id: 'hello', kind: 'send', template: 'hello' }];
  return { name: 'Example', purpose: 'newsletter', streams, steps, ...given };
}

function problemsIn(content: object): string[] {
  const sequence = whole(content) as { key?: string };
  try {
    validateDefinition('sequence', sequence.key ?? 'example', sequence);
    return [];
  } catch (error) {
    if (!(error instanceof TendError)) throw error;
    return error.fields.map((field) => `${field.path} ${field.problem}`);
  }
}

describe('docs/sequences.md', () => {
  it.each(examples)('example $name is valid', ({ content }) => {
    expect(problemsIn(content)).toEqual([]);
  });

  it('shows every kind of step, in an example', () => {
    const shown = examples.flatMap(({ content }) =>
      (whole(content) as { steps: { kind: string }[] }).steps.map(({ kind }) => kind),
    );
    expect(stepKinds.filter((kind) => !shown.includes(kind))).toEqual([]);
  });

  it('names every event that Tend records', () => {
    const flat = text.replace(/\s+/g, ' ');
    expect(TEND_EVENTS.filter((name) => !flat.includes(`\`${name}\``))).toEqual([]);
  });

  it('links to files that are there', () => {
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);
    expect(links.length).toBeGreaterThan(10);
    for (const link of links) expect(() => readFileSync(path.join(packageRoot, 'docs', link)), link).not.toThrow();
  });
});
