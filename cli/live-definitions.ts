import { type ApiClient, ApiError } from './api-client.ts';
import { type Content, contentAsStored } from './definition-yaml.ts';
import { addressOf, type FileKind, fileKinds } from './file-kinds.ts';

/** The keys of what is live, ascending. The representatives are one `team`. */
export async function liveKeys(api: ApiClient, kind: FileKind): Promise<string[]> {
  if (kind === 'team') return ((await readTeam(api)).reps as readonly unknown[]).length === 0 ? [] : ['team'];
  const { definitions } = await api.call<{ definitions: { key: string; liveVersion: number | null }[] }>(
    'GET',
    fileKinds[kind].address,
  );
  return definitions.filter(({ liveVersion }) => liveVersion !== null).map(({ key }) => key);
}

/** What is live under this key; null: nothing is. */
export async function readLive(api: ApiClient, kind: FileKind, key: string): Promise<Content | null> {
  if (kind === 'team') return readTeam(api);
  try {
    return (await api.call<{ live: Content | null }>('GET', addressOf(kind, key))).live;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

async function readTeam(api: ApiClient): Promise<Content> {
  return contentAsStored('team', 'team', await api.call('GET', fileKinds.team.address));
}
