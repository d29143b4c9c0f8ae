import type { Check, Finding, Level } from '../mail/doctor/finding.ts';
import { bold, dim, green, red, yellow } from './terminal.ts';

/** What was found of one sender. */
export interface Examined {
  readonly sender: string;
  readonly from: string;
  readonly findings: readonly Finding[];
}

const NAMES: Readonly<Record<Check, string>> = {
  server: 'server',
  spf: 'SPF',
  dkim: 'DKIM',
  dmarc: 'DMARC',
  mx: 'MX',
  'reverse-dns': 'reverse DNS',
  tls: 'TLS',
  headers: 'headers',
};

const SIGNS: Readonly<Record<Level, string>> = {
  ok: green('✓'),
  note: dim('·'),
  warn: yellow('!'),
  fail: red('✗'),
};

/** A line for each finding, what to do below it, and in how many words it ends. */
export function printExamined(examined: readonly Examined[], json: boolean): void {
  const all = examined.flatMap(({ findings }) => findings);
  const count = (level: Level) => all.filter((finding) => finding.level === level).length;
  if (json) {
    console.log(JSON.stringify({ ok: count('fail') === 0, senders: examined }, null, 2));
    return;
  }
  for (const { sender, from, findings } of examined) {
    console.log(`\n${bold(sender)}  ${dim(from)}\n`);
    for (const finding of findings) print(finding);
  }
  const [failures, warnings] = [count('fail'), count('warn')];
  console.log(
    `\n${failures > 0 ? red(`${failures} to mend`) : green('nothing to mend')}${warnings > 0 ? `, ${yellow(`${warnings} to look at`)}` : ''}\n`,
  );
}

function print({ check, level, says, mend }: Finding): void {
  console.log(`${SIGNS[level]} ${NAMES[check].padEnd(12)} ${says}`);
  if (mend !== null) console.log(`${' '.repeat(15)}${dim('→')} ${mend}`);
}
