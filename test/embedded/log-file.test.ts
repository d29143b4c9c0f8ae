import { appendFileSync, closeSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { cutLog, logFileOf, logTail } from '../../embedded/log-file.ts';
import { temporaryHome } from './temporary-home.ts';

test('a grown log is moved to .1, and its writer goes on at the new beginning', () => {
  const log = logFileOf(temporaryHome(), 'worker');
  const writer = openSync(log, 'a', 0o600);
  onTestFinished(() => closeSync(writer));
  writeSync(writer, 'old\n');
  cutLog(log, 100);
  expect(readFileSync(log, 'utf8')).toBe('old\n');
  cutLog(log, 3);
  writeSync(writer, 'new\n');
  expect([readFileSync(`${log}.1`, 'utf8'), readFileSync(log, 'utf8')]).toEqual(['old\n', 'new\n']);
});

test('the tail is what this run wrote, its last lines, indented', () => {
  const log = logFileOf(temporaryHome(), 'worker');
  appendFileSync(log, 'an earlier run\n');
  const start = statSync(log).size;
  expect(logTail(log, start)).toBe('');
  appendFileSync(log, Array.from({ length: 40 }, (_, line) => `line ${line}\n`).join(''));
  expect(logTail(log, start).split('\n')).toHaveLength(12);
  expect(logTail(log, start)).toMatch(/^ {2}line 28\n[\s\S]* {2}line 39$/);
});
