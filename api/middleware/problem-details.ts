import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { type ErrorCode, errorTable, type FieldProblem, TendError } from '../../domain/errors.ts';
import { newId } from '../../store/new-id.ts';

/** RFC 9457 problem details. `code` is stable; `errors` names fields. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly errors?: readonly FieldProblem[];
}

/** Takes what went wrong on our side. It gets no message: an error's may quote a person's data. */
export type ReportFailure = (failure: {
  readonly requestId: string;
  readonly method: string;
  readonly route: string;
  readonly error: string;
  readonly code: string | null;
  /** Where it was thrown, without the message. */
  readonly stack: string;
}) => void;

/** More would only be a long answer. */
const MOST_FIELDS = 100;
/** Seconds. */
const RETRY_AFTER = '1';

export function problemOf(error: TendError): Problem {
  const { code, detail, fields, status } = error;
  const problem = { type: `urn:tend:problem:${code}`, title: errorTable[code].title, status, detail, code };
  return fields.length === 0 ? problem : { ...problem, errors: fields.slice(0, MOST_FIELDS) };
}

export function sendProblem(response: Response, error: TendError): void {
  if (error.status === 401) response.setHeader('WWW-Authenticate', 'Basic realm="tend", Bearer');
  if (error.status === 503) response.setHeader('Retry-After', RETRY_AFTER);
  response
    .status(error.status)
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(error)));
}

/** The last handler: turns whatever was thrown into problem details. */
export function problemDetails(report: ReportFailure): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const known = toTendError(error);
    if (known.status >= 500) {
      const requestId = newId();
      response.setHeader('X-Request-Id', requestId);
      const route = typeof request.route?.path === 'string' ? request.route.path : 'none';
      report({ requestId, method: request.method, route, ...withoutMessage(error) });
    }
    sendProblem(response, known);
  };
}

/** No route has this address. */
export const notFound: RequestHandler = () => {
  throw new TendError('not-found', 'There is nothing at this address: docs/api.md lists what there is.');
};

/** What Express's body parsers and routers throw, in our words; anything else is our fault. */
function toTendError(error: unknown): TendError {
  if (error instanceof TendError) return error;
  const { type, status, limit, code } = error as { type?: unknown; status?: unknown; limit?: unknown; code?: unknown };
  switch (type) {
    case 'entity.too.large':
      return new TendError(
        'body-too-large',
        `The body is larger than the ${Math.floor(Number(limit) / 1024)} KB that this address takes.`,
      );
    case 'entity.parse.failed':
      return new TendError('invalid-json', 'The body is not valid JSON (RFC 8259).');
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return new TendError(
        'media-type-unsupported',
        'The body must be UTF-8, plain or compressed with gzip, deflate or br.',
      );
    default:
  }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new TendError('invalid-request', 'The request could not be read: check its address, headers and body.');
  }
  if (isDatabaseAway(code))
    return new TendError('unavailable', 'The database does not answer just now: try again in a moment.');
  return new TendError('internal', 'This is our fault and is in our log under the X-Request-Id of this answer.');
}

/** Connection errors of Node and PostgreSQL (classes 08 and 57P), and Prisma's P1xxx. */
function isDatabaseAway(code: unknown): boolean {
  return typeof code === 'string' && /^(ECONN|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_|08|57P|53|P1)/.test(code);
}

function withoutMessage(error: unknown): { error: string; code: string | null; stack: string } {
  if (!(error instanceof Error)) return { error: typeof error, code: null, stack: '' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { error: error.name, code, stack: frames.slice(0, 20).join('\n') };
}
