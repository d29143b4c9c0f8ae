import { expect, it, onTestFinished } from 'vitest';
import { readWebhookDelivery } from '../../store/list-webhook-deliveries.ts';
import { newId } from '../../store/new-id.ts';
import { queueWebhook } from '../../store/queue-webhook.ts';
import { putWebhookEndpoint } from '../../store/webhook-endpoints.ts';
import { tester } from '../support/company.ts';
import { eventually, startEngine } from '../support/engine.ts';
import { startReceiver } from '../support/receiver.ts';

it('a worker delivers what the outbox holds, and unless told otherwise not to its own machine', async () => {
  const [engine, receiver] = await Promise.all([startEngine(), startReceiver()]);
  onTestFinished(async () => {
    await engine.stop();
    await receiver.close();
  });
  const { database } = engine;
  const now = Date.now();
  await putWebhookEndpoint(database, 'inner', { url: `${receiver.url}/hook` }, { actor: tester, now });
  const about = {
    leadId: null,
    enrolmentId: newId(),
    stepId: 'tell',
    visit: 1,
    payload: { data: {}, include: [] },
    now,
  };
  const id = await database.transaction((transaction) =>
    queueWebhook(transaction, { endpointKey: 'inner', eventType: 'sequence.step', ...about }),
  );
  const delivery = await eventually('an attempt', async () => {
    const read = await readWebhookDelivery(database, id ?? '');
    return read.state === 'waiting' && read.attempts > 0 && read;
  });
  expect(delivery).toMatchObject({ lastStatus: null, lastError: expect.stringContaining('refused (loopback)') });
  expect(receiver.received).toEqual([]);
});
