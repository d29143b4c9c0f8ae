import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { loggable } from '../../config/log.ts';
import { TendError } from '../../domain/errors.ts';
import { withoutPersonalData } from '../../worker/activity-interceptors.ts';

const violation = Object.assign(new pg.DatabaseError('duplicate key: (tanja@people.example)', 50, 'error'), {
  code: '23505',
  detail: 'Key (value)=(tanja@people.example) already exists.',
});

describe('what of an error leaves the process', () => {
  it.each([
    ['a constraint violation', violation, '23505'],
    ['a refused recipient', new TendError('conflict', 'tanja@people.example is another'), 'conflict'],
    ['anything else', new TypeError('Tanja is undefined'), 'TypeError'],
    ['what is no error', 'tanja@people.example', 'string'],
  ])('%s goes to Temporal as its code alone', (_case, error, type) => {
    const failure = withoutPersonalData(error);
    expect(failure.type).toBe(type);
    const everything = [failure.message, failure.stack, String(failure.cause), JSON.stringify(failure.details)].join(
      ' ',
    );
    expect(everything).not.toMatch(/tanja/i);
  });

  it('and to the log likewise', () => {
    expect(loggable(violation)).toEqual({ error: 'error', code: '23505' });
  });

  it('says whether trying again makes sense', () => {
    expect(withoutPersonalData(new TendError('conflict', '')).nonRetryable).toBe(true);
    expect(withoutPersonalData(violation).nonRetryable).toBe(false);
  });
});
