import Table from 'cli-table3';
import type { Command } from 'commander';
import { openApi } from './api-client.ts';
import { findLeads } from './find-leads.ts';
import { bold, dim } from './terminal.ts';

export function registerExplain(program: Command): void {
  program
    .command('explain')
    .argument('<lead>', 'mail address, external id or lead id')
    .option('--at <instant>', 'at another instant than now, such as 2026-11-21T10:00:00Z')
    .option('--model <key>', 'under one scoring model only')
    .option('--model-version <number>', 'under another version of it than the one in force')
    .description('take a score apart: every point, the grade, why this cell, and what would change it')
    .action(explain);
}

interface Score {
  readonly words: readonly string[];
  readonly awards: readonly {
    readonly ruleName: string;
    readonly interaction: number;
    readonly silence: boolean;
    readonly at: string;
    readonly points: number;
    readonly worth: number;
    readonly halfLife: number | null;
    readonly expiresAt: string | null;
    readonly provisional: boolean;
    readonly byHand: { readonly by: string } | null;
  }[];
  readonly withheld: readonly { readonly ruleName: string; readonly interaction: number; readonly reason: string }[];
  readonly interactions: readonly { readonly id: number; readonly name: string; readonly at: string }[];
  readonly profile: {
    readonly criteria: readonly {
      readonly name: string;
      readonly points: number;
      readonly worth: number;
      readonly trace: { readonly result: string; readonly text: string };
    }[];
  } | null;
}

async function explain(
  lead: string,
  { at, model, modelVersion }: { at?: string; model?: string; modelVersion?: string },
): Promise<void> {
  const api = await openApi();
  const query = new URLSearchParams(
    Object.entries({ at, model, version: modelVersion }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
  for (const id of await findLeads(api, lead)) {
    const { scores } = await api.call<{ scores: Score[] }>('GET', `/api/leads/${id}/score?${query}`);
    console.log(bold(`lead ${id}`));
    if (scores.length === 0) console.log('  No scoring model is live: push one (tend push).');
    for (const score of scores) print(score);
  }
}

function print({ words, awards, withheld, interactions, profile }: Score): void {
  for (const sentence of words) console.log(`  ${sentence}`);
  const eventOf = (id: number) => interactions.find((interaction) => interaction.id === id);
  if (awards.length > 0) {
    const table = newTable(['when', 'points', 'now', 'for', 'because of']);
    for (const award of awards) {
      const event = eventOf(award.interaction)?.name ?? '';
      table.push([
        minute(award.at),
        { content: signed(award.points), hAlign: 'right' },
        { content: award.provisional ? dim('provisional') : signed(award.worth), hAlign: 'right' },
        award.ruleName,
        `${causeOf(award, event)}${lossOf(award)}`,
      ]);
    }
    console.log(indent(table.toString()));
  }
  if (profile !== null) {
    const table = newTable(['points', 'of', 'criterion', 'found']);
    for (const { name, points, worth, trace } of profile.criteria) {
      table.push([
        { content: signed(points), hAlign: 'right' },
        { content: dim(signed(worth)), hAlign: 'right' },
        name,
        trace.text,
      ]);
    }
    console.log(indent(table.toString()));
  }
  for (const { ruleName, interaction, reason } of withheld) {
    const event = eventOf(interaction);
    console.log(
      dim(
        `  "${ruleName}" gave nothing for "${event?.name ?? interaction}" (${minute(event?.at ?? '')}): ${REASONS[reason] ?? reason}`,
      ),
    );
  }
}

function causeOf({ silence, byHand }: Score['awards'][number], event: string): string {
  if (byHand !== null) return byHand.by;
  return silence ? `silence since "${event}"` : event;
}

const REASONS: Readonly<Record<string, string>> = {
  limit: 'its limit was used up',
  condition: 'its condition did not hold',
  recurrence: 'not often enough yet',
};

function lossOf({ halfLife, expiresAt }: Score['awards'][number]): string {
  const days = halfLife === null ? '' : dim(`, half after ${Math.round((halfLife / 86_400_000) * 10) / 10} days`);
  return `${days}${expiresAt === null ? '' : dim(`, until ${minute(expiresAt)}`)}`;
}

function newTable(head: string[]): Table.Table {
  return new Table({
    head: head.map(dim),
    style: { head: [], border: [], compact: true },
    wordWrap: true,
    chars: BARE,
  });
}

/** Columns without lines around them: a terminal is narrow enough. */
const BARE = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' ',
};

const indent = (text: string): string =>
  text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
const minute = (iso: string): string => iso.slice(0, 16).replace('T', ' ');

function signed(points: number): string {
  const rounded = Math.round(points * 10) / 10;
  return rounded > 0 ? `+${rounded}` : String(rounded);
}
