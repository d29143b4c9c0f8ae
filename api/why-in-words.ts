import type { Calendar } from '../domain/calendar/calendar.ts';
import type { Trace } from '../domain/conditions/trace.ts';
import type { Instant } from '../domain/instant.ts';
import { capInWords } from '../domain/pacing/in-words.ts';
import type { TurnedAway } from '../domain/sequence/entry.ts';
import type { HeldBack, RefusedEntry, Why, WithheldMessage } from '../store/explain-why.ts';
import { enrolmentInWords } from './enrolment-in-words.ts';
import { localMoment } from './moment.ts';
import { sequenceInWords } from './sequence-in-words.ts';
import { mailInWords } from './withheld-in-words.ts';

type Moment = (instant: Instant) => string;

/** What `why` says in codes, in sentences a person can act on. Most important first; instants by the lead's own clock. */
export function whyInWords(why: Why, now: Instant): string[] {
  const zone = why.calendar?.zone ?? 'UTC';
  const moment: Moment = (instant) => localMoment(instant, zone);
  const words: string[] = [];
  if (why.parked !== null) {
    words.push(
      `Its history could not be processed since ${moment(why.parked.at)}; it waits for somebody to mend the cause: ${why.parked.error}`,
    );
  }
  if (why.pausedAt !== null) words.push(`All marketing is paused since ${moment(why.pausedAt)}.`);
  words.push(...preferencesInWords(why.preferences, moment));
  if (why.handoff !== null) words.push(handoffInWords(why.handoff, moment));
  for (const held of why.held) words.push(heldInWords(held));
  for (const enrolment of why.enrolments) words.push(...enrolmentInWords(enrolment, moment));
  for (const { sequence, since } of why.entering)
    words.push(
      `Since ${moment(since)} it is about to come into ${sequenceInWords(sequence)}, and is asked whether it may when the pause ends.`,
    );
  const told = new Set(why.enrolments.map(({ doing }) => (doing?.kind === 'mails' ? doing.id : null)));
  for (const message of why.messages) if (!told.has(message.id)) words.push(messageInWords(message, moment));
  for (const entry of why.turnedAway) words.push(turnedAwayInWords(entry, moment));
  if (why.unassessed > 0) words.push(`${count(why.unassessed, 'interaction')} came in and will be scored in a moment.`);
  if (!why.planned) words.push('Something has changed and will be planned for in a moment.');
  const ahead = why.testLead?.aheadMs ?? 0;
  if (words.length === 0)
    words.push('It is in no sequence, nothing is due, and sales does not have it: it waits for something to happen.');
  else if (why.nextLookAt !== null && why.nextLookAt > now)
    words.push(`By itself, the plan changes next at ${moment(why.nextLookAt + ahead)}.`);
  if (why.calendar !== null) words.push(calendarInWords(why.calendar));
  if (why.testLead !== null) words.push(`It is a test lead; by its own clock it is ${moment(now + ahead)}.`);
  return words;
}

function preferencesInWords(preferences: Why['preferences'], moment: Moment): string[] {
  const { pausedUntil = null, limit = null } = preferences ?? {};
  return [
    ...(pausedUntil === null ? [] : [`The person asked for no marketing until ${moment(pausedUntil)}.`]),
    ...(limit === null ? [] : [`The person asked for at most ${capInWords(limit)}, of all kinds together.`]),
  ];
}

function handoffInWords(handoff: NonNullable<Why['handoff']>, moment: Moment): string {
  const { state, owner, offeredAt, acceptedAt, acceptBy } = handoff;
  const silence = `marketing is silent until the outcome is recorded.${stepInWords(handoff)}`;
  if (state === 'accepted') {
    return `${owner?.name ?? 'Somebody'} of sales has it since ${moment(acceptedAt ?? offeredAt)}; ${silence}`;
  }
  if (owner === null)
    return `It is offered to sales since ${moment(offeredAt)}, and no representative is free to ask; ${silence}`;
  const until = acceptBy === null ? '' : `, who has until ${moment(acceptBy)} to accept`;
  return `It is offered to ${owner.name} of sales since ${moment(offeredAt)}${until}; ${silence}`;
}

/** The step that handed it over, where one did. */
function stepInWords({ trigger }: NonNullable<Why['handoff']>): string {
  if (typeof trigger !== 'object' || trigger === null || !('sequence' in trigger)) return '';
  const { sequence, step, reason } = trigger;
  const because = typeof reason === 'string' ? `: ${reason}` : '';
  return ` The step "${step}" of ${sequenceInWords(String(sequence))} handed it over${because}.`;
}

function heldInWords({ model, version, until, perDay }: HeldBack): string {
  const since = `It is ready for sales since version ${version} of the scoring model "${model}" was published, not by anything it did`;
  switch (until) {
    case 'hand-off':
      return `${since}: it is offered when its turn comes${perDay === null ? '' : `, ${perDay} leads a day`}.`;
    case 'next-interaction':
      return `${since}: it is offered when it next does something.`;
    case 'never':
      return `${since}: it is not offered unless it falls back and qualifies anew.`;
  }
}

function messageInWords(message: WithheldMessage, moment: Moment): string {
  const { template, state, reason, detail, nextAttemptAt, deadlineAt } = message;
  return mailInWords({
    what: `The mail "${template}"${recipientInWords(message)}`,
    state,
    reason,
    detail,
    nextAttempt: nextAttemptAt === null ? null : moment(nextAttemptAt),
    deadline: deadlineAt === null ? null : moment(deadlineAt),
  });
}

function recipientInWords({ recipient, sequence }: WithheldMessage): string {
  switch (recipient) {
    case 'rep':
      return ' to the representative';
    case 'colleague':
      return ' to the colleague';
    case 'lead':
      return sequence === null ? '' : ` of ${sequenceInWords(sequence)}`;
  }
}

const TURNED_AWAY: Readonly<Record<TurnedAway, string>> = {
  stage: 'it is not in a stage that this is for',
  'already-in': 'it was in it already',
  'no-reentry': 'it had been through, and may not again',
  'too-soon': 'it had been through too short a while before',
  audience: 'it was not in the audience',
};

function turnedAwayInWords({ sequence, at, reason, audience }: RefusedEntry, moment: Moment): string {
  const refused = `It was turned away from ${sequenceInWords(sequence)} at ${moment(at)}: ${TURNED_AWAY[reason]}.`;
  if (reason !== 'audience' || audience === null) return refused;
  if (audience.result === 'true') return `${refused} By now it would be.`;
  return `${refused} As it stands now: ${reasonsIn(audience).join('; ')}.`;
}

/** The parts of a trace that keep it from being true, down to what was asked. */
function reasonsIn(trace: Trace): string[] {
  if (trace.kind !== 'all' && trace.kind !== 'any') return [trace.text];
  return trace.children.filter(({ result }) => result !== 'true').flatMap(reasonsIn);
}

const ZONE_FROM: Readonly<Record<Calendar['zoneFrom'], string>> = {
  stated: 'which was stated',
  postcode: 'from its postcode',
  country: 'from its country or region',
  installation: "the installation's, for nothing better is known",
};

function calendarInWords({ zone, zoneFrom, country, region }: Calendar): string {
  const holidays =
    country === null
      ? 'no public holidays are known for it'
      : `its public holidays are those of ${country}${region === null ? '' : `, region ${region}`}`;
  return `It lives by ${zone}, ${ZONE_FROM[zoneFrom]}; ${holidays}.`;
}

function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
}
