/** Charts as SVG text, for reports that ask for nothing from anywhere. Colours are the page's own (`--bar`, `--line`). */

const [WIDTH, HEIGHT] = [360, 230];
const [LEFT, RIGHT, TOP, BOTTOM] = [46, 10, 12, 44];

export interface BarChart {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly bars: readonly { readonly label: string; readonly value: number }[];
  /** A level to hold the bars against. */
  readonly level?: { readonly value: number; readonly label: string } | undefined;
}

/** Upright bars over an axis that begins at 0. */
export function barChart({ title, xTitle, yTitle, bars, level }: BarChart): string {
  const top = niceTop(Math.max(0, ...bars.map(({ value }) => value), level?.value ?? 0));
  const y = (value: number) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const step = (WIDTH - LEFT - RIGHT) / Math.max(1, bars.length);
  // Labels of 12 px are up to 30 px wide: with many bars only every so many has one.
  const every = Math.max(1, Math.ceil(30 / step));
  const rects = bars.map(({ label, value }, index) => {
    const [x, width] = [LEFT + index * step + step * 0.12, step * 0.76];
    const tick =
      index % every === 0
        ? `<text x="${at(x + width / 2)}" y="${HEIGHT - BOTTOM + 15}" text-anchor="middle">${escaped(label)}</text>`
        : '';
    return `<rect class="bar" x="${at(x)}" y="${at(y(value))}" width="${at(width)}" height="${at(HEIGHT - BOTTOM - y(value))}"><title>${escaped(label)}: ${shown(value)}</title></rect>${tick}`;
  });
  const line =
    level === undefined
      ? ''
      : `<line class="level" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at(y(level.value))}" y2="${at(y(level.value))}"/><text class="level" x="${WIDTH - RIGHT}" y="${at(y(level.value) - 4)}" text-anchor="end">${escaped(level.label)}</text>`;
  const told = bars.map(({ label, value }) => `${label}: ${shown(value)}`).join('; ');
  return frame({ title, told, xTitle, yTitle, top, y, inside: rects.join('') + line });
}

export interface CurveChart {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  /** Ascending in x; y from 0 on. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
  readonly xMost: number;
}

/** A curve that goes up in steps. */
export function curveChart({ title, xTitle, yTitle, points, xMost }: CurveChart): string {
  const top = niceTop(Math.max(0, ...points.map((point) => point.y)));
  const y = (value: number) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const x = (value: number) => LEFT + (value / Math.max(1, xMost)) * (WIDTH - LEFT - RIGHT);
  const path = points.reduce((line, point) => `${line}H${at(x(point.x))}V${at(y(point.y))}`, `M${LEFT},${at(y(0))}`);
  const ticks = ticksTo(xMost)
    .map((tick) => `<text x="${at(x(tick))}" y="${HEIGHT - BOTTOM + 15}" text-anchor="middle">${shown(tick)}</text>`)
    .join('');
  const last = points.at(-1);
  const told = last === undefined ? 'no data' : `reaches ${shown(last.y)} at ${shown(last.x)}`;
  const inside = `<path class="curve" d="${path}H${at(x(xMost))}"/>${ticks}`;
  return frame({ title, told, xTitle, yTitle, top, y, inside });
}

interface Frame {
  readonly title: string;
  readonly told: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly top: number;
  readonly y: (value: number) => number;
  readonly inside: string;
}

function frame({ title, told, xTitle, yTitle, top, y, inside }: Frame): string {
  const grid = ticksTo(top)
    .map(
      (tick) =>
        `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at(y(tick))}" y2="${at(y(tick))}"/><text x="${LEFT - 6}" y="${at(y(tick) + 4)}" text-anchor="end">${shown(tick)}</text>`,
    )
    .join('');
  const middle = at((TOP + HEIGHT - BOTTOM) / 2);
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(`${title}. ${told}`)}">${grid}${inside}
<text class="axis" x="${at((LEFT + WIDTH - RIGHT) / 2)}" y="${HEIGHT - 8}" text-anchor="middle">${escaped(xTitle)}</text>
<text class="axis" transform="translate(12 ${middle}) rotate(-90)" text-anchor="middle">${escaped(yTitle)}</text></svg>`;
}

/** The next of 1, 2, 5, 10, 20, 25, 50 … that four or five ticks lead up to. */
function tickFor(most: number): number {
  const raw = Math.max(most, 1e-9) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const steps = power >= 10 ? [1, 2, 2.5, 5, 10] : [1, 2, 5, 10];
  return (steps.find((step) => step * power >= raw) ?? 10) * power;
}

function ticksTo(most: number): number[] {
  const tick = tickFor(most);
  return Array.from({ length: Math.floor(most / tick + 1e-9) + 1 }, (_, index) => index * tick);
}

function niceTop(most: number): number {
  if (most <= 0) return 1;
  const tick = tickFor(most);
  return Math.ceil(most / tick - 1e-9) * tick;
}

const at = (number: number): string => String(Math.round(number * 10) / 10);
const shown = (number: number): string => (Math.round(number * 100) / 100).toLocaleString('en');

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
