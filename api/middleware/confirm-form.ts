import express, { type RequestHandler } from 'express';
import { TendError } from '../../domain/errors.ts';

/** Reads the form of a page with one button. */
export const readConfirmForm: RequestHandler<{ token: string }> = express.text({
  limit: '10kb',
  type: 'application/x-www-form-urlencoded',
});

/** The button's own field: whatever else may POST here has not shown the page to a person. */
export function checkConfirmForm(body: unknown): void {
  if (typeof body === 'string' && new URLSearchParams(body).get('confirm') === 'yes') return;
  throw new TendError('invalid-request', 'The body must be the form field confirm=yes, as the page sends it.');
}
