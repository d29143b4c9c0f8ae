import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ChildSpec } from '../../embedded/child.ts';

/** A child that does nothing. `fails`: ends at once. `silent`: never gets ready. `stubborn`: ignores SIGTERM. */
export type SleeperBehaviour = 'polite' | 'fails' | 'silent' | 'stubborn';

const script = fileURLToPath(new URL('./sleeper.mjs', import.meta.url));

export function sleeperSpec(name: string, diary: string, behaviour: SleeperBehaviour = 'polite'): ChildSpec {
  return {
    name,
    stopSignal: 'SIGTERM',
    readyWithinMs: behaviour === 'silent' ? 500 : 20_000,
    ready: 'announced',
    launch: async () => ({
      command: process.execPath,
      args: [script, diary, behaviour],
      env: { PATH: process.env.PATH },
      third: 'ipc',
    }),
  };
}

/** What the sleepers wrote, a line each. */
export function diaryLines(diary: string): readonly string[] {
  try {
    return readFileSync(diary, 'utf8').trim().split('\n');
  } catch {
    return [];
  }
}
