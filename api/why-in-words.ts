import type { Instant } from '../domain/instant.ts';
import type { HeldBack, WaitingEnrolment, Why, WithheldMessage } from '../store/explain-why.ts';
import { moment } from './moment.ts';

/** What `why` says in codes, in sentences a person can act on. Most important first. */
export function whyInWords(why: Why, now: Instant): string[] {
  const words: string[] = [];
  if (why.parked !== null) {
    words.push(
      `Its history could not be processed since ${moment(why.parked.at)}; it waits for somebody to mend the cause: ${why.parked.error}`,
    );
  }
  if (why.pausedAt !== null) words.push(`All marketing is paused since ${moment(why.pausedAt)}.`);
  if (why.handoff !== null) words.push(handoffInWords(why.handoff));
  for (const held of why.held) words.push(heldInWords(held));
  for (const enrolment of why.enrolments) words.push(enrolmentInWords(enrolment));
  for (const message of why.messages) words.push(messageInWords(message));
  if (why.unassessed > 0) words.push(`${count(why.unassessed, 'interaction')} came in and will be scored in a moment.`);
  if (!why.planned) words.push('Something has changed and will be planned for in a moment.');
  if (words.length === 0)
    words.push('It is in no sequence, nothing is due, and sales does not have it: it waits for something to happen.');
  else if (why.nextLookAt !== null && why.nextLookAt > now)
    words.push(`By itself, the plan changes next at ${moment(why.nextLookAt)}.`);
  return words;
}

function handoffInWords({ state, owner, offeredAt, acceptedAt, acceptBy }: NonNullable<Why['handoff']>): string {
  const silence = 'marketing is silent until the outcome is recorded';
  if (state === 'accepted') {
    return `${owner?.name ?? 'Somebody'} of sales has it since ${moment(acceptedAt ?? offeredAt)}; ${silence}.`;
  }
  if (owner === null)
    return `It is offered to sales since ${moment(offeredAt)}, and no representative is free to ask; ${silence}.`;
  const until = acceptBy === null ? '' : `, who has until ${moment(acceptBy)} to accept`;
  return `It is offered to ${owner.name} of sales since ${moment(offeredAt)}${until}; ${silence}.`;
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

function enrolmentInWords({ sequence, step, until, waitsFor, since }: WaitingEnrolment): string {
  const where = `In the sequence "${sequence}", step "${step.id}"`;
  switch (step.kind) {
    case 'send':
      return `${where}, its mail is due since ${moment(since)}.`;
    case 'wait':
      return `${where}, it waits until ${moment(until ?? since)}.`;
    case 'waitFor':
      return `${where}, it waits for "${waitsFor}" until ${moment(until ?? since)}.`;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  'sales-has-the-lead': 'sales has the lead',
  paused: 'all marketing is paused',
  'no-address': 'no mail address is known',
  'no-consent': 'there is no consent for this purpose',
  'consent-for-another-address': 'the consent is for another address',
  'consent-withdrawn': 'the consent was withdrawn',
  suppressed: 'the address is on the suppression list',
  'frequency-promise': 'the consent promised not to write more often',
  'deadline-passed': 'its deadline has passed',
  'left-the-stage': 'the lead is in another stage now',
  'enrolment-ended': 'its sequence has ended for this lead',
  'template-missing': 'its template is not published',
  'render-failed': 'the template asks for something that is not known of this lead',
  'no-result': 'the attempt ended without an answer',
  'no-smtp-answer': 'the mail server took the content and gave no answer',
  'smtp-deferred': 'the mail server asked to try again later',
  'smtp-unreachable': 'the mail server could not be reached',
  'smtp-refused': 'the mail server refused it',
  'not-in-allow-list': 'the address is not in TEND_MAIL_ONLY_TO',
};

function messageInWords({ template, recipient, state, reason, nextAttemptAt, deadlineAt }: WithheldMessage): string {
  const what = recipient === 'rep' ? `The mail "${template}" to the representative` : `The mail "${template}"`;
  const because = reason === null ? '' : `: ${REASONS[reason] ?? reason}`;
  const next = nextAttemptAt === null ? '' : `; next attempt ${moment(nextAttemptAt)}`;
  const last = deadlineAt === null ? '' : `; dropped if not sent by ${moment(deadlineAt)}`;
  switch (state) {
    case 'due':
      return `${what} is being sent.`;
    case 'claimed':
      return `${what} is on its way to the mail server.`;
    case 'delayed':
    case 'deferred':
      return `${what} is withheld${because}${next}${last}.`;
    case 'dropped':
    case 'superseded':
      return `${what} was not sent${because}.`;
    case 'refused':
      return `${what} was refused${because}.`;
    case 'unknown':
      return `Whether ${lowerFirst(what)} arrived is not known${because}. It counts as sent.`;
    case 'accepted':
      return `${what} was sent.`;
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
}
