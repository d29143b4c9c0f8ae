import { earliest, type Instant } from '../instant.ts';
import { planJourney } from '../journey/plan.ts';
import { cellName } from '../scoring/cell.ts';
import { isFinal } from '../sending/message.ts';
import { Agenda } from './agenda.ts';
import { assess } from './assess.ts';
import { happen } from './happen.ts';
import type { Happening } from './happening.ts';
import type { Life, LifeEnd } from './life.ts';
import { sendMail } from './send-mail.ts';
import { snapshotOf } from './snapshot.ts';
import { type NewLead, Subject, type SubjectMessage } from './subject.ts';
import { mailOf, takePlan } from './take-plan.ts';
import type { World } from './world.ts';

/** What a lead, and sales, do in a simulated life: by themselves, and in answer to what Tend does. */
export interface Behaviour {
  /** From the lead's arrival on, in any order. */
  readonly happenings: readonly Happening[];
  /** What follows a mail; later than it. */
  onMail?(mail: SubjectMessage, at: Instant): readonly Happening[];
  /** What follows an offer to sales; later than it. */
  onOffer?(at: Instant): readonly Happening[];
}

/** More rounds at one instant than anything sensible needs. */
const MOST_ROUNDS = 200;

/**
 * Lives one lead on a virtual clock, which jumps from one instant at which something is due to the next, up to and
 * including `until`. Decided is by the very functions of the real engine; only PostgreSQL, Temporal and the mail server
 * are not there, nor the throttle, which depends on everybody else.
 */
export function liveLead(world: World, lead: NewLead, behaviour: Behaviour, until: Instant): Life {
  const subject = new Subject(world, lead);
  const agenda = new Agenda<Happening>();
  for (const happening of behaviour.happenings) agenda.add(happening);
  act(subject, behaviour, agenda, lead.arrivesAt, true);
  for (;;) {
    const now = earliest(agenda.nextAt, subject.nextLookAt);
    if (now === null || now > until) return finished(subject, until);
    let raised = subject.nextLookAt === now;
    for (const happening of agenda.takeAt(now)) if (happen(subject, happening)) raised = true;
    act(subject, behaviour, agenda, now, raised);
  }
}

/** Assesses and plans until nothing is left to be done at `now`. */
function act(subject: Subject, behaviour: Behaviour, agenda: Agenda<Happening>, now: Instant, raised: boolean): void {
  let look = raised;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    if (assess(subject, now)) look = true;
    if (!look) return;
    look = false;
    runJourney(subject, behaviour, agenda, now);
    // What a step recorded of the lead is news.
    if (subject.news.length === 0 && !subject.refold) return;
  }
  throw endless(subject, now);
}

/** What a journey's workflow does between two sleeps: plan, send, plan again. */
function runJourney(subject: Subject, behaviour: Behaviour, agenda: Agenda<Happening>, now: Instant): void {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const snapshot = snapshotOf(subject, now);
    const plan = planJourney(snapshot, now);
    const [first] = takePlan(subject, snapshot, plan, now);
    if (plan.offer !== null) for (const happening of behaviour.onOffer?.(now) ?? []) agenda.add(later(happening, now));
    if (plan.again) continue;
    if (first === undefined) return;
    // One at a time: the result of a mail is news for the next.
    const sent = sendMail(subject, first, now);
    if (sent !== null) for (const happening of behaviour.onMail?.(sent, now) ?? []) agenda.add(later(happening, now));
  }
  throw endless(subject, now);
}

/** The clock does not go back. */
function later(happening: Happening, now: Instant): Happening {
  return happening.at > now ? happening : { ...happening, at: now + 1 };
}

function endless({ lead }: Subject, now: Instant): Error {
  const at = new Date(now).toISOString();
  return new Error(`lead ${lead.number}: the plan of ${at} does not come to an end: do sequences enrol in each other?`);
}

function finished(subject: Subject, until: Instant): Life {
  const { lead, entries } = subject;
  const { zone, country, region } = subject.calendar(until);
  const { number, persona, arrivesAt: arrivedAt } = lead;
  return { number, persona, arrivedAt, until, zone, country, region, entries, end: endOf(subject, until) };
}

function endOf(subject: Subject, until: Instant): LifeEnd {
  const models = [...snapshotOf(subject, until).facts.standings];
  return {
    stage: subject.stage,
    cells: Object.fromEntries(models.map(([key, { grade, band }]) => [key, cellName(grade, band)])),
    points: Object.fromEntries(models.map(([key, { points }]) => [key, points])),
    running: Object.fromEntries(
      subject.enrolments
        .filter(({ endedAt }) => endedAt === null)
        .map(({ sequence, stepId }) => [sequence.key, stepId]),
    ),
    waiting: subject.messages
      .filter(({ state }) => !isFinal(state))
      .map((message) => ({ ...mailOf(subject, message), reason: message.reason, until: message.nextAttemptAt })),
  };
}
