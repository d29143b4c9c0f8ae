import type { z } from 'zod';
import { checkModel } from './check-model.ts';
import { modelShape } from './model-shape.ts';

/** A scoring model whose parts fit each other. */
export const scoringModelSchema = modelShape.superRefine(checkModel);

/**
 * A model as a version keeps it. It was checked when it was stored, and is not checked again: a rule that a later Tend
 * would refuse goes on giving what it gave, and must not stop anybody's scoring after an upgrade.
 */
export function storedModel(content: unknown): ScoringModel {
  return { rules: [], groups: [], total: {}, ...(content as Partial<ScoringModel>) } as ScoringModel;
}

export type ScoringModel = z.infer<typeof scoringModelSchema>;
