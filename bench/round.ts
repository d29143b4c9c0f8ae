import { type BareResult, runBare } from './bare-run.ts';
import { type CpuUse, countCpu } from './cpu-use.ts';
import { type HistorySize, measureHistory } from './history-size.ts';
import { type HttpResult, runHttp } from './http-run.ts';
import { type LatencyResult, measureLatency } from './latency-run.ts';
import { isLatencyMix, type Mix } from './mixes.ts';
import { startStack } from './stack.ts';
import { runTend, type TendResult } from './tend-run.ts';

export interface MixResult {
  readonly mix: string;
  readonly bare: BareResult;
  readonly tend: TendResult;
  readonly history: HistorySize;
  readonly cpu: { readonly bare: CpuUse; readonly tend: CpuUse };
}

/** One run: everything measured on one freshly started installation. */
export interface Round {
  readonly mixes: readonly MixResult[];
  readonly latency: LatencyResult;
  readonly http: { readonly batch: HttpResult; readonly track: HttpResult };
  readonly cpu: { readonly latency: CpuUse; readonly batch: CpuUse; readonly track: CpuUse };
}

export interface RoundOptions {
  readonly number: number;
  readonly mixes: readonly Mix[];
  readonly httpSeconds: number;
  readonly say: (line: string) => void;
}

/** Starts an installation, measures each mix side by side with the bare loop, then latencies and HTTP, and stops it. */
export async function runRound({ number, mixes, httpSeconds, say }: RoundOptions): Promise<Round> {
  const stack = await startStack();
  try {
    const results: MixResult[] = [];
    for (const [index, mix] of mixes.entries()) {
      const prefix = `r${number}m${index}`;
      const measureCpu = async <T>(work: () => Promise<T>): Promise<[T, CpuUse]> => {
        const end = countCpu(stack.pids);
        const result = await work();
        return [result, end()];
      };
      const bareFirst = (number + index) % 2 === 0;
      const measureBare = () => measureCpu(() => runBare(stack.client, stack.bare, mix, prefix));
      // Which side goes first alternates: the server has more behind it when the second one runs.
      let bare = bareFirst ? await measureBare() : undefined;
      const [tend, tendCpu] = await measureCpu(() => runTend(stack, mix, prefix));
      bare ??= await measureBare();
      const { leads, ...rates } = tend;
      const history = await measureHistory(stack.client, leads);
      results.push({ mix: mix.key, bare: bare[0], tend: rates, history, cpu: { bare: bare[1], tend: tendCpu } });
      const show = (rate: number) => Math.round(rate).toLocaleString('en');
      say(
        `${mix.key}: bare ${show(bare[0].processed)}/s · Tend scored ${show(tend.scored)}/s, settled ${show(tend.settled)}/s`,
      );
    }
    const latencyIndex = mixes.findIndex(isLatencyMix);
    const [mix, settled] = [mixes[latencyIndex], results[latencyIndex]?.tend.settled];
    if (mix === undefined || settled === undefined) throw new Error('no mix to take latencies with');
    let end = countCpu(stack.pids);
    const latency = await measureLatency(stack, mix, settled / 2, `r${number}latency`);
    const latencyCpu = end();
    say(
      `at ${Math.round(latency.rate)} events/s: event to standing p99 ${latency.standing.p99.toFixed(0)} ms, to handoff p99 ${latency.handoff.p99.toFixed(0)} ms`,
    );
    end = countCpu(stack.pids);
    const batch = await runHttp(
      stack,
      { eventsPerRequest: 100, connections: 4, seconds: httpSeconds },
      `r${number}batch`,
    );
    const batchCpu = end();
    say(
      `/v1/batch ${Math.round(batch.eventsPerSecond)} events/s, scored ${(batch.scoredAfter / 1_000).toFixed(1)} s after the last`,
    );
    end = countCpu(stack.pids);
    const track = await runHttp(
      stack,
      { eventsPerRequest: 1, connections: 32, seconds: httpSeconds },
      `r${number}track`,
    );
    const trackCpu = end();
    say(
      `/v1/track ${Math.round(track.requestsPerSecond)} requests/s, scored ${(track.scoredAfter / 1_000).toFixed(1)} s after the last`,
    );
    return {
      mixes: results,
      latency,
      http: { batch, track },
      cpu: { latency: latencyCpu, batch: batchCpu, track: trackCpu },
    };
  } finally {
    await stack.stop();
  }
}
