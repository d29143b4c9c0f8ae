import { describeExit } from '../embedded/child.ts';
import type { SupervisorEvent } from '../embedded/supervisor.ts';
import { dim, green, red, seconds, yellow } from './terminal.ts';

/** One line on the terminal for what happens to the processes. */
export function announceEvent(event: SupervisorEvent): void {
  console.log(lineFor(event));
}

function lineFor(event: SupervisorEvent): string {
  switch (event.kind) {
    case 'died':
      return (
        `${yellow('!')} ${clock()} ${event.name} ${describeExit(event.exit)}; ` +
        `starting it again in ${seconds(event.delayMs)} ${dim(`(log: ${event.log})`)}`
      );
    case 'restart-failed':
      return (
        `${red('✗')} ${clock()} ${event.name} did not come back, next try in ${seconds(event.delayMs)}: ` +
        event.message
      );
    case 'back':
      return `${green('✓')} ${clock()} ${event.name} is back after ${seconds(event.afterMs)} ${dim(`(process ${event.pid})`)}`;
    case 'orphan':
      return `${yellow('!')} stopping ${event.name} (process ${event.pid}), left over from an earlier start`;
    case 'stopping':
      return dim(`  stopping ${event.name}`);
  }
}

function clock(): string {
  return dim(new Date().toLocaleTimeString('en-GB'));
}
