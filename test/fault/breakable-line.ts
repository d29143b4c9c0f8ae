import { connect, createServer, type Socket } from 'node:net';

/** A TCP connection point that passes everything on to `target`, and can be cut. */
export interface BreakableLine {
  readonly port: number;
  /** Resets every connection that is open now; new ones are taken. Returns how many were cut. */
  cut(): number;
  close(): Promise<void>;
}

export async function openBreakableLine(target: {
  readonly host: string;
  readonly port: number;
}): Promise<BreakableLine> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((near) => {
    const far = connect(target.port, target.host);
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const [one, other] of [pair, [far, near] as const]) {
      one.setNoDelay(true);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        other.destroy();
        pairs.delete(pair);
      });
    }
  });
  const cut = () => {
    const open = [...pairs];
    for (const [near, far] of open) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
    return open.length;
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}
