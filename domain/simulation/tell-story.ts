import type { Instant } from '../instant.ts';
import { liveLead } from './lead-life.ts';
import { entriesOf, type Life } from './life.ts';
import { instantOf, localMinute } from './local-words.ts';
import { leadOfStory, type Story } from './story.ts';
import type { World } from './world.ts';

/** How a story went. */
export interface StoryOutcome {
  readonly life: Life;
  readonly zone: string;
  /** What is otherwise than told, each with the field of the story that says so. Empty: all is as told. */
  readonly differences: readonly { readonly field: string; readonly lines: readonly string[] }[];
}

/** Lives a story, and holds what came of it against what it tells. */
export function tellStory(
  story: Story,
  world: World,
  test: { readonly start: Instant; readonly days: number },
): StoryOutcome {
  const { lead, behaviour, until, zone } = leadOfStory(story, world, test);
  const life = liveLead(world, lead, behaviour, until);
  const differences: { field: string; lines: string[] }[] = [];
  const differs = (field: string, ...lines: string[]) => void differences.push({ field, lines });
  for (const { text, at } of entriesOf(life, 'missed')) differs('events', `${localMinute(at, zone)} ${text}`);
  if (story.mails !== undefined) {
    const lines = mailDifferences(story.mails, life, zone);
    if (lines !== null) differs('mails', ...lines);
  }
  for (const [sequence, wanted] of Object.entries(story.ends ?? {})) {
    const found = endIn(life, sequence);
    if (found !== wanted) differs(`ends.${sequence}`, `- ${wanted}`, `+ ${found}`);
  }
  if (story.stage !== undefined && story.stage !== life.end.stage)
    differs('stage', `- ${story.stage}`, `+ ${life.end.stage}`);
  const handoffs = entriesOf(life, 'offered').length;
  if (story.handoffs !== undefined && story.handoffs !== handoffs)
    differs('handoffs', `- ${story.handoffs}`, `+ ${handoffs}`);
  return { life, zone, differences };
}

/** The mails wanted (-) against those sent (+), line by line; null where they are the same. */
function mailDifferences(wanted: NonNullable<Story['mails']>, life: Life, zone: string): string[] | null {
  const sent = entriesOf(life, 'mail');
  const lines: string[] = [];
  let same = true;
  for (let index = 0; index < Math.max(wanted.length, sent.length); index += 1) {
    const want = wanted[index];
    const mail = sent[index];
    const found =
      mail &&
      `${localMinute(mail.at, zone)} ${mail.template}${mail.dueAt < mail.at ? ` (due ${localMinute(mail.dueAt, zone)})` : ''}`;
    const asked =
      want && `${want.at ?? '(any time)'} ${want.template}${want.due === undefined ? '' : ` (due ${want.due})`}`;
    const fits =
      want !== undefined &&
      mail !== undefined &&
      want.template === mail.template &&
      sameMinute(want.at, mail.at, zone) &&
      sameMinute(want.due, mail.dueAt, zone);
    if (fits) lines.push(`  ${found}`);
    else {
      same = false;
      if (asked !== undefined) lines.push(`- ${asked}`);
      if (found !== undefined) lines.push(`+ ${found}`);
    }
  }
  return same ? null : lines;
}

function sameMinute(wanted: string | undefined, found: Instant, zone: string): boolean {
  if (wanted === undefined) return true;
  const instant = instantOf(wanted, zone);
  return instant !== null && localMinute(instant, zone) === localMinute(found, zone);
}

/** How the last pass through a sequence ended. */
function endIn(life: Life, sequence: string): string {
  if (life.end.running[sequence] !== undefined) return 'running';
  const last = entriesOf(life, 'ended')
    .filter((entry) => entry.sequence === sequence)
    .at(-1);
  if (last !== undefined) return last.reason === 'goal' ? 'goal' : last.state;
  return entriesOf(life, 'turned-away').some((entry) => entry.sequence === sequence) ? 'turned-away' : 'never entered';
}
