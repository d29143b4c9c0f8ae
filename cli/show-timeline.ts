import type { Life } from '../domain/simulation/life.ts';
import { minuteInWords } from '../domain/simulation/local-words.ts';
import { type TimelineLine, timelineOf } from '../domain/simulation/timeline.ts';
import { bold, dim, green, red, yellow } from './terminal.ts';

const PAINT: Readonly<Record<TimelineLine['mark'], (text: string) => string>> = {
  '→': (text) => text,
  '✉': (text) => green(text),
  '…': (text) => yellow(text),
  '✗': (text) => red(text),
  '★': (text) => bold(text),
  '•': (text) => dim(text),
  '·': (text) => dim(text),
};

/** A life as lines of the terminal. `around`: only what is near that instant, for evidence. */
export function timelineLines(life: Life, { steps = false, indent = '' } = {}): string[] {
  const lines = timelineOf(life)
    .filter(({ minor }) => steps || !minor)
    .sort((a, b) => a.at - b.at);
  let day = '';
  return lines.map(({ when, mark, text }) => {
    const [weekday = '', date = '', time = ''] = when.split(' ');
    const shown = date === day ? ' '.repeat(weekday.length + date.length + 1) : `${weekday} ${date}`;
    day = date;
    return `${indent}${dim(shown)} ${time}  ${PAINT[mark](`${mark} ${text}`)}`;
  });
}

/** How it stands at the end, in a line or two. */
export function endLines({ end, zone, until }: Life): string[] {
  const running = Object.entries(end.running).map(([sequence, step]) => `in "${sequence}" at ${step}`);
  const points = Object.entries(end.points).map(([model, sum]) => `${Math.round(sum * 10) / 10} points (${model})`);
  const cells = Object.entries(end.cells).flatMap(([model, cell]) => (cell === null ? [] : [`${cell} (${model})`]));
  const waiting = end.waiting.map(({ template, reason, until: next }) => {
    const when = next === null ? '' : ` until ${minuteInWords(next, zone)}`;
    return `"${template}" waits: ${reason ?? 'due'}${when}`;
  });
  return [`${minuteInWords(until, zone)}: ${[end.stage, ...cells, ...points, ...running, ...waiting].join('; ')}`];
}
