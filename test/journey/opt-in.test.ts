import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { optInSchema } from '../../domain/consent/opt-in.ts';
import { readToken } from '../../mail/tokens.ts';
import { confirmOptIn } from '../../store/confirm-opt-in.ts';
import { requestOptIn } from '../../store/request-opt-in.ts';
import { sql } from '../../store/sql.ts';
import { plainTemplate, publish } from '../support/company.ts';
import { confirmTemplate, shopPolicy, signUp } from '../support/consent.ts';
import { eventually, startEngine, TEST_SECRET, type TestEngine } from '../support/engine.ts';
import { readable } from '../support/post.ts';

let engine: TestEngine;
const compose = { publicUrl: 'http://127.0.0.1:8080', signingSecret: TEST_SECRET, from: 'Shop <shop@shop.example>' };

beforeAll(async () => {
  engine = await startEngine();
  const { database } = engine;
  const now = Date.now();
  await publish(database, 'template', confirmTemplate, now);
  await publish(database, 'template', plainTemplate('welcome'), now);
  const doubleOptIn = { template: confirmTemplate.key, expiresAfter: { seconds: 20 } };
  await publish(database, 'consent', { ...shopPolicy, doubleOptIn }, now);
  await publish(
    database,
    'sequence',
    {
      key: 'welcome',
      name: 'Welcome',
      purpose: 'newsletter',
      entry: [{ kind: 'tend', event: 'Subscription Confirmed', properties: { purposes: { contains: 'newsletter' } } }],
      steps: [{ id: 'hello', kind: 'send', template: 'welcome' }],
    },
    now,
  );
}, 60_000);
afterAll(() => engine.stop());

const signsUp = (address: string) =>
  requestOptIn(engine.database, {
    optIn: optInSchema.parse({ ...signUp, address }),
    ip: null,
    userAgent: null,
    source: 'shop',
    now: Date.now(),
    messageIdDomain: 'shop.example',
  });
const mailTo = (address: string, subject: RegExp) =>
  eventually(`a mail to ${address} about ${subject}`, async () =>
    engine.mailbox.mails.find((mail) => mail.to === address && subject.test(mail.subject)),
  );

describe('a sign-up on running workflows', () => {
  it('is asked to confirm at once, and the welcome follows the confirmation', async () => {
    await signsUp('tanja@people.example');
    const mail = await mailTo('tanja@people.example', /best/);
    const link = readable(mail).links.find((each) => each.includes('/c/')) ?? '';
    const token = readToken(TEST_SECRET, 'confirm', link.slice(link.lastIndexOf('/') + 1));
    const confirmed = await confirmOptIn(engine.database, {
      messageId: token?.messageId ?? '',
      ip: null,
      userAgent: null,
      now: Date.now(),
      compose,
    });
    expect(confirmed.kind).toBe('confirmed');
    await mailTo('tanja@people.example', /About welcome/);
  }, 60_000);

  it('that nobody confirms is gone, person and all, without anybody asking', async () => {
    await signsUp('never@people.example');
    await mailTo('never@people.example', /best/);
    // It is counted for a day, however soon it runs out: that day is over.
    await engine.database.query(sql`
      UPDATE opt_in_request SET requested_at = requested_at - interval '1 day' WHERE address = 'never@people.example'`);
    await eventually(
      'the person to be forgotten',
      async () => {
        const left = await engine.database.query(sql`
          SELECT 1 FROM identity WHERE value = 'never@people.example'
          UNION ALL SELECT 1 FROM opt_in_request WHERE address = 'never@people.example'
          UNION ALL SELECT 1 FROM message WHERE address = 'never@people.example'`);
        return left.length === 0;
      },
      50_000,
    );
  }, 90_000);
});
