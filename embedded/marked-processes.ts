import { readdirSync, readFileSync } from 'node:fs';
import { platform } from 'node:os';

/** The environment variable by which the children of a home folder, and theirs, are told from all other processes. */
const MARK = 'SUPERVISED_BY_TEND';

/** What a child of this home folder carries in its environment. */
export function marksOf(home: string): Readonly<Record<string, string>> {
  return { [MARK]: home };
}

/** All processes that carry the mark of this home folder. Only Linux lets one look; elsewhere there are none. */
export function findMarkedProcesses(home: string): readonly number[] {
  if (platform() !== 'linux') return [];
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => pid !== process.pid && environmentOf(pid).includes(`${MARK}=${home}`));
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return []; // gone meanwhile, or another user's
  }
}
