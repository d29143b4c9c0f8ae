#!/usr/bin/env node
// The installed command. The sources are TypeScript, so it runs what the build made of them.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(fileURLToPath(main))) {
  await import(main.href);
} else {
  console.error('tend is not built yet: run "npm ci && npm run build" in its folder first.');
  process.exitCode = 1;
}
