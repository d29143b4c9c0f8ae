import { defineSignal, proxySinks, type Sinks, setHandler, sleep } from '@temporalio/workflow';
import { BARE_SIGNAL } from './bare-names.ts';

export interface BareSinks extends Sinks {
  readonly tally: { count(): void };
}

const { tally } = proxySinks<BareSinks>();

/** What Tend is held against: a workflow that does nothing but count its signals, where counting costs nothing. */
export async function bareLoop(): Promise<void> {
  setHandler(defineSignal(BARE_SIGNAL), () => tally.count());
  await sleep('30 days');
}
