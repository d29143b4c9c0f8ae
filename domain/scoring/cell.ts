import { type Band, bands, type Grade, grades } from '../conditions/facts.ts';
import type { ScoringModel } from './model.ts';

/** The band of `firmPoints`: 1 is the most active. Null where the model has no bands. */
export function bandOf(model: ScoringModel, firmPoints: number): Band | null {
  const bounds = model.bands;
  if (bounds === undefined) return null;
  for (const band of [1, 2, 3] as const) if (firmPoints >= bounds[band]) return band;
  return 4;
}

/** True where a lead with these firm points and this grade goes to sales. */
export function isQualified(model: ScoringModel, firmPoints: number, grade: Grade | null): boolean {
  if (model.threshold !== undefined) return firmPoints >= model.threshold;
  const band = bandOf(model, firmPoints);
  return (model.mql ?? []).some((pattern) => {
    const letter = /[A-D]/.exec(pattern)?.[0];
    const number = /[1-4]/.exec(pattern)?.[0];
    return (letter === undefined || letter === grade) && (number === undefined || Number(number) === band);
  });
}

/** `A1`; where the model has one side only, that side; where it has neither, null. */
export function cellName(grade: Grade | null, band: Band | null): string | null {
  return grade === null && band === null ? null : `${grade ?? ''}${band ?? ''}`;
}

/** The worse of two grades. */
export function worse(a: Grade, b: Grade): Grade {
  return grades.indexOf(a) > grades.indexOf(b) ? a : b;
}

/** Every cell that the model can give, best first. */
export function cellsOf(model: ScoringModel): string[] {
  const letters = model.profile === undefined ? [null] : grades;
  const numbers = model.bands === undefined ? [null] : bands;
  return letters.flatMap((grade) => numbers.flatMap((band) => cellName(grade, band) ?? []));
}
