import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { checkDefinitions } from '../../cli/check-definitions.ts';
import { readAllFiles, readDefinitionFiles } from '../../cli/definition-files.ts';
import { registerValidate } from '../../cli/validate.ts';
import { packageRoot } from '../../config/package-root.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tend-files-'));
});
afterAll(async () => rm(folder, { recursive: true }));

let tests = 0;
/** Everything that is said of these files, without the folder they are in. */
async function said(files: { readonly [name: string]: string }): Promise<{ problems: string[]; notes: string[] }> {
  tests += 1;
  const root = path.join(folder, String(tests));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), text);
  }
  const read = await readAllFiles([root]);
  const { problems, notes } = await checkDefinitions(read.files);
  const here = `${path.relative(process.cwd(), root)}/`;
  const bare = (lines: readonly string[]) => lines.map((line) => line.replaceAll(here, ''));
  return { problems: bare([...read.problems, ...problems]), notes: bare(notes) };
}

const model = `kind: scoring-model
key: pens
name: Pens
timeZone: Europe/Berlin
threshold: 50
rules:
  - id: view
    on: { kind: page, event: Product }
    points: 60
`;
const mail = (key: string, recipient = 'lead') => `kind: template
key: ${key}
name: ${key}
recipient: ${recipient}
locales:
  en:
    subject: Hello
    mjml: |
      <mjml><mj-body><mj-section><mj-column>
        <mj-text>Hello ${recipient === 'lead' ? '<a href="{{ unsubscribeUrl }}">Unsubscribe</a> {{ imprint }}' : ''}</mj-text>
      </mj-column></mj-section></mj-body></mjml>
`;
const sequence = (template: string) => `kind: sequence
key: welcome
name: Welcome
purpose: newsletter
steps:
  - id: hello
    kind: send
    template: ${template}
`;

