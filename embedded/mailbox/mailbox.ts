import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openMailFolder } from './mail-folder.ts';
import { createReceiver } from './receive.ts';
import { createWeb } from './web.ts';

export interface MailboxOptions {
  /** Folder for the mails. */
  readonly folder: string;
  readonly host: string;
  /** Port for SMTP; 0 for any free one. */
  readonly smtpPort: number;
  /** Port of page and JSON interface; 0 for any free one. */
  readonly webPort: number;
}

export interface RunningMailbox {
  readonly smtpPort: number;
  readonly webPort: number;
  stop(): Promise<void>;
}

/**
 * Starts the local mailbox in this process.
 *
 * @throws Error (`EADDRINUSE`, …) if it can't listen
 */
export async function startMailbox(options: MailboxOptions): Promise<RunningMailbox> {
  const folder = await openMailFolder(options.folder);
  const receiver = createReceiver(folder);
  const smtpPort = await listen(receiver.listen(options.smtpPort, options.host) as Server);
  // A client that breaks off is its own affair.
  receiver.on('error', () => {});
  const web = createServer(createWeb({ folder, host: options.host, smtpPort }));
  const webPort = await listen(web.listen(options.webPort, options.host)).catch(async (error: unknown) => {
    await closed((done) => receiver.close(done));
    throw error;
  });
  return {
    smtpPort,
    webPort,
    stop: async () => {
      web.closeAllConnections();
      await Promise.all([closed((done) => receiver.close(done)), closed((done) => web.close(done))]);
    },
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function closed(close: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => close(resolve));
}
