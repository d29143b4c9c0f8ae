import path from 'node:path';
import { readDefinitionFiles } from '../cli/definition-files.ts';
import { fileKinds } from '../cli/file-kinds.ts';
import { packageRoot } from '../config/package-root.ts';
import type { Actor } from '../domain/actor.ts';
import type { DefinitionKind } from '../domain/definition/definition.ts';
import type { Instant } from '../domain/instant.ts';
import type { Database } from '../store/database.ts';
import { publishDefinition } from '../store/publish-definition.ts';
import { putDraft } from '../store/put-draft.ts';

export const SIGNED_UP = 'Signed Up';
const actor: Actor = { kind: 'system', name: 'bench' };

const model = {
  key: 'bench',
  name: 'Bench',
  timeZone: 'UTC',
  threshold: 1_000,
  rules: [{ id: 'signed-up', on: { event: SIGNED_UP }, points: 3 }],
};
const sequence = {
  key: 'bench',
  name: 'Bench',
  purpose: 'newsletter',
  entry: [{ event: SIGNED_UP }],
  steps: [{ id: 'hello', kind: 'send', template: 'newsletter' }],
};

/** A company whose one sequence sends the shipped newsletter, links tracked, to whoever signs up. */
export async function foundMailCompany(database: Database, now: Instant): Promise<void> {
  const files = await readDefinitionFiles([path.join(packageRoot, 'templates', 'stationery')]);
  for (const { kind, key, content } of files) {
    const { definition } = fileKinds[kind];
    if (definition !== null && (definition !== 'template' || key === 'newsletter'))
      await publish(database, definition, key, content, now);
  }
  await publish(database, 'scoring_model', model.key, model, now);
  await publish(database, 'sequence', sequence.key, sequence, now);
}

async function publish(database: Database, kind: DefinitionKind, key: string, content: unknown, now: Instant) {
  await putDraft(database, { kind, key, content, actor, now });
  await publishDefinition(database, { kind, key, actor, now });
}
