import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkDefinitions } from '../../cli/check-definitions.ts';
import { readAllFiles } from '../../cli/definition-files.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tend-malformed-'));
});
afterAll(async () => rm(folder, { recursive: true }));

async function problemsIn(steps: string): Promise<string[]> {
  const file = path.join(folder, 'pens.yaml');
  await writeFile(file, `kind: sequence\nkey: pens\nname: Pens\npurpose: newsletter\nsteps:\n${steps}`);
  const { files } = await readAllFiles([file]);
  const { problems } = await checkDefinitions(files);
  return problems.map((problem) => problem.replaceAll(path.relative(process.cwd(), file), 'pens.yaml'));
}

it('what is wrong in a step stands with its line and column', async () => {
  const problems = await problemsIn(`  - id: hello
    kind: sent
  - id: visit
    kind: waitFor
    event: { kind: tend, event: Email Link Clicked, properties: { link: x } }
    timeout: { days: 0 }
`);
  expect(problems).toEqual([
    expect.stringMatching(/^pens\.yaml:7:11: steps\.0\.kind must be one of send, wait, .* not "sent"$/),
    expect.stringMatching(/^pens\.yaml:10:\d+: steps\.1\.event\.properties\.link "Email Link Clicked" has no property/),
    'pens.yaml:11:14: steps.1.timeout must be longer than nothing, for example { days: 2 }',
  ]);
});

it('so does what is wrong in how steps hang together', async () => {
  const problems = await problemsIn(`  - id: pause
    kind: wait
    for: { days: 1 }
  - id: letter
    kind: send
    template: hello
  - id: again
    kind: goTo
    step: letter
    atMost: 3
  - id: stop
    kind: end
  - id: lost
    kind: end
`);
  expect(problems).toEqual([
    'pens.yaml:14:11: steps.2.step from "letter" back to here no time need pass: put a wait into the loop',
    'pens.yaml:18:5: steps.4 no way leads to the step "lost": name it as somebody\'s target, or take it out',
  ]);
});
