import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';

/** Records by `TYPE name`, such as `TXT example.com`; of MX `10 mail.example.com`, of PTR the name. */
export type Zone = Record<string, readonly string[]>;

export interface TestDns {
  /** `127.0.0.1:port`. */
  readonly server: string;
  /** What was asked, as `TYPE name`. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

const TYPES: Readonly<Record<number, string>> = { 1: 'A', 12: 'PTR', 15: 'MX', 16: 'TXT', 28: 'AAAA' };
const NXDOMAIN = 3;
const SERVFAIL = 2;

/** A DNS server on loopback that knows `zone` and nothing else (RFC 1035). A record `!servfail` is a server in trouble. */
export async function startDns(zone: Zone): Promise<TestDns> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const { name, end } = readName(query, 12);
    const type = TYPES[query.readUInt16BE(end)] ?? '?';
    const key = `${type} ${name}`;
    asked.push(key);
    socket.send(answer(query, end + 4, zone[key] ?? [], type, isKnown(zone, name)), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    server: `127.0.0.1:${(socket.address() as AddressInfo).port}`,
    asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

const isKnown = (zone: Zone, name: string) => Object.keys(zone).some((key) => key.endsWith(` ${name}`));

function answer(query: Buffer, questionEnd: number, records: readonly string[], type: string, known: boolean): Buffer {
  const trouble = records.includes('!servfail');
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(0x8180 | (trouble ? SERVFAIL : known ? 0 : NXDOMAIN), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(trouble ? 0 : records.length, 6);
  head.writeUInt32BE(0, 8);
  const body = trouble ? [] : records.map((record) => resourceOf(record, type, query.readUInt16BE(questionEnd - 4)));
  return Buffer.concat([head, query.subarray(12, questionEnd), ...body]);
}

/** The name is a pointer to the question's. */
function resourceOf(record: string, type: string, code: number): Buffer {
  const data = dataOf(record, type);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(code, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(60, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function dataOf(record: string, type: string): Buffer {
  switch (type) {
    case 'A':
      return Buffer.from(record.split('.').map(Number));
    case 'AAAA':
      return Buffer.from(
        expand(record).flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]),
      );
    case 'MX': {
      const [priority = '0', exchange = ''] = record.split(' ');
      const head = Buffer.alloc(2);
      head.writeUInt16BE(Number(priority));
      return Buffer.concat([head, nameOf(exchange)]);
    }
    case 'PTR':
      return nameOf(record);
    default: {
      // Strings of at most 255 bytes each.
      const bytes = Buffer.from(record);
      const strings: Buffer[] = [];
      for (let from = 0; from < bytes.length || from === 0; from += 255) {
        const part = bytes.subarray(from, from + 255);
        strings.push(Buffer.from([part.length]), part);
      }
      return Buffer.concat(strings);
    }
  }
}

function expand(address: string): string[] {
  const [before = '', after] = address.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  return [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
}

function nameOf(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0]),
  ]);
}

function readName(message: Buffer, from: number): { name: string; end: number } {
  const labels: string[] = [];
  let at = from;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}
