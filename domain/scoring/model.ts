import type { z } from 'zod';
import { checkModel } from './check-model.ts';
import { modelShape } from './model-shape.ts';

/** A scoring model whose parts fit each other. */
export const scoringModelSchema = modelShape.superRefine(checkModel);

export type ScoringModel = z.infer<typeof scoringModelSchema>;
