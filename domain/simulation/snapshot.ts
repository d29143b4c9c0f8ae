import { noPreferences } from '../consent/preferences.ts';
import type { Instant } from '../instant.ts';
import { factsOf, standingsInForce } from '../journey/present-standings.ts';
import { ANY_MODEL, type JourneySnapshot } from '../journey/snapshot.ts';
import { conditionOutlook } from '../scoring/outlook.ts';
import { freeWays } from '../sending/obstacle.ts';
import { passesOf } from '../sequence/earlier-passes.ts';
import { NO_PASSES } from '../sequence/entry.ts';
import { nextQuestion } from '../sequence/next-question.ts';
import type { Subject } from './subject.ts';

/** What a plan of a simulated lead decides from: store/read-journey.ts reads the same from PostgreSQL. */
export function snapshotOf(subject: Subject, now: Instant): JourneySnapshot {
  const { world, lead, stage, events, enrolments } = subject;
  const attributes = subject.attributes();
  const { standings, changesAt, underModels } = standingsInForce(
    world.models,
    (versionId) => subject.standings.get(versionId),
    attributes,
    now,
    (model) => subject.profileOf(model),
  );
  const facts = factsOf(attributes, events, underModels, now);
  // As the store reads them: by their beginning, then in the order in which they were made.
  const running = enrolments
    .filter(({ endedAt }) => endedAt === null)
    .sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
  const ids = new Set(running.map(({ id }) => id));
  const purposes = new Set(running.map(({ sequence }) => sequence.purpose));
  const open = subject.openHandoff;
  const passes = (key: string) => {
    const own = enrolments.filter(({ sequence, state }) => sequence.key === key && state !== 'turned-away');
    return own.length === 0 ? NO_PASSES : passesOf(own);
  };
  return {
    lead: { stage, gone: false, address: lead.address, suppressed: false },
    paused: false,
    pacing: world.pacing,
    calendar: subject.calendar(now),
    standings,
    standingChangesAt: changesAt,
    openHandoff: open === undefined ? null : { id: String(open.number), started: true },
    lastClosedAt: new Map(
      subject.handoffs.flatMap(({ modelKey, closedAt }) =>
        closedAt === null ? [] : [[modelKey ?? ANY_MODEL, closedAt] as const],
      ),
    ),
    facts,
    outlook: conditionOutlook(facts, attributes, underModels),
    enrolments: running.filter(({ state }) => state === 'active'),
    entering: running.filter(({ state }) => state === 'entering'),
    live: world.sequences.map(({ versionId, definition }) => ({
      versionId,
      sequence: definition,
      passes: passes(definition.key),
      heldBefore: subject.conditionsHeld.has(definition.key),
      // Everything was published before the lead came.
      firstLook: null,
    })),
    messages: subject.messages.filter(({ enrolmentId }) => ids.has(enrolmentId)),
    // Colleagues read their mail at once.
    notices: [],
    looseMails: [],
    consentPolicy: world.consentPolicy,
    preferences: noPreferences,
    ways: freeWays,
    consents: new Map([...purposes].map((purpose) => [purpose, subject.consentTo(purpose)])),
    sent: subject.sent,
    received: subject.received,
    contents: world.contents,
    events,
    question(modelKey) {
      const under = underModels.find(({ model }) => model.key === modelKey);
      const model = world.models.find(({ definition }) => definition.key === modelKey)?.definition;
      if (model === undefined) return null;
      const { vocabulary } = world;
      const band = under?.standing.band ?? null;
      return nextQuestion({ vocabulary, facts, model, band, askedBefore: subject.askedBefore() });
    },
  };
}
