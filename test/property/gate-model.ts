import type { ConsentRecord } from '../../domain/consent/consent.ts';
import { consentState } from '../../domain/consent/consent.ts';
import { basisOf, type ConsentPolicy, noConsentPolicy } from '../../domain/consent/policy.ts';
import { type PreferenceChange, preferencesAfter } from '../../domain/consent/preferences.ts';
import { withStaleness } from '../../domain/consent/staleness.ts';
import { DAY, type Instant, MINUTE } from '../../domain/instant.ts';
import type { JourneyPlan } from '../../domain/journey/journey-plan.ts';
import { planJourney } from '../../domain/journey/plan.ts';
import type { EnrolmentInForce, JourneySnapshot, LooseMail } from '../../domain/journey/snapshot.ts';
import { nextAttempt } from '../../domain/sending/backoff.ts';
import { canMail } from '../../domain/sending/gate.ts';
import { isFinal, type MessageInForce } from '../../domain/sending/message.ts';
import { type Obstacle, obstaclesTo } from '../../domain/sending/obstacle.ts';
import { sequenceSchema } from '../../domain/sequence/definition.ts';
import { emptySnapshot, enrolmentIn, messageOf } from '../support/snapshot.ts';

export const START = Date.UTC(2026, 2, 2, 9);
export const LEASE = MINUTE;
export const PURPOSES = ['newsletter', 'offers'] as const;
/** Contractual mail: no marketing. */
export const EXEMPT = 'orders';
export const ADDRESSES = ['one@people.example', 'two@people.example'] as const;

export const POLICY: ConsentPolicy = {
  ...noConsentPolicy,
  purposes: [{ key: EXEMPT, name: { en: 'Orders' }, basis: 'contract' }],
  staleness: { after: { days: 20 }, askBefore: { days: 2 }, template: 'renewal' },
};

/** Mails close to each other, so that promises, limits and pauses are what keeps them apart. */
const SEQUENCES = PURPOSES.map((purpose, index) =>
  sequenceSchema.parse({
    key: purpose,
    name: purpose,
    purpose,
    priority: 10 * index,
    steps: [0, 30, 0, 60, 30].flatMap((minutes, step) => [
      ...(minutes === 0 ? [] : [{ id: `w${step}`, kind: 'wait', for: { minutes } }]),
      { id: `m${step}`, kind: 'send', template: `${purpose}-${step}`, deadline: { days: 40 } },
    ]),
  }),
);

/** One mail as the model keeps it. */
export interface ModelMail extends Omit<MessageInForce, 'enrolmentId'> {
  readonly enrolmentId: string | null;
  readonly attempts: number;
  readonly address: string | null;
}

/** A claim that has committed: what must have been lawful at that instant. */
export interface ModelClaim {
  readonly at: Instant;
  readonly mail: string;
  readonly purpose: string;
  readonly address: string;
}

/**
 * One lead as PostgreSQL holds it, each method one transaction: what the store does, in memory, with the same decisions.
 * Plans and claims come apart: a command may be carried out long after others have changed what it was decided from.
 */
export class GateModel {
  now: Instant = START;
  address: string = ADDRESSES[0];
  suppressed: ReadonlySet<string> = new Set();
  handoffOpen = false;
  paused = false;
  receiver: Obstacle | null = null;
  pausedSenders: ReadonlySet<string> = new Set();
  readonly consents: ConsentRecord[] = [];
  readonly changes: PreferenceChange[] = [];
  enrolments: EnrolmentInForce[] = SEQUENCES.map((sequence) => enrolmentIn(sequence, START, { id: sequence.key }));
  mails: ModelMail[] = [];
  /** What plans have commanded: carried out whenever, and also twice. */
  commands: string[] = [];
  nextLookAt: Instant | null = START;

  #count = 0;

  plan(): JourneyPlan {
    const snapshot = this.snapshot();
    const plan = planJourney(snapshot, this.now);
    for (const { id, state, reason, nextAttemptAt, content } of plan.messages)
      this.#change(id, { state, reason, nextAttemptAt, leaseUntil: null, ...content, ...this.#finish(state) });
    for (const { sendNow, detail: _, ...intent } of plan.intents) {
      const id = this.#newId();
      this.mails.push({
        ...messageOf(intent.stepId, intent.dueAt),
        ...intent,
        id,
        attempts: 0,
        address: null,
        ...this.#finish(intent.state),
      });
      if (sendNow) this.commands.push(id);
    }
    this.enrolments = this.enrolments.flatMap((enrolment) => {
      const change = plan.enrolments.find(({ id }) => id === enrolment.id);
      if (change === undefined) return [enrolment];
      return change.kind === 'moved' ? [{ ...enrolment, ...change, id: enrolment.id }] : [];
    });
    this.commands.push(...plan.send);
    this.nextLookAt = plan.nextLookAt;
    return plan;
  }

