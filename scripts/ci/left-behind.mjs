// Names the processes that a test run has left behind, stops them, and ends with 1 if there were any.
//   node left-behind.mjs <mark> <folder> <pid>
// Theirs are those with TEND_CI_RUN=<mark> in their environment or a working directory inside <folder>, except the
// process <pid>, which asks, and its children.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const [mark, folder, asker] = process.argv.slice(2);
/** Processes that are ending when the tests are over are given this time. */
const PATIENCE_MS = 5_000;

const until = Date.now() + PATIENCE_MS;
let left = find();
while (left.length > 0 && Date.now() < until) {
  await pause(200);
  left = find();
}
for (const pid of left) {
  console.log(`left behind: process ${pid}: ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()}`);
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}
process.exit(left.length > 0 ? 1 : 0);

function find() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isTheirs(pid));
}

function isTheirs(pid) {
  if (pid === process.pid || String(pid) === asker || parentOf(pid) === asker) return false;
  // A zombie has no command line; whoever started it has yet to take note of its end.
  if (read(`/proc/${pid}/cmdline`) === '') return false;
  if (read(`/proc/${pid}/environ`).split('\0').includes(`TEND_CI_RUN=${mark}`)) return true;
  try {
    return `${readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(`${folder}/`);
  } catch {
    return false;
  }
}

function parentOf(pid) {
  return /^PPid:\s*(\d+)$/m.exec(read(`/proc/${pid}/status`))?.[1];
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
