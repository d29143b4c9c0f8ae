import Table from 'cli-table3';
import { openApi } from './api-client.ts';
import { dim, green } from './terminal.ts';

export interface SplitOptions {
  readonly event?: string;
  readonly days?: string;
  /** False: `--no-winner`. True: neither was said. */
  readonly winner?: string | boolean;
}

interface Split {
  readonly control: string | null;
  readonly note: string | null;
  readonly winner: { readonly arm: string; readonly pickedAt: string; readonly pickedBy: string } | null;
  readonly arms: readonly {
    readonly id: string;
    readonly entered: number;
    readonly reached: number;
    readonly holdout: boolean;
    readonly rate: { readonly estimate: number; readonly low: number; readonly high: number } | null;
    readonly comparison: { readonly words: string } | null;
  }[];
}

/** Shows how the arms of a split do; picks the winner where one is said. */
export async function split(key: string, step: string, { event, days, winner }: SplitOptions): Promise<void> {
  const api = await openApi();
  const address = `/api/sequences/${encodeURIComponent(key)}/splits/${encodeURIComponent(step)}`;
  if (typeof winner === 'string') await api.call('POST', `${address}/winner`, { arm: winner });
  if (winner === false) await api.call('DELETE', `${address}/winner`);
  const query = new URLSearchParams(
    Object.entries({ event, days }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  print(await api.call<Split>('GET', `${address}?${query}`));
}

function print({ arms, control, note, winner }: Split): void {
  const table = new Table({
    head: ['arm', 'leads', 'reached', 'rate (95 %)', ''],
    style: { head: [], border: [], compact: true },
  });
  for (const { id, entered, reached, holdout, rate, comparison } of arms) {
    const name = `${id}${holdout ? ' (holdout)' : id === control ? ' (control)' : ''}`;
    const share = rate === null ? '–' : `${percent(rate.estimate)} (${percent(rate.low)} to ${percent(rate.high)})`;
    table.push([name, entered, reached, share, comparison?.words ?? '']);
  }
  console.log(table.toString());
  if (note !== null) console.log(dim(note));
  if (winner !== null)
    console.log(
      `${green('✓')} Since ${winner.pickedAt} everybody goes the way of ${winner.arm} (picked by ${winner.pickedBy}).`,
    );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