  /** As store/claim-message.ts does under the lead's lock. Null: it was not claimed. */
  claim(id: string): ModelClaim | null {
    const { now } = this;
    const mail = this.#mail(id);
    if (isFinal(mail.state) || mail.state === 'claimed') return null;
    if (mail.state === 'deferred' && (mail.nextAttemptAt ?? 0) > now) return null;
    const { purpose, lineage, enrolmentId, deadlineAt } = mail;
    const facts = this.#facts();
    const answer = canMail(
      {
        basis: basisOf(POLICY, purpose),
        handoffOpen: this.handoffOpen,
        paused: this.paused,
        sequencePaused: false,
        mailsFrom: null,
        address: this.address,
        suppressed: this.suppressed.has(this.address),
        consent: facts.consents.get(purpose) ?? { kind: 'none' },
        preferences: facts.preferences,
        obstacles: obstaclesTo(this),
        alreadyReceived: enrolmentId !== null && facts.received.has(lineage),
        deadlineAt,
        pace: { policy: facts.pacing, calendar: facts.calendar, purpose, sent: facts.sent },
      },
      now,
    );
    if (answer.kind === 'never') {
      this.#change(id, { state: 'dropped', reason: answer.reason, nextAttemptAt: null, finishedAt: now });
      return null;
    }
    if (answer.kind === 'later') {
      this.#change(id, { state: 'delayed', reason: answer.reason, nextAttemptAt: answer.at });
      return null;
    }
    const claim = { state: 'claimed', reason: null, claimedAt: now, leaseUntil: now + LEASE } as const;
    this.#change(id, { ...claim, nextAttemptAt: null, attempts: mail.attempts + 1, address: this.address });
    return { at: now, mail: id, purpose, address: this.address };
  }

  /** The bearer of a claim says how its attempt ended. */
  record(id: string, result: 'accepted' | 'refused' | 'deferred'): void {
    const mail = this.#mail(id);
    if (mail.state !== 'claimed' && mail.state !== 'unknown') return;
    const state = result === 'deferred' && mail.state === 'unknown' ? 'refused' : result;
    const nextAttemptAt = state === 'deferred' ? nextAttempt(mail.attempts, this.now) : null;
    this.#change(id, { state, reason: null, leaseUntil: null, nextAttemptAt, ...this.#finish(state) });
  }

  /** A mail that no sequence sends. */
  intend(purpose: string): void {
    const id = this.#newId();
    const mail = messageOf('loose', this.now, { id, purpose, template: `loose-${id}`, lineage: `loose-${id}` });
    this.mails.push({ ...mail, enrolmentId: null, attempts: 0, address: null, deadlineAt: this.now + 40 * DAY });
  }

  /** What the gate counts as sent at this instant. */
  get counted(): readonly ModelMail[] {
    return this.mails
      .filter(({ state }) => state === 'claimed' || state === 'accepted' || state === 'unknown')
      .sort((a, b) => (a.claimedAt ?? 0) - (b.claimedAt ?? 0));
  }

  snapshot(): JourneySnapshot {
    const facts = this.#facts();
    const inSequence = this.mails.filter((mail): mail is ModelMail & MessageInForce => mail.enrolmentId !== null);
    const loose = this.mails.filter(({ enrolmentId, state }) => enrolmentId === null && !isFinal(state));
    return {
      ...facts,
      lead: { ...facts.lead, address: this.address, suppressed: this.suppressed.has(this.address) },
      paused: this.paused,
      openHandoff: this.handoffOpen ? { id: 'h', started: true } : null,
      enrolments: this.enrolments,
      messages: inSequence.filter(({ enrolmentId }) => this.enrolments.some(({ id }) => id === enrolmentId)),
      looseMails: loose satisfies readonly LooseMail[],
    };
  }

  /** As store/read-gate-facts.ts reads them. */
  #facts(): JourneySnapshot {
    const counted = this.counted;
    const sent = counted.flatMap(({ claimedAt, purpose }) =>
      claimedAt === null || purpose === EXEMPT ? [] : [{ at: claimedAt, purpose }],
    );
    const consents = new Map(
      [...PURPOSES, EXEMPT].map((purpose) => {
        const last = sent.findLast((mail) => mail.purpose === purpose)?.at ?? null;
        return [purpose, withStaleness(consentState(this.consents, purpose), POLICY.staleness, last)];
      }),
    );
    return {
      ...emptySnapshot(this.now),
      consentPolicy: POLICY,
      consents,
      preferences: preferencesAfter(this.changes),
      ways: { receiver: this.receiver, pausedSenders: this.pausedSenders },
      sent,
      received: new Set(counted.map(({ lineage }) => lineage)),
    };
  }

  #mail(id: string): ModelMail {
    const mail = this.mails.find((one) => one.id === id);
    if (mail === undefined) throw new Error(`there is no mail ${id}`);
    return mail;
  }

  #change(id: string, change: Partial<ModelMail>): void {
    this.mails = this.mails.map((mail) => (mail.id === id ? { ...mail, ...change } : mail));
  }

  #finish(state: ModelMail['state']): Pick<ModelMail, 'finishedAt'> {
    return { finishedAt: isFinal(state) ? this.now : null };
  }

  #newId(): string {
    this.#count += 1;
    return `m${this.#count}`;
  }
}
