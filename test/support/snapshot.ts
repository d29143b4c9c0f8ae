import { nothingKnown } from '../../domain/attributes/history.ts';
import { noConsentPolicy } from '../../domain/consent/policy.ts';
import { noPreferences } from '../../domain/consent/preferences.ts';
import type { Instant } from '../../domain/instant.ts';
import type { EnrolmentInForce, JourneySnapshot, LiveSequence } from '../../domain/journey/snapshot.ts';
import { noPolicy } from '../../domain/pacing/policy.ts';
import { conditionOutlook } from '../../domain/scoring/outlook.ts';
import type { MessageInForce } from '../../domain/sending/message.ts';
import { freeWays } from '../../domain/sending/obstacle.ts';
import type { Sequence } from '../../domain/sequence/definition.ts';
import { NO_PASSES } from '../../domain/sequence/entry.ts';

/** A lead of whom nothing is known but a mail address: no pacing, no handoff, nothing enrolled. */
export function emptySnapshot(now: Instant): JourneySnapshot {
  const facts = nothingKnown.factsAt(now);
  return {
    lead: { stage: 'lead', gone: false, address: 'tanja@people.example', suppressed: false },
    paused: false,
    pacing: noPolicy,
    calendar: { zone: 'UTC', zoneFrom: 'installation', country: null, region: null },
    standings: [],
    standingChangesAt: null,
    openHandoff: null,
    lastClosedAt: new Map(),
    facts,
    outlook: conditionOutlook(facts, nothingKnown, []),
    enrolments: [],
    entering: [],
    live: [],
    messages: [],
    notices: [],
    looseMails: [],
    consentPolicy: noConsentPolicy,
    preferences: noPreferences,
    ways: freeWays,
    consents: new Map(),
    sent: [],
    received: new Set(),
    contents: new Map(),
    events: [],
    question: () => null,
  };
}

/** An enrolment at the first step of `sequence`, since `at`. */
export function enrolmentIn(sequence: Sequence, at: Instant, change: Partial<EnrolmentInForce> = {}): EnrolmentInForce {
  return {
    id: 'e1',
    leadId: 'lead',
    sequence,
    startedAt: at,
    startedBy: null,
    stepId: sequence.steps[0]?.id ?? '',
    visit: 1,
    stepEnteredAt: at,
    stepEnteredBy: null,
    stepHeldMs: 0,
    heldMs: 0,
    jumps: {},
    winners: new Map(),
    paused: false,
    mailsFrom: null,
    ...change,
  };
}

/** The mail of the step `stepId` of enrolment e1, due at `at`. */
export function messageOf(stepId: string, at: Instant, change: Partial<MessageInForce> = {}): MessageInForce {
  return {
    id: 'm1',
    enrolmentId: 'e1',
    stepId,
    visit: 1,
    purpose: 'newsletter',
    template: stepId,
    lineage: stepId,
    question: null,
    state: 'due',
    reason: null,
    dueAt: at,
    deadlineAt: null,
    nextAttemptAt: null,
    claimedAt: null,
    leaseUntil: null,
    finishedAt: null,
    ...change,
  };
}

/** `sequence`, published, of which the lead has not been in. */
export function liveSequence(sequence: Sequence, change: Partial<LiveSequence> = {}): LiveSequence {
  return { versionId: 1, sequence, passes: NO_PASSES, heldBefore: false, firstLook: null, ...change };
}
