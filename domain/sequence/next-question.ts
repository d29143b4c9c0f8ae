import type { AttributeRole } from '../attributes/definition.ts';
import type { DeclaredAttribute, Vocabulary } from '../attributes/vocabulary.ts';
import type { Condition } from '../conditions/condition.ts';
import { type Band, type Facts, type Grade, grades } from '../conditions/facts.ts';
import { attributesIn, leadLeavesIn } from '../conditions/leaves.ts';
import { cellName } from '../scoring/cell.ts';
import { explainGrade } from '../scoring/grade.ts';
import type { ScoringModel } from '../scoring/model.ts';
import { possibleAnswers } from './possible-answers.ts';
import type { Question } from './question.ts';
import { supposing } from './supposed.ts';

export interface NextQuestionInput {
  readonly vocabulary: Vocabulary;
  /** What is known now. */
  readonly facts: Facts;
  readonly model: ScoringModel;
  /** The lead's band under `model` now; null where it has none. */
  readonly band: Band | null;
  /** Attributes that this person was asked for, answered or not: nobody is asked twice. */
  readonly askedBefore: ReadonlySet<string>;
}

export interface NextQuestion extends Question {
  readonly of: 'lead';
  /** In words, why this one. */
  readonly why: string;
}

/**
 * Progressive profiling: of the questions that may be put to a lead, the one whose answer would change its cell most;
 * null where none is left.
 *
 * May be asked: an attribute of the lead that has a `question` and whose answer in a form would count, that the model's
 * profile asks for (itself, or by what is concluded from it) or that has a role; a choice or yes and no, or, where
 * criteria or caps ask for it themselves, what the person writes or dates. What has neither use nor role is not asked:
 * data that serves no purpose is not to be collected (Art. 5(1)(c) GDPR).
 *
 * Unknown ones come first. One that is only concluded may be asked after all of them: the conclusion stands in for an
 * answer, but the person's own word counts more, and may be another.
 *
 * "Most" is how far apart the grades are that the answers make, each supposed with everything concluded from it; then
 * how far apart the profile's points; then what the attribute is for (need, authority, budget, time, target group),
 * then its name.
 */
export function nextQuestion(input: NextQuestionInput): NextQuestion | null {
  const uses = usesOf(input);
  const candidates = [...input.vocabulary.lead.values()]
    .filter((attribute) => mayBeAsked(attribute, uses, input))
    .map((attribute) => weigh(attribute, uses, input))
    .sort(compareCandidates);
  const [first] = candidates;
  if (first === undefined) return null;
  const { name, question = name, wordings } = first.attribute;
  return {
    attribute: name,
    of: 'lead',
    question,
    choices: choicesOf(first.attribute),
    ...(wordings === undefined ? {} : { wordings }),
    why: inWords(first, input.band),
  };
}

/** What the model's profile makes of attributes. */
interface Uses {
  readonly conditions: readonly Condition[];
  /** What criteria and caps ask for themselves. */
  readonly direct: ReadonlySet<string>;
  /** The same, and what that is concluded from. */
  readonly all: ReadonlySet<string>;
}

function usesOf({ model: { profile }, vocabulary }: NextQuestionInput): Uses {
  const ofProfile = profile === undefined ? [] : [...profile.criteria, ...profile.caps].map(({ when }) => when);
  const direct = new Set(ofProfile.flatMap((when) => attributesIn(when).lead));
  const all = new Set(direct);
  const conditions = [...ofProfile];
  // What is added is gone through as well.
  for (const name of all) {
    for (const { when } of vocabulary.lead.get(name)?.infer ?? []) {
      conditions.push(when);
      for (const basis of attributesIn(when).lead) all.add(basis);
    }
  }
  return { conditions, direct, all };
}

