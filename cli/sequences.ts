import Table from 'cli-table3';
import type { Command } from 'commander';
import { openApi } from './api-client.ts';
import { moment } from './moment.ts';
import { dim } from './terminal.ts';

export function registerSequences(program: Command): void {
  program
    .command('sequences')
    .description('list the sequences: live version, who is in them, what is paused, where content is missing')
    .action(list);
}

interface Summary {
  readonly key: string;
  readonly liveVersion: number | null;
  readonly draftVersion: number | null;
  readonly pausedAt: string | null;
  readonly resuming: boolean;
  readonly active: number;
  readonly onOldVersions: number;
  readonly exhausted: number;
}

async function list(): Promise<void> {
  const { definitions } = await (await openApi()).call<{ definitions: Summary[] }>('GET', '/api/sequences');
  if (definitions.length === 0) {
    console.log('There is no sequence yet: push one (tend push).');
    return;
  }
  const table = new Table({
    head: ['sequence', 'live', 'state', 'in it', 'on old versions', 'out of content'],
    style: { head: [], border: [], compact: true },
  });
  for (const sequence of definitions) {
    const { key, liveVersion, draftVersion, active, onOldVersions, exhausted } = sequence;
    const draft = draftVersion === null || draftVersion === liveVersion ? '' : dim(` (draft ${draftVersion})`);
    table.push([key, `${liveVersion ?? '–'}${draft}`, stateOf(sequence), active, onOldVersions, exhausted]);
  }
  console.log(table.toString());
}

function stateOf({ liveVersion, pausedAt, resuming }: Summary): string {
  if (liveVersion === null) return 'draft';
  if (pausedAt !== null) return `paused since ${moment(pausedAt)}`;
  return resuming ? 'resuming' : 'live';
}
