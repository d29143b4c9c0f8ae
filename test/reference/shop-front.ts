import path from 'node:path';
import { apiClient } from '../../cli/api-client.ts';
import { readDefinitionFiles } from '../../cli/definition-files.ts';
import { pushDefinitions } from '../../cli/push-definitions.ts';
import { packageRoot } from '../../config/package-root.ts';
import { DAY } from '../../domain/instant.ts';
import { systemClock } from '../../store/clock.ts';
import { type RunningApi, SECRET_KEY, startApi, WRITE_KEY } from '../api/running-api.ts';
import { eventually, startEngine, type TestEngine } from '../support/engine.ts';

/** A whole installation with the shipped files of one reference case: API, worker, Temporal, PostgreSQL, SMTP. */
export interface ShopFront {
  readonly engine: TestEngine;
  readonly api: RunningApi;
  /** An interaction as the case's website would send it, some days ago. */
  did(who: string, event: string, daysAgo: number, properties?: object): Promise<void>;
  saw(who: string, page: string, daysAgo: number, hour?: number): Promise<void>;
  identify(who: string, traits: object, daysAgo: number): Promise<void>;
  /** An open or click as Tend records it. */
  reacted(
    email: string,
    name: 'Email Opened' | 'Email Link Clicked',
    message: string,
    daysAgo: number,
    hour?: number,
  ): Promise<void>;
  /** The lead's id, once everything sent so far is scored and planned for. */
  settled(email: string): Promise<string>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  score(leadId: string, query?: string): Promise<any>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  handoffs(leadId: string): Promise<any[]>;
  stop(): Promise<void>;
}

export async function openShop(files: readonly string[]): Promise<ShopFront> {
  const engine = await startEngine();
  const api = await startApi(engine.database, systemClock);
  const client = apiClient(api.url, { writeKey: WRITE_KEY, secretKey: SECRET_KEY });
  await api.api('PUT', 'reps/rita', { name: 'Rita', email: 'rita@sales.example' });
  await pushDefinitions(
    client,
    await readDefinitionFiles(['templates/team', ...files].map((file) => path.join(packageRoot, file))),
  );
  let count = 0;
  const today = Math.floor(Date.now() / DAY) * DAY;
  // Noon, so that no zone makes it another day; today's are a moment ago.
  const timestamp = (daysAgo: number, hour = 12) =>
    new Date(daysAgo === 0 ? Date.now() - 1_000 : today - daysAgo * DAY + hour * (DAY / 24)).toISOString();
  const send = async (call: string, body: object) => {
    count += 1;
    const { status, body: answer } = await api.v1(call, { messageId: `m${count}`, ...body });
    if (status !== 200) throw new Error(JSON.stringify(answer));
  };
  return {
    engine,
    api,
    did: (userId, event, daysAgo, properties = {}) =>
      send('track', { userId, event, properties, timestamp: timestamp(daysAgo) }),
    saw: (userId, name, daysAgo, hour) => send('page', { userId, name, timestamp: timestamp(daysAgo, hour) }),
    identify: (userId, traits, daysAgo) => send('identify', { userId, traits, timestamp: timestamp(daysAgo) }),
    async reacted(email, name, message, daysAgo, hour) {
      await api.ingest.add([
        {
          source: 'tend',
          messageId: `${name} ${message}`,
          identity: { kind: 'email', value: email },
          kind: 'tend',
          name,
          properties: { message, template: 'newsletter' },
          context: null,
          occurredAt: Date.parse(timestamp(daysAgo, hour)),
          receivedAt: Date.now(),
          claimedAt: null,
        },
      ]);
    },
    settled: (email) =>
      eventually(`${email} to be scored`, async () => {
        const { body } = await api.api('POST', 'leads/search', { email });
        const [lead] = body.leads;
        if (lead === undefined) return null;
        const { body: why } = await api.api('GET', `leads/${lead.id}/why`);
        return why.unassessed === 0 && why.planned ? (lead.id as string) : null;
      }),
    async score(leadId, query = '') {
      const { status, body } = await api.api('GET', `leads/${leadId}/score${query}`);
      if (status !== 200) throw new Error(JSON.stringify(body));
      return body.scores[0];
    },
    async handoffs(leadId) {
      const { body } = await api.api('GET', `handoffs?lead=${leadId}`);
      return body.handoffs;
    },
    async stop() {
      await api.stop();
      await engine.stop();
    },
  };
}
