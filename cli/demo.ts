import type { Command } from 'commander';
import { openApi } from './api-client.ts';
import { playTanja } from './demo/tanja.ts';

export function registerDemo(program: Command): void {
  program
    .command('demo')
    .description("play one lead's whole journey against the running installation, through its public API")
    .action(async () => playTanja(await openApi()));
}
