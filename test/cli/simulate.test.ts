import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { readAllFiles } from '../../cli/definition-files.ts';
import { registerSimulate } from '../../cli/simulate.ts';
import { barChart, curveChart } from '../../cli/svg-charts.ts';
import { registerTest } from '../../cli/test.ts';
import { packageRoot } from '../../config/package-root.ts';
import { simulationJsonSchema } from '../../domain/simulation/json-schema.ts';
import { populationSchema } from '../../domain/simulation/persona.ts';
import { sentenceForms } from '../../domain/simulation/sentence-forms.ts';
import { testFileSchema } from '../../domain/simulation/test-file.ts';

const FILES: Readonly<Record<string, string>> = {
  'welcome.yaml': `kind: sequence
key: welcome
name: Welcome <b>you</b>
purpose: newsletter
entry: [{ event: Signed Up }]
steps:
  - { id: hello, kind: send, template: hello }
  - { id: rest, kind: wait, for: { days: 2 } }
  - { id: offer, kind: send, template: offer }
`,
  'models/shop.yaml': `kind: scoring-model
key: shop
name: Shop
timeZone: Europe/Berlin
threshold: 20
rules:
  - { id: view, on: { kind: page, event: Product }, points: 8, limit: { per: day } }
`,
  'pacing.yaml': `kind: pacing
key: default
name: Default
timeZone: Europe/Berlin
windows: [{ from: '09:00', to: '17:00' }]
`,
  'eager.personas.yaml': `kind: personas
personas: [{ name: eager, share: 1, opens: 1, clicks: 1, browses: 0.5 }]
sales: { capacityPerWeek: 3 }
`,
  'welcome.test.yaml': `kind: test
population: eager.personas.yaml
leads: 40
days: 28
expect:
  - no mail is sent between 17:00 and 09:00
  - at least 90 % of leads get "offer"
stories:
  - name: Tanja signs up at night
    events: [{ at: 2027-03-01T22:00, event: Signed Up }]
    mails:
      - { template: hello, at: 2027-03-02T09:00, due: 2027-03-01T22:00 }
      - { template: offer, at: 2027-03-04T09:00 }
    ends: { welcome: completed }
`,
};

let folder: string;
let lines: string[];
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tend-simulate-'));
  for (const [name, text] of Object.entries(FILES)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
});
afterAll(async () => rm(folder, { recursive: true }));
beforeEach(() => {
  lines = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(...line.split('\n')));
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

async function tend(...args: string[]): Promise<string> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  registerSimulate(program);
  registerTest(program);
  await program.parseAsync(['node', 'tend', ...args]);
  return lines.join('\n');
}

/** A test file of its own beside the others; returns what is said of it and the exit code. */
async function tested(text: string): Promise<{ readonly said: string; readonly exitCode: typeof process.exitCode }> {
  const file = path.join(folder, 'other.test.yaml');
  await writeFile(file, text);
  const said = (await tend('test', file)).replaceAll(path.relative(process.cwd(), file), 'other.test.yaml');
  await rm(file);
  return { said, exitCode: process.exitCode };
}

