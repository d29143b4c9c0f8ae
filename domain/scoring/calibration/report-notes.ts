import type { CalibrationReport } from './calibrate.ts';

/** What one must know to read a calibration rightly, in words. */
export function notesOn(report: CalibrationReport): string[] {
  const { outcomes, byOutcome, open, erased, cut, handoffs, tenPoints } = report;
  const bad = outcomes.filter((outcome) => outcome !== 'won');
  const notes = [
    'Only leads that were handed to sales have an outcome: this says what tells winners apart among them, and nothing about leads that never got there.',
    `Won counts as success; ${listed(bad)} ${bad.length === 1 ? 'counts' : 'count'} as none.`,
  ];
  if (outcomes.includes('recycled') && (byOutcome.recycled ?? 0) > 0) {
    notes.push(
      `${byOutcome.recycled} were recycled ("not now"). Some of them may still be won later, as a handoff of their own; leave them out with outcomes=${outcomes.filter((outcome) => outcome !== 'recycled').join(',')} to hold winners against clear refusals only.`,
    );
  }
  if (open > 0)
    notes.push(
      `${open} are still with sales and are not counted: where deals take longer to win than to lose, the newest look worse than they are.`,
    );
  if (cut) notes.push(`There were more: only the newest ${handoffs} were looked at.`);
  if (erased > 0) notes.push(`${erased} are left out, since the persons' data were erased.`);
  if (tenPoints.behaviour?.tells === false)
    notes.push(
      'The behaviour points as a whole do not tell winners from others in these handoffs, so no other points can be worked out from them; only rules that point the wrong way are named.',
    );
  return notes;
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
