import express, { type RequestHandler } from 'express';
import type { z } from 'zod';
import { fieldProblems } from '../../domain/definition/validate.ts';
import { type FieldProblem, TendError } from '../../domain/errors.ts';

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
  return [checkType, express.json({ limit: API_BODY_LIMIT, type: ['json', '+json'] }), keepableTexts];
}

/** Refuses bodies with texts that can't be stored. */
export const keepableTexts: RequestHandler = (request, _response, next) => {
  const problems = unkeepableTexts(request.body, []);
  if (problems.length > 0)
    throw new TendError('invalid-request', 'Nothing of this was stored: mend the fields named.', problems);
  next();
};

/** NUL and half surrogate pairs, which no text of PostgreSQL can hold: a person wrote this, who can mend it. */
const UNKEEPABLE = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

function unkeepableTexts(value: unknown, path: readonly string[]): FieldProblem[] {
  if (typeof value === 'string') {
    const problem = "holds a NUL character or half a surrogate pair, which can't be kept: take it out";
    return UNKEEPABLE.test(value) ? [{ path: path.join('.'), problem }] : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [
    ...unkeepableTexts(key, [...path, '(name of a field)']),
    ...unkeepableTexts(item, [...path, key]),
  ]);
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
