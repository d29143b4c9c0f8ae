import type { Log } from '../../config/log.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import type { InboundOptions } from '../../store/process-inbound.ts';
import type { ReturnAddressOptions } from '../../store/return-addresses.ts';
import { startHealthKeeper } from './health-keeper.ts';
import { startImapSource } from './imap-source.ts';
import { startInboundProcessor } from './processor.ts';
import { startSmtpSource } from './smtp-source.ts';
import type { InboundSource } from './source.ts';

/** Which ways are open. What the API takes in (webhooks of providers) is processed whatever they are. */
export interface InboundSettings {
  /** What the SMTP listener listens on. */
  readonly host: string;
  /** 0: no SMTP listener. */
  readonly smtpPort: number;
  /** Undefined: no mailbox is read. */
  readonly imapUrl: string | undefined;
}

/** Starts everything about mail that comes back: the ways in, what processes it, and what keeps senders in health. */
export async function startInbound(
  context: { readonly database: Database; readonly clock: Clock; readonly log: Log } & InboundOptions &
    ReturnAddressOptions,
  { host, smtpPort, imapUrl }: InboundSettings = { host: '127.0.0.1', smtpPort: 0, imapUrl: undefined },
): Promise<{ stop(): Promise<void> }> {
  const processor = startInboundProcessor(context);
  const keeper = startHealthKeeper(context);
  const source = { ...context, onStored: () => processor.news() };
  const sources: InboundSource[] = [];
  if (smtpPort !== 0) sources.push(await startSmtpSource(source, { ...context, host, port: smtpPort }));
  if (imapUrl !== undefined) sources.push(startImapSource(source, { url: imapUrl }));
  return {
    async stop() {
      await Promise.all(sources.map((each) => each.stop()));
      await Promise.all([processor.stop(), keeper.stop()]);
    },
  };
}
