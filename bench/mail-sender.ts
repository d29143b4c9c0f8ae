import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import nodemailer from 'nodemailer';
import { BARE_MAIL_QUEUE } from './bare-names.ts';

// What Tend's mails/s are held against, a process of its own: a nodemailer pool that sends one ready mail again and again,
// by itself (a message with how many), and behind a bare Temporal activity. Arguments: Temporal's address, SMTP address,
// connections.
const [, , address = '', smtpUrl = '', connections = '5'] = process.argv;
const transport = nodemailer.createTransport({
  url: smtpUrl,
  pool: true,
  maxConnections: Number(connections),
  maxRequeues: 0,
});
const logger = new DefaultLogger('ERROR');
Runtime.install({ logger });

let number = 0;
/** As large as a shipped newsletter. */
const html = `<html><body>${'<p>Paper, ink and a blank page, dear reader. Once in a while we write to you.</p>'.repeat(170)}</body></html>`;
const text = 'Paper, ink and a blank page, dear reader.\n'.repeat(60);

async function sendMail(): Promise<void> {
  number += 1;
  const to = `reader-${number}@people.example`;
  await transport.sendMail({ from: 'Shop <shop@shop.example>', to, subject: 'Paper and ink', html, text });
}

process.on('message', ({ send }: { readonly send: number }) => {
  // As many at once as keeps all connections busy; nodemailer queues the rest.
  let left = send;
  const sender = async () => {
    while (left > 0) {
      left -= 1;
      await sendMail();
    }
  };
  void Promise.all(Array.from({ length: Number(connections) * 2 }, sender));
});

const workflowBundle = await bundleWorkflowCode({
  workflowsPath: path.join(import.meta.dirname, 'bare-mail-workflow.js'),
  logger,
});
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  taskQueue: BARE_MAIL_QUEUE,
  workflowBundle,
  activities: { sendMail },
  maxConcurrentActivityTaskExecutions: Number(connections) * 2,
});
const ended = worker.run();
process.on('disconnect', () => process.exit());
process.send?.('ready');
await ended;
