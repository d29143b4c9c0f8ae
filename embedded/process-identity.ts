import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { platform } from 'node:os';

/**
 * What tells a process from any later one with the same number: when it started, and in which boot of the machine.
 * Undefined if no such process runs; one that has ended but was not yet reaped (a zombie) counts as ended.
 */
export function processIdentity(pid: number): string | undefined {
  return platform() === 'linux' ? identityFromProc(pid) : identityFromPs(pid);
}

/** Whether the process that once had this identity still runs. */
export function stillRuns(pid: number, identity: string): boolean {
  return processIdentity(pid) === identity;
}

/** The command line of a running process, for messages to people. */
export function commandLine(pid: number): string | undefined {
  try {
    if (platform() === 'linux') {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || undefined;
    }
    return ps(pid, 'command=');
  } catch {
    return undefined;
  }
}

function identityFromProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold blanks and parentheses itself (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTicks] = [fields[0], fields[19]];
    if (state === 'Z' || state === 'X' || startTicks === undefined) return undefined;
    return `${bootId()}/${startTicks}`;
  } catch {
    return undefined;
  }
}

/** Ticks count from boot, so after a reboot the same number and tick may come again. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown-boot';
  }
}

function identityFromPs(pid: number): string | undefined {
  const state = ps(pid, 'state=');
  return state === undefined || state.startsWith('Z') ? undefined : ps(pid, 'lstart=');
}

function ps(pid: number, column: string): string | undefined {
  try {
    return (
      execFileSync('ps', ['-o', column, '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim() || undefined
    );
  } catch {
    return undefined;
  }
}
