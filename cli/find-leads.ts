import type { ApiClient } from './api-client.ts';

/** The ids of the leads that a person means by `text`: a lead id, a mail address or an external id. Throws when nobody is. */
export async function findLeads(api: ApiClient, text: string): Promise<string[]> {
  if (/^[0-9a-f-]{36}$/i.test(text)) return [text];
  const by = text.includes('@') ? { email: text } : { externalId: text };
  const { leads } = await api.call<{ leads: { id: string }[] }>('POST', '/api/leads/search', by);
  if (leads.length === 0)
    throw new Error(`Nobody is known as ${text}: give a mail address, an external id or a lead id`);
  return leads.map(({ id }) => id);
}
