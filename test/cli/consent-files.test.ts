import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkDefinitions } from '../../cli/check-definitions.ts';
import { readAllFiles } from '../../cli/definition-files.ts';
import { shippedPaths } from '../../cli/push.ts';
import { readWorld } from '../../cli/simulated-world.ts';
import { packageRoot } from '../../config/package-root.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tend-consent-'));
});
afterAll(async () => rm(folder, { recursive: true }));

const policy = (key: string, template: string) => `kind: consent
key: ${key}
name: Shop
purposes:
  - key: newsletter
    name: { en: Newsletter }
doubleOptIn:
  template: ${template}
staleness:
  after: { days: 700 }
  askBefore: { days: 30 }
  template: ask
`;
const template = (key: string, service: boolean) => `kind: template
key: ${key}
name: ${key}
${service ? 'service: true' : ''}
locales:
  en:
    subject: Hello
    mjml: '<mjml><mj-body><mj-section><mj-column><mj-text>{{ imprint }} {{ unsubscribeUrl }}</mj-text></mj-column></mj-section></mj-body></mjml>'
`;

async function check(files: Readonly<Record<string, string>>) {
  const root = await mkdtemp(path.join(folder, 'files-'));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(root, name), text);
  const read = await readAllFiles([root]);
  const { problems, notes } = await checkDefinitions(read.files);
  const bare = (lines: readonly string[]) =>
    lines
      .map((line) => line.replaceAll(`${path.relative(process.cwd(), root)}/`, ''))
      .filter((line) => line.startsWith('consent'));
  return { problems: bare([...read.problems, ...problems]), notes: bare(notes) };
}

describe('a consent policy among files', () => {
  it('is held against the templates that it names', async () => {
    expect(
      await check({
        'consent.yaml': policy('default', 'hello'),
        'a.yaml': template('hello', false),
        'b.yaml': template('ask', true),
      }),
    ).toEqual({
      problems: [
        'consent.yaml:8:13: doubleOptIn.template names the template "hello", which is no service mail: a mail that asks for consent carries no advertising, so take one with service: true',
        'consent.yaml:12:13: staleness.template names the template "ask", which is a service mail: one that goes out under consent must let its reader unsubscribe',
      ],
      notes: [],
    });
    expect(await check({ 'consent.yaml': policy('default', 'hello'), 'b.yaml': template('ask', false) })).toEqual({
      problems: [],
      notes: ['consent.yaml:8:13: doubleOptIn.template names the template "hello", which is not among these files'],
    });
  });

  it('is one where lives are simulated, and they are lived by it', async () => {
    const shipped = path.join(packageRoot, 'sequences', 'stationery');
    const { world } = await readWorld([shipped]);
    expect(world.consentPolicy).toMatchObject({ key: 'default', staleness: { template: 'consent-renewal' } });
    const other = path.join(folder, 'other.yaml');
    await writeFile(other, policy('other', 'hello'));
    await expect(readWorld([shipped, other])).rejects.toThrow(
      /There are 2 consent policies \((default, other|other, default)\)/,
    );
  });

  it('is shipped: a first start has a policy, and its mails', async () => {
    const read = await readAllFiles(shippedPaths().defaultValue as string[]);
    expect(read.files.map(({ kind, key }) => `${kind} ${key}`)).toEqual(
      expect.arrayContaining(['consent default', 'template confirm-subscription', 'template consent-renewal']),
    );
  });
});
