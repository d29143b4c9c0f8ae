import { DAY } from '../domain/instant.ts';
import type { Simulation } from '../domain/simulation/behave.ts';
import type { Figures } from '../domain/simulation/figures.ts';
import type { Life } from '../domain/simulation/life.ts';
import { localMinute } from '../domain/simulation/local-words.ts';
import { timelineOf } from '../domain/simulation/timeline.ts';
import { type FigureTable, figureTables, keyFigures } from './simulation-tables.ts';
import { barChart, curveChart, escaped } from './svg-charts.ts';

export interface ReportInput {
  readonly simulation: Simulation;
  readonly figures: Figures;
  /** One lead, told in full. */
  readonly example: Life;
  readonly notes: readonly string[];
  /** How to make it again. */
  readonly command: string;
}

/** A report of a simulation: one HTML file that asks for nothing from anywhere. */
export function simulationReport({ simulation, figures, example, notes, command }: ReportInput): string {
  const { world, population, start, days, seed } = simulation;
  const names = world.sequences.map(({ definition }) => definition.name);
  const [from, until] = [start, start + days * DAY - 1].map((at) =>
    localMinute(at, world.pacing.timeZone).slice(0, 10),
  );
  const key = keyFigures(figures, population.sales)
    .map(({ name, value }) => `<div><dt>${escaped(name)}</dt><dd>${escaped(value)}</dd></div>`)
    .join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Simulation: ${escaped(names.join(', '))}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<h1>What these sequences will do</h1>
<p>${figures.leads.toLocaleString('en')} simulated leads, ${from} to ${until} (${days} days), seed ${seed}. The decisions are those of the real engine on a virtual clock; what people do is drawn from personas.</p>
<ul class="names">${names.map((name) => `<li>${escaped(name)}</li>`).join('')}</ul>
${notes.map((note) => `<p class="note">${escaped(note)}</p>`).join('')}
</header>
<dl class="key">
${key}
</dl>
<section class="charts">
${charts(figures, days, population.sales.capacityPerWeek)}
</section>
<section class="tables">
${figureTables(figures).map(table).join('\n')}
</section>
<section>
<h2>One of them: lead ${example.number}, ${escaped(example.persona)}</h2>
<ol class="life">
${timelineOf(example)
  .filter(({ minor }) => !minor)
  .sort((a, b) => a.at - b.at)
  .map(({ when, mark, text }) => `<li><time>${when}</time><span>${mark} ${escaped(text)}</span></li>`)
  .join('\n')}
</ol>
</section>
<footer><p>Again: <code>${escaped(command)}</code></p></footer>
</main>
</body>
</html>
`;
}

function charts(figures: Figures, days: number, capacity: number): string {
  const { mailsPerLeadWeek, mailsByWeek, sales, delays, leads } = figures;
  const weeks = mailsPerLeadWeek.reduce((sum, one) => sum + one.weeks, 0);
  const drawn = [
    {
      title: 'Mails to one lead in one week',
      chart: barChart({
        title: 'Mails to one lead in one week',
        xTitle: 'mails in the week',
        yTitle: 'share of weeks (%)',
        bars: mailsPerLeadWeek.map((one) => ({
          label: String(one.mails),
          value: (100 * one.weeks) / Math.max(1, weeks),
        })),
      }),
    },
    {
      title: 'Handoffs to sales by week',
      chart: barChart({
        title: 'Handoffs to sales by week',
        xTitle: 'week of the simulation',
        yTitle: 'handoffs',
        bars: sales.perWeek.map((value, index) => ({ label: String(index + 1), value })),
        level: { value: capacity, label: `capacity: ${capacity} a week` },
      }),
    },
    {
      title: 'From arrival to sales',
      chart: curveChart({
        title: 'From arrival to sales',
        xTitle: 'days since the lead came',
        yTitle: 'offered by then (% of leads)',
        points: sales.days.map((x, index) => ({ x, y: (100 * (index + 1)) / Math.max(1, leads) })),
        xMost: days,
      }),
    },
    {
      title: 'Mails by week',
      chart: barChart({
        title: 'Mails by week',
        xTitle: 'week of the simulation',
        yTitle: 'mails',
        bars: mailsByWeek.map((value, index) => ({ label: String(index + 1), value })),
      }),
    },
  ];
  const held = delays.length === 0 ? '' : delayBars(delays);
  return (
    drawn.map(({ title, chart }) => `<figure><figcaption>${title}</figcaption>${chart}</figure>`).join('\n') + held
  );
}

/** Lying bars in HTML: reasons are words, and need room. */
function delayBars(delays: Figures['delays']): string {
  const most = Math.max(...delays.map(({ mails }) => mails));
  const rows = delays.map(
    ({ reason, mails, hoursMedian }) =>
      `<li><span>${escaped(reason)}</span><span class="track"><span style="width:${Math.max(1, Math.round((100 * mails) / most))}%"></span></span><span>${mails.toLocaleString('en')} mails, median ${Math.round(hoursMedian * 10) / 10} h</span></li>`,
  );
  return `<figure class="wide"><figcaption>What held mails up</figcaption><ul class="bars">${rows.join('')}</ul></figure>`;
}

function table({ title, note, head, rows }: FigureTable): string {
  const words = head.findIndex(
    (_, column) => column > 0 && rows.every((row) => /^[\d.,]+( %)?$/.test(row[column] ?? '')),
  );
  const kind = (column: number) => (words !== -1 && column >= words ? ' class="figure"' : '');
  const cells = (row: readonly string[]) =>
    row.map((cell, column) => `<td${kind(column)}>${escaped(cell)}</td>`).join('');
  return `<section><h2>${escaped(title)}</h2>${note === undefined ? '' : `<p class="note">${escaped(note)}</p>`}<div class="scroll"><table>
<thead><tr>${head.map((name, column) => `<th scope="col"${kind(column)}>${escaped(name)}</th>`).join('')}</tr></thead>
<tbody>${rows.map((row) => `<tr>${cells(row)}</tr>`).join('\n')}</tbody></table></div></section>`;
}

const STYLE = `
:root { color-scheme: light dark; --ground: #fbfaf7; --card: #ffffff; --text: #1d2430; --quiet: #5a6372; --rule: #dcdfe4; --bar: #2f6f8f; --line: #b3471f; }
@media (prefers-color-scheme: dark) { :root { --ground: #14181d; --card: #1c2229; --text: #e6e9ed; --quiet: #a3adba; --rule: #343c46; --bar: #6fb3d2; --line: #f0915f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 8px; }
h2 { font-size: 1.1rem; margin: 28px 0 8px; }
p { margin: 0 0 8px; max-width: 70ch; }
.names { display: flex; flex-wrap: wrap; gap: 6px; list-style: none; margin: 12px 0; padding: 0; }
.names li { border: 1px solid var(--rule); border-radius: 999px; padding: 2px 10px; font-size: .9rem; }
.note { color: var(--quiet); font-size: .9rem; }
.key { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 230px), 1fr)); gap: 1px; background: var(--rule); border: 1px solid var(--rule); margin: 20px 0; }
.key div { background: var(--card); padding: 10px 12px; }
.key dt { color: var(--quiet); font-size: .85rem; }
.key dd { margin: 0; font-weight: 600; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 420px), 1fr)); gap: 16px; }
figure { margin: 0; background: var(--card); border: 1px solid var(--rule); padding: 12px; min-width: 0; }
figure.wide { grid-column: 1 / -1; }
figcaption { font-weight: 600; margin-bottom: 6px; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--text); font: 11px system-ui, sans-serif; }
svg .axis { fill: var(--quiet); }
svg .grid { stroke: var(--rule); }
svg .bar { fill: var(--bar); }
svg .curve { fill: none; stroke: var(--bar); stroke-width: 2.5; }
svg line.level { stroke: var(--line); stroke-width: 2; stroke-dasharray: 6 4; }
svg text.level { fill: var(--line); font-weight: 600; }
.bars { list-style: none; margin: 0; padding: 0; }
.bars li { display: grid; grid-template-columns: minmax(110px, 170px) 1fr; gap: 2px 12px; align-items: center; padding: 4px 0; font-size: .95rem; }
.bars li > :last-child { grid-column: 2; color: var(--quiet); font-size: .85rem; }
.track { background: var(--rule); height: 12px; }
.track span { display: block; height: 100%; background: var(--bar); }
.tables { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); gap: 0 32px; align-items: start; }
.tables > section { min-width: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 5px 14px 5px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
th { color: var(--quiet); font-weight: 500; }
.figure { text-align: right; white-space: nowrap; }
td:last-child, th:last-child { padding-right: 0; }
.life { list-style: none; margin: 0; padding: 0; font-size: .92rem; }
.life li { display: flex; flex-wrap: wrap; gap: 0 14px; padding: 3px 0; border-bottom: 1px solid var(--rule); }
.life time { color: var(--quiet); flex: 0 0 13.5em; font-variant-numeric: tabular-nums; }
.life span { flex: 1 1 16em; overflow-wrap: anywhere; }
footer { margin-top: 32px; color: var(--quiet); font-size: .85rem; }
code { overflow-wrap: anywhere; }
`;
