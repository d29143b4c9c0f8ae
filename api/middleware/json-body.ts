import express, { type RequestHandler } from 'express';
import type { z } from 'zod';
import { fieldProblems } from '../../domain/definition/validate.ts';
import { TendError } from '../../domain/errors.ts';

/** Bytes of a body that `/api` takes; a template with pictures as text is the largest. */
const API_BODY_LIMIT = 1024 * 1024;

/** Reads the JSON bodies of `/api`. Another media type is refused, rather than taken for an empty body. */
export function jsonBody(): RequestHandler[] {
  const checkType: RequestHandler = (request, _response, next) => {
    const hasBody =
      request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
    if (hasBody && request.is(['json', '+json']) === false) {
      throw new TendError('media-type-unsupported', 'Send the body as "Content-Type: application/json".');
    }
    next();
  };
  return [checkType, express.json({ limit: API_BODY_LIMIT, type: ['json', '+json'] })];
}

/** The body or query as `schema` has it. Throws `invalid-request` with every problem. */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  throw new TendError(
    'invalid-request',
    'The request is not valid: mend the fields named.',
    fieldProblems(parsed.error),
  );
}
