import pg from 'pg';
import type { Channel } from '../store/database.ts';

export interface Listener {
  close(): Promise<void>;
}

const RECONNECT_MS = 500;

/**
 * Listens for what transactions notify. A connection that breaks is made again, and `onReconnect` is told, since
 * what was notified meanwhile is lost: whoever listens must look for itself then, as the sweep does anyway.
 */
export async function listen(
  url: string,
  handlers: Partial<Record<Channel, (payload: string) => void>>,
  onReconnect: () => void,
): Promise<Listener> {
  let closed = false;
  let client: pg.Client | undefined;
  let retry: NodeJS.Timeout | undefined;

  async function connect(): Promise<void> {
    const next = new pg.Client({ connectionString: url, keepAlive: true });
    next.on('error', () => next.emit('end'));
    next.once('end', () => {
      if (client === next) client = undefined;
      again();
    });
    next.on('notification', ({ channel, payload }) => handlers[channel as Channel]?.(payload ?? ''));
    await next.connect();
    for (const channel of Object.keys(handlers)) await next.query(`LISTEN ${channel}`);
    client = next;
  }

  function again(): void {
    if (closed || retry !== undefined) return;
    retry = setTimeout(() => {
      retry = undefined;
      connect().then(onReconnect, again);
    }, RECONNECT_MS);
  }

  await connect();
  return {
    async close() {
      closed = true;
      clearTimeout(retry);
      await client?.end();
    },
  };
}