describe('tend test', () => {
  it('finds the tests below a folder, says what holds, and ends well', async () => {
    const said = await tend('test', folder);
    expect(said).toContain('✓ no mail is sent between 17:00 and 09:00 (holds for all of 40 leads)');
    expect(said).toContain('✓ Tanja signs up at night');
    expect(said).toMatch(/✓ 3 hold \(1 file, /);
    expect(process.exitCode).toBeUndefined();
  });

  it('shows for what fails the line, the figures, and the life of a lead that it fails for', async () => {
    const { said, exitCode } = await tested(`kind: test
leads: 20
days: 14
expect:
  - at least 90 % of leads get "hello"
  - no lead gets more than 1 mail in any 7 days
`);
    expect(exitCode).toBe(1);
    expect(said).toContain('✗ no lead gets more than 1 mail in any 7 days');
    expect(said).toMatch(/other\.test\.yaml:6:5: 20 of 20 leads; lead 1 gets 2 in 7 days/);
    expect(said).toMatch(/Lead 1 \([a-z-]+\), seed 1:/);
    expect(said).toMatch(/✉ mail "offer" \(welcome \/ offer\)/);
    expect(said).toMatch(/✗ 1 of 2 do not hold/);
  });

  it('shows a story that went otherwise as a difference, with its lines', async () => {
    const { said, exitCode } = await tested(`kind: test
stories:
  - name: Too early
    events: [{ after: { hours: 1 }, event: Signed Up }]
    mails:
      - { template: hello, at: 2027-03-01T09:30 }
      - { template: offer }
`);
    expect(exitCode).toBe(1);
    expect(said).toContain('other.test.yaml:6:7: mails');
    expect(said).toContain('- 2027-03-01T09:30 hello');
    expect(said).toContain('+ 2027-03-01T10:00 hello');
    expect(said).toContain('  2027-03-03T10:00 offer');
  });

  it.each([
    ['expect: [all is well]', /other\.test\.yaml:2:10: expect\.0 is no sentence that is understood/],
    [
      'expect: [at least 5 % of leads get "ofer"]',
      /other\.test\.yaml:2:10: there is no template "ofer", only hello, offer/,
    ],
    ['leads: 0', /other\.test\.yaml:2:8: leads /],
    ['stories: [{ name: x, events: [{ after: { days: 1 }, clikcs: hello }] }]', /clikcs is not a field here/],
  ])('refuses %s with its line', async (text, message) => {
    const { said, exitCode } = await tested(`kind: test\n${text}\n`);
    expect(exitCode).toBe(1);
    expect(said).toMatch(message);
  });

  it('is not in the way of pushing and validating', async () => {
    const { files, problems } = await readAllFiles([folder]);
    expect(problems).toEqual([]);
    expect(files.map(({ key }) => key).sort()).toEqual(['default', 'shop', 'welcome']);
  });
});

describe('tend simulate', () => {
  it('tells the life of one lead, dated by its clock', async () => {
    const said = await tend('simulate', folder, '--lead', '2', '--start', '2027-03-01', '--steps');
    expect(said).toContain('Not among the files, taken as published: hello, offer.');
    expect(said).toMatch(/Lead 2, [a-z-]+, times of Europe\/Berlin, seed 1/);
    expect(said).toMatch(/✉ mail "hello" \(welcome \/ hello\)/);
    expect(said).toMatch(/· welcome \/ rest: done/);
  });

  it('gives figures of many, the same for the same seed', async () => {
    const args = ['simulate', folder, '--leads', '60', '--days', '28', '--start', '2027-03-01'];
    const figures = (said: string) => said.replace(/; [\d.]+ s, [\d,]+ lead-days a second/, '');
    const first = figures(await tend(...args));
    lines = [];
    expect(figures(await tend(...args))).toBe(first);
    expect(first).toMatch(/leads +60/);
    expect(first).toMatch(/welcome +60 /);
    lines = [];
    expect(figures(await tend(...args, '--seed', '2'))).not.toBe(first);
  });

  it('writes a report that asks for nothing from anywhere, and takes names as text', async () => {
    const file = path.join(folder, 'report.html');
    await tend(
      'simulate',
      folder,
      '--leads',
      '40',
      '--start',
      '2027-03-01',
      '--personas',
      path.join(folder, 'eager.personas.yaml'),
      '--report',
      file,
    );
    const html = await readFile(file, 'utf8');
    expect(html).toContain('Welcome &#60;b&#62;you');
    expect(html).not.toMatch(/<script|src=|href=|@import|url\(/);
    expect(html.match(/<svg /g)).toHaveLength(4);
    expect(html).toContain('capacity: 3 a week');
    expect(html).toContain('seed 1');
  });

  it('says what is wrong with files and options', async () => {
    await expect(tend('simulate', path.join(folder, 'nowhere'))).rejects.toThrow('There is no file or folder');
    await expect(tend('simulate', path.join(folder, 'models'))).rejects.toThrow('There is no sequence in');
    await expect(tend('simulate', folder, '--start', 'tomorrow')).rejects.toThrow('--start tomorrow is no day');
    await expect(tend('simulate', folder, '--leads', '0')).rejects.toThrow('must be a whole number, 1 or more');
  });
});

describe('docs/simulator.md', () => {
  const text = readFileSync(path.join(packageRoot, 'docs/simulator.md'), 'utf8');

  it('shows files that are valid', () => {
    const blocks = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(
      ([, yaml = '']) => parse(yaml) as { kind: string },
    );
    expect(blocks.map(({ kind }) => kind)).toEqual(['personas', 'test']);
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    for (const { kind, ...content } of blocks) {
      const [schema, jsonSchema] =
        kind === 'test' ? [testFileSchema, 'test' as const] : [populationSchema, 'personas' as const];
      expect(schema.safeParse(content).error?.issues ?? []).toEqual([]);
      expect(ajv.validate(simulationJsonSchema(jsonSchema), { kind, ...content })).toBe(true);
    }
  });

  it('has every sentence that is understood', () => {
    for (const { example } of sentenceForms) expect(text).toContain(`| \`${example}\` |`);
  });
});

describe('charts', () => {
  it('draw bars to scale, with titles for whoever does not see them', () => {
    const svg = barChart({
      title: 'Mails & more',
      xTitle: 'week',
      yTitle: 'mails',
      bars: [
        { label: '1', value: 50 },
        { label: '2', value: 100 },
      ],
    });
    const heights = [...svg.matchAll(/class="bar"[^>]* height="([\d.]+)"/g)].map(([, height]) => Number(height));
    expect(heights[1]).toBeCloseTo(2 * (heights[0] ?? 0), 0);
    expect(svg).toContain('aria-label="Mails &#38; more. 1: 50; 2: 100"');
  });

  it('draw nothing where there is nothing, and no NaN', () => {
    const empty =
      barChart({ title: 't', xTitle: 'x', yTitle: 'y', bars: [] }) +
      curveChart({ title: 't', xTitle: 'x', yTitle: 'y', points: [], xMost: 90 });
    expect(empty).not.toContain('NaN');
  });
});
