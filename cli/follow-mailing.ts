import { setTimeout as pause } from 'node:timers/promises';
import type { MailingProgress } from '../store/read-mailing.ts';
import { progressLine } from './progress-line.ts';

const LOOK_MS = 500;

/** Shows progress until nothing moves any more: done, cancelled and ended, paused or never scheduled. */
export async function followMailing<T extends { readonly state: string; readonly run: MailingProgress | null }>(
  look: () => Promise<T>,
): Promise<T> {
  const shown = progressLine();
  try {
    for (;;) {
      const found = await look();
      const { state, run } = found;
      if (run === null || run.finishedAt !== null || state === 'paused') return found;
      shown.say(state === 'scheduled' ? `waits until ${run.beginsAt}` : progressInWords(run));
      await pause(LOOK_MS);
    }
  } finally {
    shown.end();
  }
}

/** How far it is, in one line. */
export function progressInWords({ leads, leadsDone, enrolled, sent, delayed, dropped }: MailingProgress): string {
  const selecting = leads !== null && leadsDone < leads ? `${many(leadsDone)} of ${many(leads)} leads looked at, ` : '';
  const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);
  const held = `${many(sum(delayed))} delayed, ${many(sum(dropped))} not sent`;
  return `${selecting}${many(enrolled)} set on their way, ${many(sent)} sent, ${held}`;
}

function many(number: number): string {
  return number.toLocaleString('en');
}
