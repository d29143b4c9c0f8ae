import { SCORED_WITHIN_MS } from './http-run.ts';
import type { Round } from './round.ts';
import { median } from './statistics.ts';

/** Medians over the rounds; ratios are formed within each round, side by side, before their median is taken. */
export interface Summary {
  readonly mixes: readonly MixSummary[];
  readonly latency: {
    readonly rate: number;
    readonly standingP50: number;
    readonly standingP99: number;
    readonly handoffP50: number;
    readonly handoffP99: number;
  };
  readonly http: { readonly batchEvents: number; readonly trackRequests: number; readonly scoredAfterMs: number };
  readonly targets: readonly Target[];
}

export interface MixSummary {
  readonly mix: string;
  readonly bare: number;
  readonly accepted: number;
  readonly scored: number;
  readonly settled: number;
  readonly scoredRatio: number;
  readonly settledRatio: number;
  readonly historyEvents: number;
  readonly historyBytes: number;
}

export interface Target {
  readonly what: string;
  readonly wanted: string;
  readonly found: string;
  readonly met: boolean;
}

export function summarise(rounds: readonly Round[]): Summary {
  const of = (pick: (round: Round) => number) => median(rounds.map(pick));
  const keys = rounds[0]?.mixes.map(({ mix }) => mix) ?? [];
  const mixes = keys.map((key, index): MixSummary => {
    const found = rounds.flatMap(({ mixes }) => (mixes[index] === undefined ? [] : [mixes[index]]));
    const ofMix = (pick: (result: (typeof found)[number]) => number) => median(found.map(pick));
    return {
      mix: key,
      bare: ofMix(({ bare }) => bare.processed),
      accepted: ofMix(({ tend }) => tend.accepted),
      scored: ofMix(({ tend }) => tend.scored),
      settled: ofMix(({ tend }) => tend.settled),
      scoredRatio: ofMix(({ bare, tend }) => tend.scored / bare.processed),
      settledRatio: ofMix(({ bare, tend }) => tend.settled / bare.processed),
      historyEvents: ofMix(({ history }) => history.events),
      historyBytes: ofMix(({ history }) => history.bytes),
    };
  });
  const latency = {
    rate: of((round) => round.latency.rate),
    standingP50: of((round) => round.latency.standing.p50),
    standingP99: of((round) => round.latency.standing.p99),
    handoffP50: of((round) => round.latency.handoff.p50),
    handoffP99: of((round) => round.latency.handoff.p99),
  };
  const http = {
    batchEvents: of((round) => round.http.batch.eventsPerSecond),
    trackRequests: of((round) => round.http.track.requestsPerSecond),
    // The worst: this is a promise, not an average.
    scoredAfterMs: Math.max(...rounds.flatMap((round) => [round.http.batch.scoredAfter, round.http.track.scoredAfter])),
  };
  return { mixes, latency, http, targets: targetsOf(mixes, latency, http) };
}

function targetsOf(mixes: readonly MixSummary[], latency: Summary['latency'], http: Summary['http']): Target[] {
  const atLeast = (what: string, found: number, wanted: number, unit: string): Target => {
    const show = (value: number) =>
      `${value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2)} ${unit}`;
    return { what, wanted: `≥ ${show(wanted)}`, found: show(found), met: found >= wanted };
  };
  const below = (what: string, found: number, wanted: number): Target => ({
    what,
    wanted: `< ${wanted.toLocaleString('en')} ms`,
    found: `${Math.round(found).toLocaleString('en')} ms`,
    met: found < wanted,
  });
  const ratios = mixes.flatMap(({ mix, settledRatio, scoredRatio }): Target[] => {
    if (mix.endsWith('× 1')) return [atLeast(`settled ÷ bare, ${mix}`, settledRatio, 1, '×')];
    if (mix.startsWith('every event') && mix.endsWith('× 10'))
      return [atLeast(`settled ÷ bare, ${mix}`, settledRatio, 2, '×')];
    if (mix.startsWith('website')) return [atLeast(`scored ÷ bare, ${mix}`, scoredRatio, 10, '×')];
    return [];
  });
  return [
    ...ratios,
    below('threshold-crossing event to handoff, p99', latency.handoffP99, 500),
    atLeast('/v1/batch', http.batchEvents, 5_000, 'events/s'),
    atLeast('/v1/track', http.trackRequests, 1_500, 'requests/s'),
    below('all scored after the last request', http.scoredAfterMs, SCORED_WITHIN_MS),
  ];
}
