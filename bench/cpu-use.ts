import { readdirSync, readFileSync } from 'node:fs';
import { instantNow } from './statistics.ts';

/** How many cores each process kept busy; `others` is the rest of the machine, which should be near 0. */
export type CpuUse = Readonly<Record<string, number>>;

/** Linux counts CPU time in hundredths of a second, whatever its own tick is (USER_HZ). */
const TICK_MS = 10;
const MACHINE = 'machine';

/** Starts counting the CPU time of these processes (by name); the answer ends it. Empty where /proc is missing. */
export function countCpu(pids: Readonly<Record<string, number>>): () => CpuUse {
  const began = instantNow();
  const before = readAll(pids);
  return () => {
    const after = readAll(pids);
    const elapsed = instantNow() - began;
    const cores = (name: string) => (((after[name] ?? 0) - (before[name] ?? 0)) * TICK_MS) / elapsed;
    const use = Object.fromEntries(Object.keys(pids).map((name) => [name, cores(name)]));
    const own = Object.values(use).reduce((sum, value) => sum + value, 0);
    return { ...use, others: Math.max(0, cores(MACHINE) - own) };
  };
}

function readAll(pids: Readonly<Record<string, number>>): Record<string, number> {
  const ticks: Record<string, number> = { [MACHINE]: machineTicks() };
  const parents = new Map<number, number>();
  const own = new Map<number, number>();
  for (const pid of processes()) {
    const stat = readStat(pid);
    if (stat === undefined) continue;
    parents.set(pid, stat.parent);
    own.set(pid, stat.ticks);
  }
  for (const [name, pid] of Object.entries(pids)) {
    if (!own.has(pid)) continue;
    // PostgreSQL is a process a connection: its children count with it, the ended ones by the parent's own record.
    const children = [...parents].filter(([, parent]) => parent === pid).map(([child]) => own.get(child) ?? 0);
    ticks[name] = (own.get(pid) ?? 0) + (name === 'postgres' ? children.reduce((sum, value) => sum + value, 0) : 0);
  }
  return ticks;
}

/** What the whole machine has worked: user, nice, system, and interrupts, in the first line of proc_stat(5). */
function machineTicks(): number {
  try {
    const fields = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]?.split(/\s+/).slice(1).map(Number) ?? [];
    return [0, 1, 2, 5, 6].reduce((sum, index) => sum + (fields[index] ?? 0), 0);
  } catch {
    return 0;
  }
}

function processes(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** Fields 4 (parent) and 14 to 17 (user, system, and those of children waited for) of proc_pid_stat(5). */
function readStat(pid: number): { readonly parent: number; readonly ticks: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + (fields[index] ?? 0), 0);
    return { parent: fields[1] ?? 0, ticks };
  } catch {
    return undefined;
  }
}
