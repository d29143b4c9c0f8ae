import type { Instant } from '../domain/instant.ts';
import type { WaitingFor } from '../domain/journey/explain-enrolment.ts';
import { mailingOf } from '../domain/mailing/mailing.ts';
import { END } from '../domain/sequence/check-sequence.ts';
import type { Signal } from '../domain/sequence/signal.ts';
import { signalInWords } from '../domain/sequence/signal-in-words.ts';
import type { ContentGap } from '../domain/sequence/stream.ts';
import type { Pause, WaitingEnrolment } from '../store/explain-enrolments.ts';
import { sequenceInWords } from './sequence-in-words.ts';
import { mailInWords } from './withheld-in-words.ts';

/** What an enrolment waits for, in sentences: what is next, then what would end it. `moment` names instants. */
export function enrolmentInWords(enrolment: WaitingEnrolment, moment: (instant: Instant) => string): string[] {
  const { sequence, step } = enrolment;
  const mailing = mailingOf(sequence);
  const where = mailing === null ? `In the sequence "${sequence}", step "${step.id}"` : `In the mailing "${mailing}"`;
  return [`${where}, ${doingInWords(enrolment, moment)}`, ...endsInWords(enrolment, moment)];
}

function doingInWords({ doing, since, pause }: WaitingEnrolment, moment: (instant: Instant) => string): string {
  if (doing === null) return `it is since ${moment(since)}.`;
  switch (doing.kind) {
    case 'paused':
      return `it stands still${pause === null ? '' : ` since ${moment(pause.since)}: ${pauseInWords(pause, moment)}`}.`;
    case 'waits': {
      const until = doing.until === null ? 'for something to happen' : `until ${moment(doing.until)}`;
      return `it waits ${until}; then ${nextInWords(doing.next)}.`;
    }
    case 'waits-for':
      return `it waits for ${waitingInWords(doing)} until ${moment(doing.until)}; without it, ${nextInWords(doing.next)} then.${unconfirmedInWords(doing)}`;
    case 'exhausted':
      return `${gapInWords(doing.gap)}; it goes on when the lead has matured, or when somebody adds a content.`;
    case 'mails': {
      const { template, state, reason, detail, nextAttemptAt, deadlineAt } = doing;
      return mailInWords({
        what: `the mail "${template}"`,
        state,
        reason,
        detail,
        nextAttempt: nextAttemptAt === null ? null : moment(nextAttemptAt),
        deadline: deadlineAt === null ? null : moment(deadlineAt),
      });
    }
    case 'ends':
      return `it is over: ${END_REASONS[doing.reason] ?? doing.reason}.`;
    case 'goes-on':
      return 'it goes on in a moment, by what was just recorded of the lead.';
  }
}

function pauseInWords({ by, until }: Pause, moment: (instant: Instant) => string): string {
  switch (by) {
    case 'reply':
      return `the person has answered, and a colleague sees to it; it goes on when somebody resumes it${until === undefined ? '' : `, at the latest on ${moment(until)}`}`;
    case 'hand':
      return 'somebody paused it for this lead';
    case 'sequence':
      return 'the sequence is paused';
    case 'resuming':
      return 'the pause of the sequence is over, and its leads are let out one after the other';
  }
}

function waitingInWords({ all, signals, ofStep }: WaitingFor): string {
  const words = signals.map(({ signal, happened }) => `${signalInWords(signal)}${all && happened ? ' (seen)' : ''}`);
  const what = all ? `all of: ${words.join('; ')},` : words.join(', or ');
  return ofStep === null ? what : `${what}, as to the mail of step "${ofStep}",`;
}

function unconfirmedInWords({ signals }: WaitingFor): string {
  return signals.some(({ unconfirmed }) => unconfirmed)
    ? ' It was seen already, but a machine may have done that: it counts once the person does something themselves.'
    : '';
}

function gapInWords(gap: ContentGap | null): string {
  if (gap === null) return 'its stream has nothing left to send';
  const { stream, track, cell } = gap;
  const whom = cell === null ? '' : ` for cell ${cell}`;
  return track === null
    ? `no track of the stream "${stream}" is${cell === null ? ' for this lead' : whom}`
    : `nothing is left to send${whom} in the stream "${stream}", track "${track}"`;
}

function nextInWords(step: string): string {
  return step === END ? 'it ends' : `step "${step}" comes`;
}

function endsInWords(
  { sequence, goal, exits, expiresAt, doing }: WaitingEnrolment,
  moment: (instant: Instant) => string,
): string[] {
  if (doing?.kind === 'ends') return [];
  const parts = [
    ...(goal.length > 0 ? [`with its goal at ${anyInWords(goal)}`] : []),
    ...(exits.length > 0 ? [`before its time at ${anyInWords(exits)}`] : []),
    ...(expiresAt === null ? [] : [`at the latest ${moment(expiresAt)}`]),
  ];
  return parts.length === 0 ? [] : [`It leaves ${sequenceInWords(sequence)} ${parts.join('; ')}.`];
}

function anyInWords(signals: readonly Signal[]): string {
  return signals.map(signalInWords).join(', or ');
}

/** Why an enrolment ends. */
const END_REASONS: Readonly<Record<string, string>> = {
  completed: 'it has come to its end',
  goal: 'its goal is reached',
  exit: 'one of its exits happened',
  expired: 'its time is up',
  'left-the-stage': 'the lead is in another stage now',
  'taken-out': 'another sequence takes the lead out',
  'lead-gone': 'the lead is gone',
};
