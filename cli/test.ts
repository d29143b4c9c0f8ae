import path from 'node:path';
import type { Command } from 'commander';
import type { Simulation } from '../domain/simulation/behave.ts';
import { type Expectation, readExpectation, unknownNames } from '../domain/simulation/expectation.ts';
import type { Verdict } from '../domain/simulation/judge.ts';
import { instantOf } from '../domain/simulation/local-words.ts';
import { lifeOf, type Simulated, simulate } from '../domain/simulation/simulate.ts';
import { tellStory } from '../domain/simulation/tell-story.ts';
import type { World } from '../domain/simulation/world.ts';
import { DefinitionFileError } from './definition-files.ts';
import { readPopulation } from './population-file.ts';
import { timelineLines } from './show-timeline.ts';
import { readWorld } from './simulated-world.ts';
import { bold, dim, green, red } from './terminal.ts';
import { findTests, type PlacedTest, readTest } from './test-files.ts';

export function registerTest(program: Command): void {
  program
    .command('test')
    .argument('[paths...]', 'test files (*.test.yaml), or folders with them', ['.'])
    .option('--quiet', 'only what fails', false)
    .description('hold what is expected of sequences against simulated leads; needs no running installation')
    .action(run);
}

/** How many of a file's expectations and stories hold, and how many do not. */
interface Tally {
  readonly passed: number;
  readonly failed: number;
}

async function run(paths: readonly string[], { quiet }: { quiet: boolean }): Promise<void> {
  const began = performance.now();
  const files = await findTests(paths);
  if (files.length === 0) {
    console.log(`There is no *.test.yaml in ${paths.join(', ')}.`);
    return;
  }
  let [passed, failed] = [0, 0];
  for (const file of files) {
    const tally = await runFile(file, quiet).catch((error: unknown): Tally => {
      if (!(error instanceof DefinitionFileError)) throw error;
      console.log(bold(path.relative(process.cwd(), file)));
      for (const line of error.message.split('\n')) console.log(`  ${red('✗')} ${line}`);
      return { passed: 0, failed: 1 };
    });
    passed += tally.passed;
    failed += tally.failed;
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const files_ = `${files.length} ${files.length === 1 ? 'file' : 'files'}, ${seconds} s`;
  console.log(
    failed === 0
      ? `${green('✓')} ${passed} hold (${files_})`
      : `${red('✗')} ${failed} of ${passed + failed} do not hold (${files_})`,
  );
  if (failed > 0) process.exitCode = 1;
}

async function runFile(file: string, quiet: boolean): Promise<Tally> {
  const placed = await readTest(file);
  const { test, folder } = placed;
  const { world, notes } = await readWorld(test.with.map((entry) => path.join(folder, entry)));
  const expectations = expectationsOf(placed, world);
  const { population: who } = test;
  const population = typeof who === 'object' ? who : await readPopulation(who && path.join(folder, who));
  const start = instantOf(test.start, world.pacing.timeZone) ?? 0;
  const simulation: Simulation = { world, population, start, days: test.days, seed: test.seed };
  const say = tellerOf(`${bold(placed.placed.file)}${test.name === undefined ? '' : ` ${test.name}`}`, quiet);
  if (!quiet) for (const note of notes) say(dim(`  ${note}`));
  let [passed, failed] = [0, 0];
  const count = (holds: boolean) => {
    if (holds) passed += 1;
    else failed += 1;
  };
  const { verdicts } = expectations.length === 0 ? { verdicts: [] } : simulateAll(simulation, test.leads, expectations);
  for (const [index, { sentence }] of expectations.entries()) {
    const verdict = verdicts[index];
    if (verdict === undefined) continue;
    count(verdict.holds);
    const place = placed.placed.placeOf(`expect.${index}`);
    if (verdict.holds) {
      if (!quiet) say(`  ${green('✓')} ${sentence} ${dim(`(${verdict.found})`)}`);
    } else sayFailed(say, simulation, { place, sentence, verdict });
  }
  for (const [index, story] of test.stories.entries()) {
    const at9 = start + 9 * 3_600_000;
    const { life, differences } = tellStory(story, world, { start: at9, days: test.days });
    count(differences.length === 0);
    if (differences.length === 0) {
      if (!quiet) say(`  ${green('✓')} ${story.name}`);
      continue;
    }
    say(`  ${red('✗')} ${story.name}`);
    for (const { field, lines } of differences) {
      say(`      ${placed.placed.placeOf(`stories.${index}.${field}`)}: ${field}`);
      for (const line of lines)
        say(`      ${line.startsWith('-') ? red(line) : line.startsWith('+') ? green(line) : dim(line)}`);
    }
    say(dim('      What happened:'));
    for (const line of timelineLines(life, { steps: true, indent: '      ' })) say(line);
  }
  return { passed, failed };
}

/** Prints, below the name of the file, which comes with the first line. */
function tellerOf(title: string, quiet: boolean): (line: string) => void {
  let titled = false;
  const say = (line: string) => {
    if (!titled) console.log(title);
    titled = true;
    console.log(line);
  };
  if (!quiet) {
    console.log(title);
    titled = true;
  }
  return say;
}

/** Reads the sentences; names that nobody knows are refused, for such a mail would be got by nobody and before nothing. */
function expectationsOf({ test, placed }: PlacedTest, world: World): Expectation[] {
  const problems: string[] = [];
  const read = test.expect.flatMap((sentence, index): Expectation[] => {
    const expectation = readExpectation(sentence);
    if ('problem' in expectation) return [];
    for (const problem of unknownNames(expectation, world))
      problems.push(`${placed.placeOf(`expect.${index}`)}: ${problem}`);
    return [expectation];
  });
  if (problems.length > 0) throw new DefinitionFileError(problems.join('\n'));
  return read;
}

function simulateAll(simulation: Simulation, leads: number, expectations: readonly Expectation[]): Simulated {
  const lives = simulate(simulation, leads, expectations);
  for (;;) {
    const step = lives.next();
    if (step.done === true) return step.value;
  }
}

/** What was found, and the life of one lead that shows it. */
function sayFailed(
  say: (line: string) => void,
  simulation: Simulation,
  { place, sentence, verdict }: { readonly place: string; readonly sentence: string; readonly verdict: Verdict },
): void {
  say(`  ${red('✗')} ${sentence}`);
  say(`      ${place}: ${verdict.found}`);
  if (verdict.lead === null) return;
  const life = lifeOf(simulation, verdict.lead);
  say(dim(`      Lead ${life.number} (${life.persona}), seed ${simulation.seed}:`));
  for (const line of timelineLines(life, { indent: '      ' })) say(line);
}
