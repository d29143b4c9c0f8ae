import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../../domain/instant.ts';
import { afterAttempt, classify } from '../../domain/webhook/attempt.ts';
import { webhookEndpointSchema } from '../../domain/webhook/endpoint.ts';
import { webhookBody } from '../../domain/webhook/event.ts';
import { MOST_ATTEMPTS, retryAt } from '../../domain/webhook/retry.ts';

const NOON = Date.UTC(2026, 5, 1, 12);

describe('retrying', () => {
  it('follows the schedule of Standard Webhooks, ten attempts over some three days', () => {
    const pauses = Array.from({ length: MOST_ATTEMPTS - 1 }, (_, index) => (retryAt(index + 1, NOON) ?? NOON) - NOON);
    expect(pauses).toEqual([
      5 * SECOND,
      5 * MINUTE,
      30 * MINUTE,
      2 * HOUR,
      5 * HOUR,
      10 * HOUR,
      14 * HOUR,
      20 * HOUR,
      24 * HOUR,
    ]);
    const whole = pauses.reduce((sum, pause) => sum + pause);
    expect(whole).toBeGreaterThan(3 * DAY);
    expect(whole).toBeLessThan(4 * DAY);
  });

  it('ends after the last attempt, and after any that should not have been', () => {
    expect(retryAt(MOST_ATTEMPTS, NOON)).toBeNull();
    expect(retryAt(MOST_ATTEMPTS + 1, NOON)).toBeNull();
  });
});

describe('an answer', () => {
  it.each([
    [200, 'delivered'],
    [204, 'delivered'],
    [299, 'delivered'],
    [301, 'redirected'],
    [308, 'redirected'],
    [304, 'redirected'],
    [400, 'failed'],
    [404, 'failed'],
    [409, 'failed'],
    [410, 'gone'],
    [429, 'failed'],
    [500, 'failed'],
    [503, 'failed'],
  ] as const)('%i is %s', (status, verdict) => {
    expect(classify(status)).toBe(verdict);
  });

  it('of 410 disables the endpoint, and the event waits for it', () => {
    expect(afterAttempt({ kind: 'answered', status: 410 }, 3, NOON)).toMatchObject({
      state: 'waiting',
      nextAttemptAt: NOON,
      disablesEndpoint: true,
    });
  });

  it('that is a failure at the last attempt makes the event dead, and says why', () => {
    expect(afterAttempt({ kind: 'answered', status: 302 }, MOST_ATTEMPTS, NOON)).toEqual({
      state: 'dead',
      problem: expect.stringContaining('302, a redirect'),
      disablesEndpoint: false,
    });
    expect(afterAttempt({ kind: 'failed', problem: 'No answer.' }, 1, NOON)).toEqual({
      state: 'waiting',
      nextAttemptAt: NOON + 5 * SECOND,
      problem: 'No answer.',
      disablesEndpoint: false,
    });
  });
});

describe('a body', () => {
  const event = {
    type: 'lead.interested',
    occurredAt: NOON,
    leadId: 'l',
    enrolmentId: 'e',
    stepId: 'tell',
    visit: 2,
    payload: { data: { sequence: 'pens', leadId: 'forged' }, include: [] },
  };

  it('has type, instant and data, and ids that no data can take the place of', () => {
    expect(JSON.parse(webhookBody(event, null))).toEqual({
      type: 'lead.interested',
      timestamp: '2026-06-01T12:00:00.000Z',
      data: { sequence: 'pens', leadId: 'l', enrolmentId: 'e', step: 'tell', visit: 2 },
    });
  });

  it('says that a lead is gone where one was to be told of', () => {
    const told = { ...event, payload: { data: {}, include: ['profile'] as const } };
    expect(JSON.parse(webhookBody(told, null)).data).toMatchObject({ leadId: 'l', lead: null });
  });

  it('leaves out what a test has not', () => {
    const test = { ...event, leadId: null, enrolmentId: null, stepId: null, visit: null };
    expect(JSON.parse(webhookBody(test, null)).data).toEqual({ sequence: 'pens', leadId: 'forged' });
  });
});

describe('an endpoint', () => {
  const problem = (url: unknown) => webhookEndpointSchema.safeParse({ url }).error?.issues[0]?.message ?? null;

  it('is an http(s) address without credentials', () => {
    expect(problem('https://crm.example/hooks/tend?team=1')).toBeNull();
    expect(problem('http://crm.example:8080')).toBeNull();
    expect(problem('ftp://crm.example')).toMatch(/https:\/\//);
    expect(problem('crm.example')).toMatch(/for example https:/);
    expect(problem('https://user:pass@crm.example')).toMatch(/no user name/);
    expect(problem('https://crm.example/#hook')).toMatch(/after "#"/);
    expect(problem(`https://crm.example/${'a'.repeat(2_000)}`)).toMatch(/at most 2000/);
    expect(problem(undefined)).toMatch(/must be the address/);
  });
});
