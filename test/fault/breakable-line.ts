import { connect, createServer, type Socket } from 'node:net';

/** A TCP connection point that passes everything on to `target`, as slowly as a line has it, and can be cut. */
export interface BreakableLine {
  readonly port: number;
  /** Resets every connection that is open now; new ones are taken. Returns how many were cut. */
  cut(): number;
  close(): Promise<void>;
}

/** @param delayMs how long each answer of the target takes to arrive */
export async function openBreakableLine(
  target: { readonly host: string; readonly port: number },
  delayMs: number,
): Promise<BreakableLine> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((near) => {
    const far = connect(target.port, target.host);
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const socket of pair) {
      socket.setNoDelay(true);
      // The end of one is the end of the other, told by `close`.
      socket.on('error', () => {});
      socket.on('close', () => {
        near.destroy();
        far.destroy();
        pairs.delete(pair);
      });
    }
    near.pipe(far);
    far.on('data', (chunk: Buffer) => setTimeout(() => near.writable && near.write(chunk), delayMs));
    far.on('end', () => setTimeout(() => near.end(), delayMs));
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
