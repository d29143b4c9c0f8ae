/**
 * The one table of what can go wrong for a caller. `status` is the HTTP status, `retryable` says whether the same
 * request may succeed later; Temporal's non-retryable failure types are the codes with `retryable: false`.
 */
export const errorTable = {
  'invalid-request': { status: 400, retryable: false, title: 'The request is not valid.' },
  'invalid-json': { status: 400, retryable: false, title: 'The body is not valid JSON.' },
  'key-missing': { status: 401, retryable: false, title: 'An API key is needed.' },
  'key-unknown': { status: 401, retryable: false, title: 'The API key is not known or was revoked.' },
  'key-of-wrong-kind': { status: 403, retryable: false, title: 'This key is for another part of the API.' },
  'token-invalid': { status: 403, retryable: false, title: 'The link is not valid.' },
  'signature-invalid': { status: 403, retryable: false, title: 'The signature is not valid.' },
  'not-found': { status: 404, retryable: false, title: 'There is no such thing.' },
  'method-not-allowed': { status: 405, retryable: false, title: 'This address does not take that method.' },
  conflict: { status: 409, retryable: false, title: 'The present state does not allow this.' },
  'body-too-large': { status: 413, retryable: false, title: 'The body is too large.' },
  'media-type-unsupported': { status: 415, retryable: false, title: 'The body must be JSON.' },
  'too-many-requests': { status: 429, retryable: true, title: 'That was too much at once.' },
  'definition-invalid': { status: 422, retryable: false, title: 'The definition is not valid.' },
  'render-failed': { status: 422, retryable: false, title: 'The mail could not be rendered.' },
  'lead-parked': {
    status: 500,
    retryable: false,
    title: 'This lead waits for a person: its history could not be processed.',
  },
  internal: { status: 500, retryable: true, title: 'Something went wrong on our side.' },
  unavailable: { status: 503, retryable: true, title: 'The service is not available right now.' },
} as const satisfies Record<string, { status: number; retryable: boolean; title: string }>;

export type ErrorCode = keyof typeof errorTable;

/** What is wrong with one field, and what would be right. `path` is dotted, as in `rules.2.points`. */
export interface FieldProblem {
  readonly path: string;
  readonly problem: string;
}

/** The one error that crosses layers on purpose. `detail` says what was wrong and what would be right. */
export class TendError extends Error {
  override readonly name = 'TendError';

  constructor(
    readonly code: ErrorCode,
    readonly detail: string,
    readonly fields: readonly FieldProblem[] = [],
  ) {
    super(detail);
  }

  get status(): number {
    return errorTable[this.code].status;
  }

  get retryable(): boolean {
    return errorTable[this.code].retryable;
  }
}
