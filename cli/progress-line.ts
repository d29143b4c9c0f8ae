import { dim } from './terminal.ts';

/** How often progress is told where no line can be rewritten. */
const PLAIN_MS = 10_000;

/** Progress on one line that is rewritten; where none can be (a log, a pipe), as lines from time to time. */
export function progressLine(): { say(text: string): void; end(): void } {
  const rewrites = process.stdout.isTTY === true;
  let told = performance.now();
  return {
    say(text) {
      if (rewrites) process.stdout.write(`\r\x1b[2K${dim(text)}`);
      else if (performance.now() - told > PLAIN_MS) {
        told = performance.now();
        console.log(text);
      }
    },
    end() {
      if (rewrites) process.stdout.write('\r\x1b[2K');
    },
  };
}
