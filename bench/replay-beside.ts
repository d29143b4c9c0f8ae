import { setTimeout as pause } from 'node:timers/promises';
import { cancelReplay } from '../store/cancel-replay.ts';
import { putDraft } from '../store/put-draft.ts';
import { readReplay } from '../store/read-replay.ts';
import { requestReplay } from '../store/request-replay.ts';
import { EVERYTHING, fiftyRules } from './fifty-rules.ts';
import { measureLatency } from './latency-run.ts';
import { MIXES } from './mixes.ts';
import { actor, fill } from './replay-fill.ts';
import { wholeNumber, writeFigures } from './report-file.ts';
import { startStack } from './stack.ts';

// `node dist/bench/replay-beside.js`: what a replay does to scoring and handing off beside it, in the same worker.
/** The model of the company in `company.ts`. */
const BENCH_MODEL = 'bench';
const RATE = wholeNumber('TEND_BENCH_RATE', 200);
const LEADS = wholeNumber('TEND_BENCH_LEADS', 50_000);
const mix = MIXES.find(({ key }) => key.startsWith('website 2'));
if (mix === undefined) throw new Error('the mix is missing');

const stack = await startStack();
try {
  const now = Date.now();
  await fill(stack.database, LEADS, 20, now, () => {});
  // Another draft of the model that is live: nobody is scored anew, for what publishing costs is not measured here.
  const content = fiftyRules(EVERYTHING, { key: BENCH_MODEL });
  await putDraft(stack.database, { kind: 'scoring_model', key: BENCH_MODEL, content, actor, now });
  await pause(5_000);
  const alone = await measureLatency(stack, mix, RATE, 'alone');
  const { id } = await requestReplay(stack.database, {
    key: BENCH_MODEL,
    version: undefined,
    perWeek: null,
    actor,
    now: Date.now(),
  });
  const began = Date.now();
  const beside = await measureLatency(stack, mix, RATE, 'beside');
  const { state, leadsDone } = await readReplay(stack.database, id);
  const leadsPerSecond = Math.round((1_000 * leadsDone) / (Date.now() - began));
  await cancelReplay(stack.database, id, Date.now());
  const show = ({ standing, handoff }: typeof alone) =>
    `event to standing ${standing.p50.toFixed(0)} / ${standing.p99.toFixed(0)} ms, to handoff ${handoff.p50.toFixed(0)} / ${handoff.p99.toFixed(0)} ms (p50 / p99)`;
  console.log(`at ${RATE} events/s alone:           ${show(alone)}`);
  console.log(`at ${RATE} events/s beside a replay: ${show(beside)}; it was ${state} with ${leadsPerSecond} leads/s`);
  console.log(`All figures: ${writeFigures('replay-beside', { rate: RATE, alone, beside, state, leadsPerSecond })}`);
} finally {
  await stack.stop();
}
process.exit(0);
