import { createRequire } from 'node:module';
import type { AddressInfo, Server } from 'node:net';

/** As far as it is used here: the package has no types. */
interface Hoodiecrow {
  readonly server: Server;
  listen(port: number, host: string, done: () => void): void;
  close(done: () => void): void;
  appendMessage(folder: string, flags: readonly string[], date: Date, raw: string): void;
  getMailbox(folder: string): { readonly messages: readonly { readonly raw: string }[] };
}
const hoodiecrow = createRequire(import.meta.url)('hoodiecrow-imap') as (options: unknown) => Hoodiecrow;

export interface ImapServer {
  readonly url: string;
  /** A mail arrives. */
  arrive(raw: string): void;
  /** What lies in a folder. */
  folder(name: string): readonly string[];
  /** Breaks every connection off. */
  breakOff(): void;
  close(): Promise<void>;
}

/** A real IMAP server on loopback, with folders that last as long as it does. */
export async function startImapServer(): Promise<ImapServer> {
  const server = hoodiecrow({
    plugins: [
      'ID',
      'IDLE',
      'UIDPLUS',
      'MOVE',
      'LITERALPLUS',
      'SASL-IR',
      'AUTH-PLAIN',
      'NAMESPACE',
      'UNSELECT',
      'ENABLE',
    ],
    storage: { INBOX: { messages: [] }, '': { separator: '/', folders: {} } },
  });
  const sockets = new Set<{ destroy(): void }>();
  server.server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  const breakOff = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `imap://testuser:testpass@127.0.0.1:${port}/INBOX`,
    arrive: (raw) => server.appendMessage('INBOX', [], new Date(), raw),
    folder: (name) => server.getMailbox(name)?.messages.map((message) => message.raw) ?? [],
    breakOff,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        breakOff();
      }),
  };
}
