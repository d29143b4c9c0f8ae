import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../config/package-root.ts';
import { workflowBundlePath } from '../../worker/worker.ts';
import { quietTemporal } from '../support/engine.ts';

const folder = path.join(packageRoot, 'test', 'replay', 'histories');
const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
const read = (name: string) => readFile(path.join(folder, name), 'utf8');
const workflowBundle = { codePath: workflowBundlePath() };

/** What leads have lived through under earlier code goes on under today's: `record.ts` says how these were recorded. */
describe('recorded histories', () => {
  quietTemporal();

  it('replay under the present workflows', { timeout: 60_000 }, async () => {
    const histories = await Promise.all(
      names.map(async (name) => ({ workflowId: name, history: historyFromJSON(JSON.parse(await read(name))) })),
    );
    const replayed: string[] = [];
    for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, histories)) {
      expect(error?.message, workflowId).toBeUndefined();
      replayed.push(workflowId);
    }
    expect(replayed.sort()).toEqual(names);
    expect(names.length).toBeGreaterThanOrEqual(7);
  });

  it('of which one was tampered with do not: the replay does look', async () => {
    const history = JSON.parse((await read('nurture-timeout.json')).replaceAll('"sendMail"', '"sendLetter"'));
    await expect(Worker.runReplayHistory({ workflowBundle }, historyFromJSON(history))).rejects.toThrow(/sendLetter/);
  });

  it.each(names)('%s holds ids and instants, no personal data', async (name) => {
    const text = (await read(name)).replaceAll('@temporalio/worker@', 'temporalio/worker ');
    const payloads = [...text.matchAll(/"data": ?"([^"]*)"/g)].map(([, data]) =>
      Buffer.from(data ?? '', 'base64').toString('utf8'),
    );
    expect(payloads.length).toBeGreaterThan(0);
    for (const said of [text, ...payloads])
      for (const personal of ['@', 'people.example', 'Signed Up', 'Rita']) expect(said).not.toContain(personal);
  });
});
