import { setTimeout as sleep } from 'node:timers/promises';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { behaviourFor, SLOW_MS } from './behaviour.ts';
import type { MailFolder } from './mail-folder.ts';

/** Far above any nurturing mail; keeps a runaway sender from filling memory. */
const SIZE_LIMIT_BYTES = 25 * 1024 * 1024;

/** An SMTP answer other than success. The enhanced status code (RFC 3463) is added by the server: 5.1.1, 4.3.0. */
class SmtpAnswer extends Error {
  readonly responseCode: number;
  constructor(responseCode: number, message: string) {
    super(message);
    this.responseCode = responseCode;
  }
}

/** The SMTP side of the mailbox: no sign-in, no TLS; it takes what the addresses' behaviour allows. */
export function createReceiver(folder: MailFolder): SMTPServer {
  const deferred = new Set<string>();

  const receive = async (stream: SMTPServerDataStream, session: SMTPServerSession): Promise<'taken' | 'vanish'> => {
    const source = await readAll(stream);
    if (stream.sizeExceeded) throw new SmtpAnswer(552, 'message exceeds the maximum size');
    const { mailFrom, rcptTo } = session.envelope;
    const recipients = rcptTo.map(({ address }) => address);
    const behaviours = recipients.map(behaviourFor);
    if (behaviours.includes('slow')) await sleep(SLOW_MS);
    await folder.add({ sender: mailFrom ? mailFrom.address : '', recipients, source });
    return behaviours.includes('vanish') ? 'vanish' : 'taken';
  };

  const server = new SMTPServer({
    banner: 'Tend mailbox',
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    hideENHANCEDSTATUSCODES: false,
    disableReverseLookup: true,
    size: SIZE_LIMIT_BYTES,
    closeTimeout: 2000,
    onRcptTo({ address }, _session, callback) {
      callback(refusal(address, deferred));
    },
    onData(stream, session, callback) {
      receive(stream, session).then(
        (outcome) => {
          if (outcome === 'taken') return callback();
          for (const connection of server.connections) {
            if (connection.session.id === session.id) connection.close();
          }
        },
        (error: unknown) => callback(error instanceof SmtpAnswer ? error : new SmtpAnswer(451, 'could not be stored')),
      );
    },
  });
  return server;
}

function refusal(address: string, deferred: Set<string>): SmtpAnswer | null {
  const key = address.toLowerCase();
  switch (behaviourFor(address)) {
    case 'refuse':
      return new SmtpAnswer(550, 'no such user here');
    case 'defer':
      return new SmtpAnswer(451, 'try again later');
    case 'defer-once':
      if (deferred.delete(key)) return null;
      deferred.add(key);
      return new SmtpAnswer(451, 'try again later');
    default:
      return null;
  }
}

async function readAll(stream: SMTPServerDataStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    // Past the limit the rest is read, as the protocol wants, but no longer kept.
    if (!stream.sizeExceeded) chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}
