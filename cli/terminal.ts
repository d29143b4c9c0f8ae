import ora from 'ora';
import type { Steps } from '../embedded/installation.ts';

/** How often a long step tells its detail where no line can be rewritten (a log, a pipe). */
const PLAIN_DETAIL_MS = 15_000;
/** The detail of a step that is over sooner stands in its closing line only. */
const QUICK_STEP_MS = 2_000;

/** Each stream by itself: one of them may go into a file. */
function paint(code: number, stream: { readonly isTTY?: boolean } = process.stdout): (text: string) => string {
  const colourful = stream.isTTY === true && !process.env.NO_COLOR;
  return (text) => (colourful ? `\x1b[${code}m${text}\x1b[0m` : text);
}

export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);
export const yellow = paint(33);
const redOnStderr = paint(31, process.stderr);

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** Errors of the language itself are faults of Tend, and need their stack; all others say what a person can do. */
const FAULTS = [TypeError, RangeError, ReferenceError, SyntaxError];

/** Says what went wrong, on stderr. */
export function complain(error: unknown): void {
  const fault = !(error instanceof Error) || FAULTS.some((kind) => error instanceof kind);
  console.error(
    `${redOnStderr('✗')} ${error instanceof Error ? (fault ? error.stack : error.message) : String(error)}`,
  );
}

/** Steps as lines of the terminal: with a spinner where one is shown, else a line at the end of each. */
export function terminalSteps(): Steps {
  return { run: canRewriteLines() ? runWithSpinner : runPlain };
}

/** A terminal of unknown size (`docker run -t`, `ssh -tt`) says 0 columns, with which ora never stops clearing lines. */
function canRewriteLines(): boolean {
  return process.stdout.isTTY === true && process.stdout.columns > 0;
}

const lineOf = (title: string, ms: number, detail: string): string =>
  `${title.padEnd(12)}${dim(seconds(ms).padStart(7))}${detail ? `   ${dim(detail)}` : ''}`;

async function runWithSpinner<T>(title: string, work: (say: (detail: string) => void) => Promise<T>): Promise<T> {
  const started = performance.now();
  let detail = '';
  const spinner = ora({ text: title, color: 'green', discardStdin: false, hideCursor: false }).start();
  const show = (): void => {
    spinner.text = lineOf(title, performance.now() - started, detail);
  };
  const timer = setInterval(show, 100);
  try {
    const result = await work((text) => {
      detail = text;
      show();
    });
    spinner.stopAndPersist({ symbol: green('✓'), text: lineOf(title, performance.now() - started, detail) });
    return result;
  } catch (error) {
    spinner.stopAndPersist({ symbol: red('✗'), text: lineOf(title, performance.now() - started, '') });
    throw error;
  } finally {
    clearInterval(timer);
  }
}

async function runPlain<T>(title: string, work: (say: (detail: string) => void) => Promise<T>): Promise<T> {
  const started = performance.now();
  let detail = '';
  let lastTold = Number.NEGATIVE_INFINITY;
  const result = await work((text) => {
    detail = text;
    const now = performance.now();
    if (text === '' || now - started < QUICK_STEP_MS || now - lastTold < PLAIN_DETAIL_MS) return;
    lastTold = now;
    console.log(`  ${title}: ${text}`);
  });
  console.log(`✓ ${lineOf(title, performance.now() - started, detail)}`);
  return result;
}
