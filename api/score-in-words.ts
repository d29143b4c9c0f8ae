import type { ExplainedScore } from '../store/explain-score.ts';
import { machinesInWords } from './machine-in-words.ts';
import { moment } from './moment.ts';

/** A score's explanation in sentences: where the lead stands and why, then what would change it. */
export function scoreInWords(score: ExplainedScore): string[] {
  return [
    standingInWords(score),
    ...profileInWords(score),
    ...adjustmentsInWords(score),
    ...limitsInWords(score),
    ...machinesInWords(score.discounted),
    ...nextInWords(score),
    ...leversInWords(score),
  ];
}

function standingInWords(score: ExplainedScore): string {
  const { modelName, modelVersion, because, cell, points, firmPoints, qualified, qualifiedSince } = score;
  const version =
    because === 'handoff' ? `version ${modelVersion}, which routed it to sales` : `version ${modelVersion}`;
  const provisional =
    round(points) === round(firmPoints)
      ? ''
      : `, and ${round(points - firmPoints)} more from opens and clicks that nothing a person did has confirmed`;
  const where = cell === null ? '' : `${cell}: `;
  const ready = qualified ? `ready for sales since ${moment(qualifiedSince ?? score.at)}` : `not ready for sales`;
  return `${modelName} (${version}): ${where}${round(firmPoints)} points${provisional}; ${ready} (${rule(score)}).`;
}

function rule({ threshold, mql }: ExplainedScore): string {
  if (threshold !== null) return `from ${threshold} points on`;
  return mql === null || mql.length === 0 ? 'this model hands nobody over' : `sales gets ${mql.join(', ')}`;
}

function profileInWords({ profile }: ExplainedScore): string[] {
  if (profile === null) return [];
  const { grade, gradeOfPoints, points, criteria, caps } = profile;
  const of = (result: string) => criteria.filter(({ trace }) => trace.result === result).map(({ name }) => name);
  const held = caps.filter(({ trace }) => trace.result === 'true');
  const words = [
    `The profile gives ${points} points, which is grade ${gradeOfPoints}${
      grade === gradeOfPoints ? '' : `, held to ${grade} by: ${held.map(({ name }) => name).join(', ')}`
    }.`,
  ];
  const [fits, not, unknown] = [of('true'), of('false'), of('unknown')];
  if (fits.length > 0) words.push(`Fits: ${fits.join(', ')}.`);
  if (not.length > 0) words.push(`Does not fit: ${not.join(', ')}.`);
  if (unknown.length > 0) words.push(`Not known: ${unknown.join(', ')}.`);
  return words;
}

function adjustmentsInWords({ awards }: ExplainedScore): string[] {
  return awards.flatMap(({ byHand, worth, at, expiresAt }) => {
    if (byHand === null || worth === 0) return [];
    const until = expiresAt === null ? '' : ` until ${moment(expiresAt)}`;
    const points = `${worth > 0 ? '+' : '−'}${Math.abs(worth)}`;
    return [`${points} by hand, from ${byHand.by} at ${moment(at)}${until}: ${byHand.reason}`];
  });
}

function limitsInWords({ groups, total }: ExplainedScore): string[] {
  return [...groups, total].flatMap(({ name, sum, counted, atMost }) => {
    if (round(sum) === round(counted)) return [];
    const limit = atMost !== null && sum > counted ? 'at most' : 'at least';
    return [`Of ${name} ${round(sum)} points are there, and ${round(counted)} count: ${limit} ${round(counted)}.`];
  });
}

function nextInWords({ next, cell, qualified }: ExplainedScore): string[] {
  if (next === null) return [];
  const becomes = next.cell !== cell && next.cell !== null ? `it becomes ${next.cell}` : null;
  const ready =
    next.qualified === qualified ? null : next.qualified ? 'it is ready for sales' : 'it is no longer ready for sales';
  return [`If nothing happens, ${[becomes, ready].filter(Boolean).join(' and ')} at ${moment(next.at)}.`];
}

/** What would move the lead, and where nothing single would, what would come nearest. */
function leversInWords({ levers, qualified, cell }: ExplainedScore): string[] {
  const moving = levers.filter((lever) => (lever.qualifies && !qualified) || lever.cell !== cell);
  if (moving.length > 0) {
    return moving.slice(0, 3).map((lever) => {
      const ready = lever.qualifies && !qualified ? ', and ready for sales' : '';
      const what = upperFirst(leverInWords(lever));
      return lever.cell === cell || lever.cell === null
        ? `${what} would make it ready for sales.`
        : `${what} would make it ${lever.cell}${ready}.`;
    });
  }
  const [nearest] = levers;
  return nearest === undefined ? [] : [`No single step would change that; most would give ${leverInWords(nearest)}.`];
}

function leverInWords({ kind, name, gain }: ExplainedScore['levers'][number]): string {
  return kind === 'answer' ? `the answer to "${name}" (+${round(gain)} if it fits)` : `"${name}" (+${round(gain)})`;
}

/** Points as people read them: whole where they are whole, else with one decimal. */
function round(points: number): number {
  return Math.round(points * 10) / 10;
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
