import { fitValue } from '../attributes/value.ts';
import { OUTCOME_EVENTS } from '../handoff/outcome.ts';
import type { Instant } from '../instant.ts';
import {
  ATTRIBUTES_RECORDED,
  EMAIL_LINK_CLICKED,
  EMAIL_OPENED,
  type Json,
  type Properties,
  TEND_SOURCE,
  UNSUBSCRIBED,
} from '../interaction/interaction.ts';
import { passesOf } from '../sequence/earlier-passes.ts';
import { entryBarrier, inAudience, NO_PASSES } from '../sequence/entry.ts';
import { newEnrolment } from './assess.ts';
import type { Happening } from './happening.ts';
import { snapshotOf } from './snapshot.ts';
import type { Subject, SubjectMessage } from './subject.ts';

type HappeningOf<K extends Happening['kind']> = Extract<Happening, { readonly kind: K }>;

/**
 * Lets something happen to a simulated lead, as the API of an installation would record it. Returns whether attention is
 * raised by it alone, before anything is assessed.
 */
export function happen(subject: Subject, happening: Happening): boolean {
  const { at } = happening;
  switch (happening.kind) {
    case 'interaction': {
      const { event, as, properties, occurredAt = at, messageId = subject.newId('h') } = happening;
      const source = as === 'tend' ? TEND_SOURCE : 'website';
      const taken = subject.take({ source, messageId, kind: as, name: event, properties, occurredAt });
      if (taken) subject.note({ at, kind: 'did', event, as, properties, late: occurredAt < at });
      return false;
    }
    case 'reaction':
      return react(subject, happening);
    case 'answer': {
      const message = sentMail(subject, happening.mail);
      const attribute = message?.question?.attribute;
      if (attribute === undefined) return missed(subject, at, `answers "${happening.mail}", which asked nothing`);
      return told(subject, { at, kind: 'told', of: 'lead', values: { [attribute]: happening.value }, source: 'form' });
    }
    case 'told':
      return told(subject, happening);
    case 'consent': {
      const { action, purpose } = happening;
      const { address } = subject.lead;
      // The form says what the policy promises, unless the story has it say otherwise.
      const known = subject.world.consentPolicy.purposes.find(({ key }) => key === purpose);
      const promise = action === 'granted' ? (happening.promise ?? known?.promise ?? null) : null;
      subject.consents.push({ purpose, action, address, promise, confirmedAt: action === 'granted' ? at : null, at });
      subject.note({ at, kind: 'consent', action, purpose, by: 'form' });
      return true;
    }
    case 'enrol':
      return enrol(subject, happening.sequence, at);
    case 'accept': {
      const open = subject.openHandoff;
      if (open?.state !== 'offered') return false;
      open.state = 'accepted';
      subject.note({ at, kind: 'accepted', handoff: open.number });
      return false;
    }
    case 'outcome':
      return close(subject, happening);
  }
}

/** The mail of this id that was sent, or the last one of this template. */
export function sentMail({ messages }: Subject, mail: string): SubjectMessage | undefined {
  const sent = messages.filter(({ state }) => state === 'accepted');
  const ofTemplate = sent.filter(({ template }) => template === mail);
  return (
    sent.find(({ id }) => id === mail) ??
    ofTemplate.reduce<SubjectMessage | undefined>(
      (last, one) => (last === undefined || (one.claimedAt ?? 0) >= (last.claimedAt ?? 0) ? one : last),
      undefined,
    )
  );
}

function missed(subject: Subject, at: Instant, text: string): false {
  subject.note({ at, kind: 'missed', text });
  return false;
}

function react(subject: Subject, { at, reaction, mail, url }: HappeningOf<'reaction'>): boolean {
  const message = sentMail(subject, mail);
  if (message === undefined) return missed(subject, at, `${reaction} "${mail}", which was not sent`);
  const { id, template, stepId, purpose, enrolmentId } = message;
  const sequence = subject.enrolments.find((enrolment) => enrolment.id === enrolmentId)?.sequence.key ?? '';
  if (reaction === 'unsubscribes') return unsubscribe(subject, at, { id, template, purpose });
  const more = reaction === 'clicks' ? { url: url ?? 'https://shop.example/' } : {};
  const properties: Properties = { message: id, template, sequence, step: stepId, ...more };
  const name = reaction === 'clicks' ? EMAIL_LINK_CLICKED : EMAIL_OPENED;
  const messageId = `${reaction}:${id}:${subject.newId('h')}`;
  subject.take({ source: TEND_SOURCE, messageId, kind: 'tend', name, properties, occurredAt: at });
  subject.note({ at, kind: 'did', event: name, as: 'tend', properties, late: false });
  return false;
}

