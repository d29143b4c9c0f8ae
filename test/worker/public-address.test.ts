import type { LookupAddress, lookup as systemLookup } from 'node:dns';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  assertPublicLiteral,
  ForbiddenAddressError,
  forbiddenRange,
  publicLookup,
} from '../../worker/public-address.ts';
import { createWebhookClient } from '../../worker/webhook-client.ts';
import { startReceiver } from '../support/receiver.ts';

describe('an address', () => {
  it.each([
    ['127.0.0.1', 'loopback'],
    ['127.8.8.8', 'loopback'],
    ['0.0.0.0', 'unspecified'],
    ['10.1.2.3', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['169.254.169.254', 'linkLocal'],
    ['100.100.100.200', 'carrierGradeNat'],
    ['168.63.129.16', 'metadata'],
    ['192.0.0.192', 'reserved'],
    ['198.18.0.1', 'reserved'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['240.0.0.1', 'reserved'],
    ['::1', 'loopback'],
    ['::', 'unspecified'],
    ['fe80::1', 'linkLocal'],
    ['fe80::1%eth0', 'linkLocal'],
    ['fd00:ec2::254', 'uniqueLocal'],
    ['ff02::1', 'multicast'],
    ['fec0::1', 'deprecatedSiteLocal'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:a9fe:a9fe', 'linkLocal'],
    ['64:ff9b::10.0.0.1', 'private'],
    ['64:ff9b:1::1', 'rfc6052'],
    ['2002:7f00:1::', '6to4'],
    ['2001::1', 'teredo'],
    ['::127.0.0.1', 'loopback'],
    ['4000::1', 'reserved'],
    ['no address', 'no address'],
  ])('%s is refused (%s)', (address, range) => {
    expect(forbiddenRange(address)).toBe(range);
  });

  it.each(['93.184.215.14', '172.32.0.1', '8.8.8.8', '2606:2800:21f:cb07::1', '::ffff:8.8.8.8', '64:ff9b::8.8.8.8'])(
    '%s is of the public internet',
    (address) => {
      expect(forbiddenRange(address)).toBeNull();
    },
  );

  it.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://127.0.0.1./',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://169.254.169.254/latest/meta-data',
    'http://①②⑦.0.0.1/',
  ])('however it is written: %s', (url) => {
    expect(() => assertPublicLiteral(new URL(url))).toThrow(ForbiddenAddressError);
  });

  it('that is a name is left to its look-up', () => {
    expect(() => assertPublicLiteral(new URL('https://crm.example'))).not.toThrow();
    expect(() => assertPublicLiteral(new URL('https://8.8.8.8'))).not.toThrow();
  });
});

const resolvingTo = (...addresses: string[]) =>
  ((_host: string, _options: unknown, callback: (error: null, found: LookupAddress[]) => void) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )) as unknown as typeof systemLookup;

describe('a name', () => {
  const look = (all: boolean, ...addresses: string[]) =>
    new Promise((resolve, reject) => {
      publicLookup(resolvingTo(...addresses))('crm.example', { all }, (error, found) =>
        error === null ? resolve(found) : reject(error),
      );
    });

  it('is looked up to all its addresses, or to the first', async () => {
    expect(await look(false, '8.8.8.8', '8.8.4.4')).toBe('8.8.8.8');
    expect(await look(true, '8.8.8.8', '2606:2800::1')).toEqual([
      { address: '8.8.8.8', family: 4 },
      { address: '2606:2800::1', family: 6 },
    ]);
  });

  it('is refused when any of its addresses is not public', async () => {
    await expect(look(true, '8.8.8.8', '10.0.0.1')).rejects.toThrow(
      'crm.example is at an address that is refused (private)',
    );
    await expect(look(false, '8.8.8.8', '::1')).rejects.toThrow(ForbiddenAddressError);
  });
});

describe('a client that is for the public internet only', () => {
  const request = (url: string) => ({
    url,
    id: 'one',
    secrets: ['whsec_c2VjcmV0IG9mIGEgdGVzdA=='],
    sentAt: new Date(),
    body: '{}',
  });

  it('makes no connection to this machine or its network, by address or by name', async () => {
    const receiver = await startReceiver();
    const six = await startReceiver('localhost');
    onTestFinished(async () => {
      await receiver.close();
      await six.close();
    });
    const { port } = new URL(receiver.url);
    const sent = async (url: string, lookup?: typeof systemLookup) => {
      const client = createWebhookClient({ allowPrivate: false, timeoutMs: 2_000, ...(lookup && { lookup }) });
      const attempt = await client.send(request(url));
      await client.close();
      return attempt;
    };
    const refused = (range: string) => ({ kind: 'failed', problem: expect.stringContaining(`refused (${range})`) });
    expect(await sent(`http://127.0.0.1:${port}/hook`)).toEqual(refused('loopback'));
    expect(await sent(`http://0:${port}/hook`)).toEqual(refused('unspecified'));
    expect(await sent(`http://[::ffff:7f00:1]:${port}/hook`)).toEqual(refused('loopback'));
    expect(await sent('http://169.254.169.254/latest/meta-data')).toEqual(refused('linkLocal'));
    expect(await sent(`${six.url}/hook`)).toEqual(refused('loopback'));
    for (const [address, range] of [
      ['127.0.0.1', 'loopback'],
      ['169.254.169.254', 'linkLocal'],
      ['10.0.0.8', 'private'],
    ] as const) {
      const answer = await sent(`http://crm.example:${port}/hook`, resolvingTo(address));
      expect(answer).toEqual(refused(range));
    }
    expect([...receiver.received, ...six.received]).toEqual([]);
  });

  it('with private addresses allowed makes it', async () => {
    const receiver = await startReceiver();
    const client = createWebhookClient({ allowPrivate: true, timeoutMs: 2_000 });
    onTestFinished(async () => {
      await client.close();
      await receiver.close();
    });
    expect(await client.send(request(`${receiver.url}/hook`))).toEqual({ kind: 'answered', status: 200 });
    expect(await client.send(request('http://no-such-name.invalid'))).toMatchObject({
      kind: 'failed',
      problem: expect.stringMatching(/could not be looked up/),
    });
  });
});
