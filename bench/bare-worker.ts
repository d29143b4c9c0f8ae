import path from 'node:path';
import {
  bundleWorkflowCode,
  DefaultLogger,
  type InjectedSinks,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { announceReady, exitWithParent } from '../config/exit-with-parent.ts';
import { BARE_QUEUE, type Counted, type Expect } from './bare-names.ts';
import type { BareSinks } from './bare-workflow.ts';
import { instantNow } from './statistics.ts';

// The process that runs the bare workflows: a worker with the SDK's default options.
const logger = new DefaultLogger('ERROR');
Runtime.install({ logger });
const address = process.argv[2];
const workflowBundle = await bundleWorkflowCode({
  workflowsPath: path.join(import.meta.dirname, 'bare-workflow.js'),
  logger,
});
const connection = await NativeConnection.connect({ address: address ?? '127.0.0.1:7233' });

let counted = 0;
let expected = Number.POSITIVE_INFINITY;
const sinks: InjectedSinks<BareSinks> = {
  tally: {
    count: {
      callDuringReplay: false,
      fn() {
        counted += 1;
        if (counted !== expected) return;
        const message: Counted = { counted, at: instantNow() };
        process.send?.(message);
      },
    },
  },
};
process.on('message', ({ expect }: Expect) => {
  counted = 0;
  expected = expect;
});

const worker = await Worker.create({ connection, taskQueue: BARE_QUEUE, workflowBundle, sinks });
const ended = worker.run();
exitWithParent(async () => {
  worker.shutdown();
  await ended;
  await connection.close();
});
announceReady();
await ended;
