import { type DefinitionFile, readDefinitionFiles } from '../../cli/definition-files.ts';
import { addressOf } from '../../cli/file-kinds.ts';
import { SHIPPED } from '../../cli/push.ts';
import { assessLeads } from '../../store/assess-leads.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { linkIdentities } from '../../store/link-identities.ts';
import type { RunningApi } from './running-api.ts';

/** Stores and publishes all definitions that are shipped, as `tend push` does. Returns which of them changed. */
export async function pushShipped(api: RunningApi): Promise<string[]> {
  const changed: string[] = [];
  for (const { kind, key, content } of await shippedDefinitions()) {
    if (kind === 'team') {
      for (const rep of content.reps as { key: string }[]) await api.api('PUT', `reps/${rep.key}`, rep);
      continue;
    }
    const address = addressOf(kind, key).replace('/api/', '');
    const draft = await api.api('PUT', address, content);
    const { status, body } = await api.api('POST', `${address}/publish`);
    if (status !== 200) throw new Error(`${kind} ${key}: ${JSON.stringify([draft.body, body])}`);
    if (body.published) changed.push(`${kind} ${key}`);
  }
  return changed;
}

export async function shippedDefinitions(): Promise<DefinitionFile[]> {
  return readDefinitionFiles(SHIPPED);
}

/** What the worker does with what has come in. */
export async function assess(database: Database, clock: Clock): Promise<void> {
  await linkIdentities(database, clock);
  while ((await assessLeads(database, clock)).interactions > 0);
}

/** Makes a lead through the API and returns its id. */
export async function makeLead(
  api: RunningApi,
  database: Database,
  clock: Clock,
  email: string,
  traits: object = {},
): Promise<string> {
  await api.v1('identify', { traits: { email, ...traits }, messageId: `identify ${email} ${JSON.stringify(traits)}` });
  await assess(database, clock);
  const { body } = await api.api('POST', 'leads/search', { email });
  return body.leads[0].id as string;
}

export const evidence = {
  purpose: 'newsletter',
  action: 'granted',
  wording: 'Yes, write to me about paper and ink, at most twice a week. I can end this at any time.',
  formUrl: 'https://federkiel.example/newsletter',
  ip: '192.0.2.7',
  userAgent: 'Firefox',
  requestedAt: '2026-11-21T11:00:00Z',
  confirmedAt: '2026-11-21T11:05:00Z',
  promise: { max: 2, days: 7 },
};
