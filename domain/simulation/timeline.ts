import type { Instant } from '../instant.ts';
import type { Life, LifeEntry } from './life.ts';
import { minuteInWords } from './local-words.ts';

/** A line of a life, for people. */
export interface TimelineLine {
  readonly at: Instant;
  /** `Tue 2027-03-02 09:00`, by the lead's clock. */
  readonly when: string;
  readonly mark: '→' | '✉' | '…' | '✗' | '•' | '★' | '·';
  readonly text: string;
  /** It says little to whoever wants the story only. */
  readonly minor: boolean;
}

/** A life as dated lines. */
export function timelineOf({ entries, zone }: Pick<Life, 'entries' | 'zone'>): TimelineLine[] {
  return entries.flatMap((entry): TimelineLine[] => {
    const told = inWords(entry, zone);
    return told === null ? [] : [{ at: entry.at, when: minuteInWords(entry.at, zone), minor: false, ...told }];
  });
}

type Told = Pick<TimelineLine, 'mark' | 'text'> & { readonly minor?: boolean };

function inWords(entry: LifeEntry, zone: string): Told | null {
  switch (entry.kind) {
    case 'did': {
      const { template } = entry.properties;
      const of = typeof template === 'string' ? ` "${template}"` : shortly(entry.properties);
      return { mark: '→', text: `${entry.event}${of}${entry.late ? ' (told of later)' : ''}` };
    }
    case 'told':
      return {
        mark: '→',
        text: `${entry.source === 'sequence' ? 'the sequence notes' : `${entry.source} tells`}${shortly(entry.values)}`,
      };
    case 'consent':
      return { mark: '→', text: consentInWords(entry) };
    case 'points': {
      const sign = entry.points > 0 ? '+' : '';
      return {
        mark: '•',
        text: `${sign}${entry.points} ${entry.rule}: ${round(entry.sum)} points${entry.provisional ? ', provisional until something follows' : ''} (${entry.model})`,
      };
    }
    case 'cell':
      return entry.to === null
        ? null
        : { mark: '•', text: `${entry.from === null ? 'is' : `${entry.from} →`} ${entry.to} (${entry.model})` };
    case 'entered':
      return { mark: '·', text: `enters "${entry.sequence}" (by ${entry.by})` };
    case 'turned-away':
      return { mark: '·', text: `does not come into "${entry.sequence}": ${entry.reason}` };
    case 'step':
      return { mark: '·', text: `${entry.sequence} / ${entry.step}: ${entry.outcome ?? 'done'}`, minor: true };
    case 'mail':
      return {
        mark: '✉',
        text: `mail "${entry.template}" (${entry.sequence} / ${entry.step})${entry.at > entry.dueAt ? `, due ${minuteInWords(entry.dueAt, zone)}` : ''}`,
      };
    case 'delayed': {
      const detail = entry.detail === null ? '' : ` (${entry.detail})`;
      const until = entry.until === null ? 'until that changes' : `until ${minuteInWords(entry.until, zone)}`;
      return { mark: '…', text: `mail "${entry.template}" waits: ${entry.reason}${detail}, ${until}` };
    }
    case 'withheld':
      return { mark: '✗', text: `mail "${entry.template}" ${entry.state}: ${entry.reason}` };
    case 'exhausted': {
      const cell = entry.cell === null ? '' : ` at ${entry.cell}`;
      return {
        mark: '✗',
        text: `nothing more in stream "${entry.stream}"${entry.track === null ? '' : `, track "${entry.track}"`}${cell}`,
      };
    }
    case 'effect':
      return { mark: '·', text: `${entry.sequence}: ${entry.text}` };
    case 'offered': {
      const why =
        entry.reason ?? [entry.cell, `${round(entry.firmPoints)} points`].filter((part) => part !== null).join(', ');
      return { mark: '★', text: `offered to sales: ${why}${entry.model === null ? '' : ` (${entry.model})`}` };
    }
    case 'accepted':
      return { mark: '★', text: 'sales takes the lead' };
    case 'closed':
      return { mark: '★', text: `outcome: ${entry.outcome}` };
    case 'ended':
      return {
        mark: '·',
        text: `${entry.state === 'completed' ? 'has been through' : 'leaves'} "${entry.sequence}"${entry.reason === 'completed' ? '' : `: ${entry.reason}`}`,
      };
    case 'missed':
      return { mark: '✗', text: entry.text };
  }
}

function consentInWords({ action, purpose, by }: Extract<LifeEntry, { kind: 'consent' }>): string {
  if (action === 'granted') return `consents to mails (${purpose})`;
  return by === 'unsubscribe' ? `unsubscribes (${purpose})` : `withdraws the consent (${purpose})`;
}

function shortly(values: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(values).map(([name, value]) => `${name.replace(/^trait\./, '')}: ${String(value)}`);
  return parts.length === 0 ? '' : ` { ${parts.join(', ')} }`;
}

function round(points: number): number {
  return Math.round(points * 10) / 10;
}
