import { SMTPServer } from 'smtp-server';
import { instantNow } from './statistics.ts';

// The mail server of `npm run bench:mail`, a process of its own: takes every mail, counts it, forgets it.
export interface ExpectMails {
  readonly expect: number;
}
/** The instants at which the first and the last of them had come. */
export interface MailsTaken {
  readonly first: number;
  readonly last: number;
}

let taken = 0;
let first = 0;
let expected = Number.POSITIVE_INFINITY;
const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['AUTH', 'STARTTLS'],
  logger: false,
  onData(stream, _session, callback) {
    stream.resume();
    stream.on('end', () => {
      callback();
      taken += 1;
      if (taken === 1) first = instantNow();
      if (taken === expected) process.send?.({ first, last: instantNow() } satisfies MailsTaken);
    });
  },
});
server.on('error', () => {});
process.on('message', ({ expect }: ExpectMails) => {
  taken = 0;
  expected = expect;
});
process.on('disconnect', () => process.exit());
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => process.send?.('ready'));