function mayBeAsked(
  { name, type, question, role, ranks }: DeclaredAttribute,
  { direct, all }: Uses,
  { facts, askedBefore }: NextQuestionInput,
): boolean {
  if (question === undefined || askedBefore.has(name)) return false;
  const rankOfAnswer = ranks.get('form');
  if (rankOfAnswer === undefined) return false;
  const known = facts.lead(name);
  if (known !== null) {
    const isGuess = known.source === 'inference' && known.confidence < 1;
    if (!isGuess || rankOfAnswer > (ranks.get('inference') ?? Infinity)) return false;
  }
  return type === 'choice' || type === 'boolean' ? all.has(name) || role !== undefined : direct.has(name);
}

interface Candidate {
  readonly attribute: DeclaredAttribute;
  /** How sure the conclusion is that stands in for an answer; null: nothing is known. */
  readonly concluded: number | null;
  /** Of what the answers make; null where the model has no profile. */
  readonly best: Grade | null;
  readonly worst: Grade | null;
  /** In letters. */
  readonly gradeSpread: number;
  readonly pointSpread: number;
  /** The profile asks for it, alone or together with others. */
  readonly used: boolean;
}

function weigh(attribute: DeclaredAttribute, uses: Uses, input: NextQuestionInput): Candidate {
  const { vocabulary, facts, model } = input;
  const { name } = attribute;
  const concluded = facts.lead(name)?.confidence ?? null;
  const { profile } = model;
  const used = uses.all.has(name);
  const nothing = { attribute, concluded, best: null, worst: null, gradeSpread: 0, pointSpread: 0, used };
  if (profile === undefined) return nothing;
  const asked = uses.conditions.flatMap(leadLeavesIn).filter(({ lead }) => lead === name);
  const outcomes = possibleAnswers(attribute, asked, facts.now).map((answer) =>
    explainGrade(profile, supposing(vocabulary, facts, name, answer)),
  );
  if (outcomes.length === 0) return nothing;
  const letters = outcomes.map(({ grade }) => grades.indexOf(grade));
  const points = outcomes.map((outcome) => outcome.points);
  const [best, worst] = [Math.min(...letters), Math.max(...letters)];
  return {
    ...nothing,
    best: grades[best] ?? null,
    worst: grades[worst] ?? null,
    gradeSpread: worst - best,
    pointSpread: Math.max(...points) - Math.min(...points),
  };
}

const ROLE_ORDER: readonly (AttributeRole | undefined)[] = ['need', 'authority', 'budget', 'time', 'target-group'];

function compareCandidates(a: Candidate, b: Candidate): number {
  return (
    Number(a.concluded !== null) - Number(b.concluded !== null) ||
    b.gradeSpread - a.gradeSpread ||
    b.pointSpread - a.pointSpread ||
    rankOfRole(a.attribute.role) - rankOfRole(b.attribute.role) ||
    (a.attribute.name < b.attribute.name ? -1 : 1)
  );
}

function rankOfRole(role: AttributeRole | undefined): number {
  const rank = ROLE_ORDER.indexOf(role);
  return rank === -1 ? ROLE_ORDER.length : rank;
}

function choicesOf({ type, choices = [] }: DeclaredAttribute): readonly string[] {
  return type === 'boolean' ? ['yes', 'no'] : type === 'choice' ? choices : [];
}

function inWords({ attribute, concluded, best, worst, gradeSpread, pointSpread, used }: Candidate, band: Band | null) {
  const { name, label = name, role } = attribute;
  const known =
    concluded === null ? `${label} is not known` : `${label} is only concluded (${Math.round(concluded * 100)} % sure)`;
  if (gradeSpread > 0)
    return `${known}: the answer decides between ${cellName(best, band)} and ${cellName(worst, band)}.`;
  if (pointSpread > 0)
    return `${known}: the answer is worth up to ${pointSpread} points of the profile, and leaves the cell at ${cellName(best, band)}.`;
  if (used) return `${known}: by itself the answer changes nothing, but the profile asks for it.`;
  return `${known}: the profile does not ask for it, but sales will (${role}).`;
}