describe('checking files without an installation', () => {
  it('finds nothing in what is shipped', async () => {
    const files = await readDefinitionFiles([path.join(packageRoot, 'templates'), path.join(packageRoot, 'sequences')]);
    expect(files.length).toBeGreaterThan(10);
    expect((await checkDefinitions(files)).problems).toEqual([]);
  });

  it('names every problem of every file with its line', async () => {
    const { problems } = await said({
      'a/pens.yaml': model.replace('points: 60', 'points: many').replace('Europe/Berlin', 'Middle Earth'),
      'b/broken.yml': 'kind: template\nkey: [a\n',
      'c/other.yaml': 'kind: poem\nkey: x\n',
      'd/list.yaml': '- 1\n',
      'e/keyless.yaml': 'kind: sequence\nname: x\n',
    });
    expect(problems).toEqual([
      expect.stringMatching(/^b\/broken\.yml:\d+:\d+: /),
      expect.stringMatching(/^c\/other\.yaml:1:7: kind must be one of sender, partial, layout, template, attributes, /),
      expect.stringMatching(/^d\/list\.yaml:1:1: must be a mapping/),
      'e/keyless.yaml:1:1: needs a key, for example key: keyless',
      'a/pens.yaml:4:11: timeZone must be an IANA time zone such as Europe/Berlin',
      'a/pens.yaml:9:13: rules.0.points must be a whole number',
    ]);
  });

  it('reads JSON with its lines too, and leaves other programs’ files alone', async () => {
    const json = (points: unknown) =>
      JSON.stringify(
        {
          $schema: './scoring-model.schema.json',
          kind: 'scoring-model',
          key: 'ink',
          name: 'Ink',
          timeZone: 'Europe/Berlin',
          threshold: 5,
          rules: [{ id: 'view', on: { event: 'V' }, points }],
        },
        null,
        '\t',
      );
    const others = {
      'node_modules/x/package.json': '{}',
      '.vscode/settings.json': '{}',
      'scoring-model.schema.json': '{}',
    };
    expect(await said({ 'ink.json': json(9), ...others })).toEqual({ problems: [], notes: [] });
    expect((await said({ 'ink.json': json('9') })).problems).toEqual([
      'ink.json:14:14: rules.0.points must be a whole number',
    ]);
  });

  it('compiles templates: MJML and Liquid', async () => {
    const { problems } = await said({ 'a.yaml': mail('a').replace('Hello <a', 'Hello {{ lead. <a') });
    expect(problems).toEqual([expect.stringMatching(/^a\.yaml:8:\d+: locales\.en\.mjml line /)]);
  });

  it('compiles templates with the layouts and partials among the files, each problem at its own line', async () => {
    const content = mail('a')
      .replace('recipient: lead', 'recipient: lead\nlayout: frame\nsender: shop')
      .replace('<mjml><mj-body><mj-section><mj-column>', '')
      .replace('</mj-column></mj-section></mj-body></mjml>', '');
    const frame = `kind: layout
key: frame
name: Frame
mjml: |
  <mjml><mj-body><mj-section><mj-column>
    {% content %}
    {% partial 'end' %}
  </mj-column></mj-section></mj-body></mjml>
`;
    const end =
      "kind: partial\nkey: end\nname: End\nmjml: <mj-text>{% word 'bye' %}</mj-text>\nwords: { bye: { en: Bye } }\n";
    const sender =
      'kind: sender\nkey: shop\nname: Shop\nfrom: a@shop.example\nimprint: { en: "Shop Ltd, 1 Test Street" }\n';
    const all = { 'a.yaml': content, 'frame.yaml': frame, 'end.yaml': end, 'sender.yaml': sender };
    expect(await said(all)).toEqual({ problems: [], notes: [] });
    expect(await said({ 'a.yaml': content })).toEqual({
      problems: [],
      notes: [
        'a.yaml:5:9: names the layout "frame", which is not among these files',
        'a.yaml:6:9: the sender "shop" is not among these files',
      ],
    });
    expect((await said({ ...all, 'end.yaml': end.replace('bye: {', 'by: {') })).problems).toEqual([
      expect.stringMatching(/^a\.yaml:10:\d+: locales\.en\.mjml partial "end", line 1: there is no word "bye"/),
      expect.stringMatching(/^end\.yaml:4:7: mjml line 1: there is no word "bye"/),
      expect.stringMatching(/^frame\.yaml:4:7: mjml partial "end", line 1: there is no word "bye"/),
    ]);
    expect(
      (await said({ ...all, 'a.yaml': content.replace('<mj-text>Hello', '<mj-text>Hello {{ firstName }}') })).problems,
    ).toEqual([
      expect.stringMatching(/^a\.yaml:10:\d+: locales\.en\.mjml line 2: "firstName" is not known of every reader/),
    ]);
  });

  it('holds sequences against the templates among the files', async () => {
    const both = await said({ 'mails/hello.yaml': mail('hello'), 'welcome.yaml': sequence('hello') });
    expect(both).toEqual({ problems: [], notes: [] });
    expect(await said({ 'welcome.yaml': sequence('hello') })).toEqual({
      problems: [],
      notes: ['welcome.yaml:8:15: steps.0.template names the template "hello", which is not among these files'],
    });
    expect(
      (await said({ 'mails/hello.yaml': mail('hello', 'rep'), 'welcome.yaml': sequence('hello') })).problems,
    ).toEqual([
      'welcome.yaml:8:15: steps.0.template names the template "hello", which is for representatives: take one for leads',
    ]);
  });

  it('refuses two files for one thing, and one attribute in two sets', async () => {
    const set = (key: string) =>
      `kind: attributes\nkey: ${key}\nname: ${key}\nattributes:\n  - { name: postcode, type: text, label: Postcode }\n`;
    expect((await said({ 'a.yaml': model, 'b.yaml': model })).problems).toEqual([
      expect.stringMatching(/^b\.yaml:2:6: key is that of a\.yaml too/),
    ]);
    expect((await said({ 'a.yaml': set('a'), 'b.yaml': set('b') })).problems).toEqual([
      expect.stringMatching(
        /^b\.yaml:5:13: attributes\.0\.name "postcode" of the lead stands in the attributes "a" already/,
      ),
    ]);
  });

  it('checks a team', async () => {
    const team =
      'kind: team\nreps:\n  - { key: petra, name: Petra, email: nowhere }\n  - { key: jonas, name: Jonas, email: jonas@shop.example }\n  - { key: jonas, name: J, email: j@shop.example }\n';
    expect((await said({ 'team.yaml': team })).problems).toEqual([
      'team.yaml:3:39: reps.0.email must be a mail address',
      'team.yaml:5:12: reps.2.key "jonas" is used twice: each needs its own',
    ]);
  });
});

describe('tend validate', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    process.exitCode = undefined;
  });

  it('says what is wrong and ends with 1, or that all is well', async () => {
    const lines: string[] = [];
    vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(line));
    const file = path.join(folder, 'pens.yaml');
    const run = async (text: string) => {
      await writeFile(file, text);
      const program = new Command();
      registerValidate(program);
      await program.parseAsync(['validate', file], { from: 'user' });
      return [process.exitCode, ...lines.splice(0)];
    };
    expect(await run(model)).toEqual([undefined, '✓ 1 file valid.']);
    expect(await run(model.replace('points: 60', 'points: 0'))).toEqual([
      1,
      `✗ ${path.relative(process.cwd(), file)}:9:13: rules.0.points must not be 0: such a rule changes nothing`,
      '1 problem in 1 file.',
    ]);
  });
});