function unsubscribe(
  subject: Subject,
  at: Instant,
  { id, template, purpose }: Pick<SubjectMessage, 'id' | 'template' | 'purpose'>,
): boolean {
  const last = subject.consents.filter((record) => record.purpose === purpose).at(-1);
  if (last?.action === 'withdrawn') return false;
  const { address } = subject.lead;
  subject.consents.push({ purpose, action: 'withdrawn', address, promise: null, confirmedAt: null, at });
  const properties = { message: id, purpose, template };
  const messageId = `unsubscribe:${id}`;
  subject.take({ source: TEND_SOURCE, messageId, kind: 'tend', name: UNSUBSCRIBED, properties, occurredAt: at });
  subject.note({ at, kind: 'consent', action: 'withdrawn', purpose, by: 'unsubscribe' });
  return true;
}

/** As a website's identify (its values are traits), or as a report of somebody else. */
function told(subject: Subject, { at, of, values, source, saidAt = at }: HappeningOf<'told'>): boolean {
  const fitted = Object.fromEntries(
    Object.entries(values).map(([name, value]): [string, Json] => {
      const declared = source === 'website' ? undefined : subject.world.vocabulary[of].get(name);
      const result = declared === undefined ? { value } : fitValue(declared, value);
      return [name, 'value' in result ? result.value : null];
    }),
  );
  subject.say(of, fitted, source, saidAt);
  subject.note({ at, kind: 'told', values: fitted, source });
  if (of === 'account') {
    subject.refold = true;
    return false;
  }
  const messageId = subject.newId('h');
  const names = Object.entries(fitted);
  if (source === 'website') {
    const given = names.filter(([, value]) => value !== null && value !== '');
    const properties = Object.fromEntries(given.map(([name]) => [`trait.${name}`, true]));
    subject.take({
      source: 'website',
      messageId,
      kind: 'identify',
      name: 'Identified',
      properties,
      occurredAt: saidAt,
    });
    return given.length > 0;
  }
  const properties = Object.fromEntries<Json>([
    ['source', source],
    ...names.map(([name, value]): [string, Json] => [`attribute.${name}`, value]),
  ]);
  const name = ATTRIBUTES_RECORDED;
  subject.take({
    source: TEND_SOURCE,
    messageId: `attributes:${messageId}`,
    kind: 'tend',
    name,
    properties,
    occurredAt: saidAt,
  });
  return true;
}

/** By hand, as `POST /api/leads/:id/enrolments`. */
function enrol(subject: Subject, key: string, at: Instant): boolean {
  const published = subject.world.sequences.find(({ definition }) => definition.key === key);
  const own = subject.enrolments.filter(({ sequence, state }) => sequence.key === key && state !== 'turned-away');
  const first = published?.definition.steps[0];
  if (published === undefined || first === undefined)
    return missed(subject, at, `is enrolled in "${key}", which is not published`);
  const { versionId, definition: sequence } = published;
  const passes = own.length === 0 ? NO_PASSES : passesOf(own);
  const reason =
    entryBarrier(sequence, subject.stage, passes, at) ??
    (inAudience(sequence, snapshotOf(subject, at).facts) ? null : 'audience');
  if (reason !== null) {
    subject.note({ at, kind: 'turned-away', sequence: key, reason, by: 'hand' });
    return false;
  }
  const id = subject.newId('e');
  subject.enrolments.push({ ...newEnrolment(subject, id, first.id, at), versionId, sequence, state: 'active' });
  subject.note({ at, kind: 'entered', sequence: key, enrolment: id, by: 'hand' });
  return true;
}

function close(subject: Subject, { at, outcome }: HappeningOf<'outcome'>): boolean {
  const open = subject.openHandoff;
  if (open === undefined) return false;
  if (open.state === 'offered' && outcome !== 'rejected') subject.note({ at, kind: 'accepted', handoff: open.number });
  open.state = 'closed';
  open.closedAt = at;
  open.outcome = outcome;
  if (outcome === 'won' && subject.stage === 'lead') subject.enterStage('customer');
  subject.take({
    source: TEND_SOURCE,
    messageId: `handoff:${open.number}:${outcome}`,
    kind: 'tend',
    name: OUTCOME_EVENTS[outcome],
    properties: { handoff: String(open.number), outcome },
    occurredAt: at,
  });
  subject.note({ at, kind: 'closed', handoff: open.number, outcome });
  return true;
}
