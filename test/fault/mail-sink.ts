import { appendFileSync } from 'node:fs';
import { SMTPServer } from 'smtp-server';

/**
 * A mail server that can be killed at a chosen point of a mail. It runs as a process of its own and notes what it has seen
 * before it answers, in a file that outlives it:
 *
 * `rcpt <address>` it was offered, `begun <address>` the first of its content came, `got <address>` all of it: from here on
 * it would be delivered, `answered <address>` its 250 was given.
 *
 * Arguments: port, file. Messages by IPC: a `Phase`, at which it dies with the next mail that comes to it.
 */
export type Phase = 'before-data' | 'in-data' | 'before-answer';

const [, , port = '0', file = ''] = process.argv;
let dying: Phase | null = null;
/** While it waits for the mail that it is to die of, others are held before their DATA, so that what hangs is known. */
const inData = new Set<string>();
const held: (() => void)[] = [];
/** Slow enough that faults of others meet mails under way. */
const ANSWER_MS = 80;

const note = (what: string, address: string) => appendFileSync(file, `${what} ${address}\n`);
const die = () => process.kill(process.pid, 'SIGKILL');

function leave(id: string): void {
  inData.delete(id);
  if (inData.size === 0) held.shift()?.();
}

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['AUTH', 'STARTTLS'],
  logger: false,
  onRcptTo({ address }, { id }, callback) {
    note('rcpt', address);
    const go = () => {
      if (dying === 'before-data') die();
      inData.add(id);
      callback();
    };
    if (dying !== null && inData.size > 0) held.push(go);
    else go();
  },
  onData(stream, session, callback) {
    const address = session.envelope.rcptTo[0]?.address ?? '';
    let begun = false;
    stream.on('data', () => {
      if (!begun) note('begun', address);
      begun = true;
      if (dying === 'in-data' && inData.size === 1) die();
    });
    stream.on('end', () => {
      note('got', address);
      if (dying === 'before-answer' && inData.size === 1) die();
      setTimeout(() => {
        callback();
        note('answered', address);
        leave(session.id);
      }, ANSWER_MS);
    });
  },
  // Its client has gone.
  onClose: ({ id }) => leave(id),
});
server.on('error', () => {});
process.on('message', (phase: Phase) => {
  dying = phase;
});
process.on('disconnect', () => process.exit());
server.listen(Number(port), '127.0.0.1', () => process.send?.('ready'));
