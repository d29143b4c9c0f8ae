import { isTrue } from '../conditions/evaluate.ts';
import type { Facts } from '../conditions/facts.ts';
import type { Instant } from '../instant.ts';
import { TEND_EVENTS } from '../interaction/event-match.ts';
import type { Interaction } from '../interaction/interaction.ts';
import { addPoints, confirmPoints } from './add-points.ts';
import { type EventRule, isSilenceRule } from './behaviour-rule.ts';
import { bandOf, cellName, isQualified } from './cell.ts';
import { compileModel } from './compile-model.ts';
import type { Standing } from './fold.ts';
import { copyState } from './fold-state.ts';
import { capped, explainGrade, gradeOfPoints } from './grade.ts';
import { takeFromLimit } from './limit.ts';
import type { ScoringModel } from './model.ts';
import { noteVisit } from './session.ts';
import { worthAt } from './worth.ts';

/** One thing that would change a standing: an answer that is not known yet, or something the person may do. */
export interface Lever {
  readonly kind: 'answer' | 'behaviour';
  /** The criterion's or rule's id. */
  readonly id: string;
  readonly name: string;
  /** Points for the profile (answer) or the behaviour that it would add, limits applied. */
  readonly gain: number;
  /** The cell it would lead to. */
  readonly cell: string | null;
  /** True where it would make the lead ready for sales. */
  readonly qualifies: boolean;
}

const MOST_LEVERS = 5;

/** What would change `standing` most at `at`: first what makes it ready for sales, then what changes the cell. */
export function findLevers(model: ScoringModel, standing: Standing, facts: Facts, at: Instant): Lever[] {
  const present = cellName(standing.grade, standing.band);
  const rank = (lever: Lever) => (lever.qualifies && !standing.qualified ? 2 : lever.cell !== present ? 1 : 0);
  return [...answers(model, standing, facts), ...behaviour(model, standing, facts, at)]
    .filter(({ gain }) => gain > 0)
    .sort((a, b) => rank(b) - rank(a) || b.gain - a.gain || (a.id < b.id ? -1 : 1))
    .slice(0, MOST_LEVERS);
}

/** Criteria that nothing is known for: what if they held? */
function answers(model: ScoringModel, standing: Standing, facts: Facts): Lever[] {
  const { profile } = model;
  if (profile === undefined) return [];
  const explained = explainGrade(profile, facts);
  return explained.criteria
    .filter(({ trace }) => trace.result === 'unknown')
    .map(({ id, name, worth }): Lever => {
      const grade = capped(gradeOfPoints(profile, explained.points + worth), explained.caps);
      return {
        kind: 'answer',
        id,
        name,
        gain: worth,
        cell: cellName(grade, standing.band),
        qualifies: isQualified(model, standing.firmPoints, grade),
      };
    });
}

/** Rules whose limits leave room: what if the person did that now? */
function behaviour(model: ScoringModel, standing: Standing, facts: Facts, at: Instant): Lever[] {
  const compiled = compileModel(model);
  return model.rules.flatMap((rule): Lever[] => {
    if (isSilenceRule(rule) || rule.recurring !== undefined || isOfTend(rule)) return [];
    if (rule.when !== undefined && !isTrue(rule.when, facts)) return [];
    const state = copyState(standing.state);
    // The person would be there: what is provisional would count, and a new visit may begin.
    confirmPoints(state);
    noteVisit(state, at);
    if (!takeFromLimit(rule, state, supposed(rule, at), model.timeZone)) return [];
    addPoints(state, compiled.paceOf(rule), rule.points, at, true);
    const { firm } = worthAt(compiled, state, at);
    return [
      {
        kind: 'behaviour',
        id: rule.id,
        name: rule.name ?? rule.id,
        gain: firm - standing.firmPoints,
        cell: cellName(standing.grade, bandOf(model, firm)),
        qualifies: isQualified(model, firm, standing.grade),
      },
    ];
  });
}

/** What Tend records itself, opens and clicks above all, is nothing to wait for. */
function isOfTend({ on }: EventRule): boolean {
  return on.kind === 'tend' || (on.event !== undefined && TEND_EVENTS.includes(on.event));
}

function supposed({ on }: EventRule, occurredAt: Instant): Interaction {
  const { kind = 'track', event: name = '' } = on;
  return { id: 0, source: 'supposed', messageId: 'supposed', kind, name, properties: {}, occurredAt };
}
