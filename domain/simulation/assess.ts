import type { ScoreLeaf } from '../conditions/leaf-schema.ts';
import { scoresIn } from '../conditions/leaves.ts';
import type { Instant } from '../instant.ts';
import { interestKeysOf } from '../interaction/event-match.ts';
import { ATTRIBUTES_RECORDED, compareFoldOrder } from '../interaction/interaction.ts';
import { scoreNeedsLook } from '../journey/score-attention.ts';
import { cellName } from '../scoring/cell.ts';
import { emptyStanding, foldAll, type Standing, standingAt } from '../scoring/fold.ts';
import type { ScoringModel } from '../scoring/model.ts';
import { nextChange } from '../scoring/next-change.ts';
import { asksForAttributes } from '../scoring/profile-over-time.ts';
import { passesOf } from '../sequence/earlier-passes.ts';
import { enteredByEvent } from '../sequence/entered-by-event.ts';
import { needsOf } from '../sequence/needs.ts';
import type { Subject } from './subject.ts';
import { viewOf } from './world.ts';

/**
 * Folds what is new of a lead, and enrols it where that is an entry event. Returns whether its plan may change: what the
 * assessor raises attention for in an installation (store/assess-lead.ts).
 */
export function assess(subject: Subject, now: Instant): boolean {
  const { world, refold } = subject;
  if (subject.news.length === 0 && !refold) return false;
  const news = [...subject.news].sort(compareFoldOrder);
  subject.news = news;
  const watch = watchOf(subject);
  let mayChange = false;
  for (const { versionId, definition } of world.models) {
    const before = subject.standings.get(versionId)?.standing ?? null;
    const standing = fold(subject, definition, before);
    subject.standings.set(versionId, { standing, held: null });
    if (standingMatters(subject, watch, definition, before, standing, now)) mayChange = true;
    noteCell(subject, definition, before, standing, now);
  }
  const ofSequence = (key: string) =>
    subject.enrolments.filter(({ sequence, state }) => sequence.key === key && state !== 'turned-away');
  const lead = { stage: subject.stage, passes: (key: string) => passesOf(ofSequence(key)) };
  for (const { versionId, sequence, trigger, state, stepId } of enteredByEvent(world.sequences, lead, news, now)) {
    const id = subject.newId('e');
    const at = trigger.occurredAt;
    subject.enrolments.push({
      ...newEnrolment(subject, id, stepId, at),
      versionId,
      sequence,
      state,
      startedBy: trigger.id,
      stepEnteredBy: trigger.id,
    });
    if (state === 'active')
      subject.note({ at: now, kind: 'entered', sequence: sequence.key, enrolment: id, by: 'event' });
    mayChange = true;
  }
  if (refold && watch.keys.has(ATTRIBUTES_RECORDED)) mayChange = true;
  if (news.some((interaction) => interestKeysOf(interaction).some((key) => watch.keys.has(key)))) mayChange = true;
  if (!subject.planned && viewOf(world).entryConditions) mayChange = true;
  subject.refold = false;
  subject.remember();
  return mayChange;
}

/** An enrolment at its beginning. */
export function newEnrolment({ lead }: Subject, id: string, stepId: string, at: Instant) {
  return {
    id,
    leadId: lead.id,
    startedAt: at,
    startedBy: null,
    stepId,
    visit: 1,
    stepEnteredAt: at,
    stepEnteredBy: null,
    stepHeldMs: 0,
    heldMs: 0,
    jumps: {},
    winners: new Map<string, string>(),
    paused: false,
    mailsFrom: null,
    endedAt: null,
    awaits: [],
    exhausted: false,
  };
}

/** Goes on from the last fold, unless something came that belongs before its end. */
function fold(subject: Subject, model: ScoringModel, before: Standing | null): Standing {
  const { news, refold } = subject;
  const profile = subject.profileOf(model);
  const [first] = news;
  const last = before?.last ?? null;
  // What was said at the very instant of the last interaction was not known when that was folded.
  const saidThen = first !== undefined && first.occurredAt === last?.occurredAt && asksForAttributes(model);
  const late = refold || last === null || saidThen || (first !== undefined && compareFoldOrder(first, last) < 0);
  const folded =
    late || before === null
      ? foldAll(model, [...subject.history, ...news].sort(compareFoldOrder), { profile })
      : foldAll(model, news, { from: before, profile });
  const fresh = new Set(news.map(({ id }) => id));
  const at = new Map(news.map(({ id, occurredAt }) => [id, occurredAt]));
  for (const { interactionId, rule, points, provisional, occurredAt } of folded.awards)
    if (fresh.has(interactionId))
      subject.note({
        at: Math.max(occurredAt, at.get(interactionId) ?? occurredAt),
        kind: 'points',
        model: model.key,
        rule,
        points,
        provisional,
        sum: folded.standing.points,
      });
  return folded.standing;
}

/**
 * Whether what goes to sales, or what conditions ask of a standing, is another thing now, or will be by time alone earlier
 * than the plan means to look.
 */
function standingMatters(
  subject: Subject,
  { scores }: Watch,
  model: ScoringModel,
  before: Standing | null,
  standing: Standing,
  now: Instant,
): boolean {
  const { nextLookAt } = subject;
  const stood = before ?? emptyStanding;
  if (standing.qualifiedSince !== stood.qualifiedSince) return true;
  const profile = subject.profileOf(model);
  const at = Math.max(now, standing.at ?? now);
  const { standing: present } = standingAt(model, standing, at, profile);
  if (present.qualifiedSince !== standing.qualifiedSince) return true;
  const change = subject.stage === 'lead' ? nextChange(model, present, at, profile) : null;
  if (change !== null && (nextLookAt === null || change < nextLookAt)) return true;
  const leaves = scores.filter(({ score }) => score === model.key);
  if (leaves.length === 0) return false;
  if (before === null) return true;
  const unchanged = before.at === null ? [] : [standingAt(model, before, at, profile).standing];
  return leaves.some((leaf) =>
    scoreNeedsLook(leaf, [before, ...unchanged], { model, standing: present, profile }, at, nextLookAt),
  );
}

function noteCell(subject: Subject, model: ScoringModel, before: Standing | null, after: Standing, at: Instant): void {
  const from = before === null ? null : cellName(before.grade, before.band);
  const to = cellName(after.grade, after.band);
  if (from !== to) subject.note({ at, kind: 'cell', model: model.key, from, to });
}

/** What may change a lead's plan besides what goes to sales. */
interface Watch {
  /** Interest keys of events. */
  readonly keys: ReadonlySet<string>;
  /** What conditions ask of scoring models. */
  readonly scores: readonly ScoreLeaf[];
}

function watchOf({ world, enrolments }: Subject): Watch {
  const { entryKeys, entryScores } = viewOf(world);
  const running = enrolments.filter(({ endedAt }) => endedAt === null);
  const asking = running.filter(({ awaits }) => awaits.includes('score'));
  return {
    keys: new Set([...entryKeys, ...running.flatMap(({ awaits }) => awaits)]),
    scores: [...entryScores, ...asking.flatMap(({ sequence }) => needsOf(sequence).conditions.flatMap(scoresIn))],
  };
}
