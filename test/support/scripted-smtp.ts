import { type AddressInfo, createServer, type Socket } from 'node:net';

/** The verb of a line, `.` at the end of a content. */
export type SmtpAnswer = (verb: string, socket: Socket, line: string) => string | null | undefined;

export interface ScriptedSmtp {
  readonly url: string;
  /** Contents that were handed over, whatever was said to them. */
  readonly contents: readonly string[];
  /** What was said to it, without the contents. */
  readonly lines: readonly string[];
  close(): Promise<void>;
}

const POLITE: Readonly<Record<string, string>> = { DATA: '354 go', QUIT: '221 bye' };

/**
 * An SMTP server by hand, for what no decent one does. `answer` gets each verb and the socket: null says nothing (it may have
 * hung up), undefined leaves the answer to a polite server.
 */
export async function startScriptedSmtp(answer: SmtpAnswer): Promise<ScriptedSmtp> {
  const sockets = new Set<Socket>();
  const contents: string[] = [];
  const lines: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    let content: string[] | null = null;
    let pending = '';
    socket.write('220 scripted\r\n');
    socket.on('data', (chunk) => {
      pending += chunk.toString();
      for (;;) {
        const end = pending.indexOf('\r\n');
        if (end === -1) return;
        const line = pending.slice(0, end);
        pending = pending.slice(end + 2);
        if (content !== null && line !== '.') {
          content.push(line);
          continue;
        }
        if (content !== null) contents.push(content.join('\r\n'));
        else lines.push(line);
        const verb = content === null ? (line.split(/[ :]/)[0] ?? '').toUpperCase() : '.';
        const said = answer(verb, socket, line);
        const reply = said === undefined ? (POLITE[verb] ?? '250 ok') : said;
        content = reply?.startsWith('354') ? [] : null;
        if (reply !== null) socket.write(`${reply}\r\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    contents,
    lines,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
