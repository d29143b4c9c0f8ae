import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkLinks } from '../../cli/check-links.ts';

const asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(`${request.method} ${request.url}`);
  if (request.url === '/silent') return;
  const status = request.url === '/gone' ? 404 : request.url === '/get' && request.method === 'HEAD' ? 405 : 200;
  response.writeHead(status).end();
});
let base: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

it('asks each page once, and names every place that links to one that is not there', async () => {
  const links = ['/here', '/gone', '/get', '/silent'].map((path) => ({ place: 'a.yaml:3:1', url: `${base}${path}` }));
  const twice = [...links, { place: 'b.yaml:9:2', url: `${base}/gone` }];
  const found = await checkLinks(twice, { allowPrivate: true, timeoutMs: 500 });
  expect(found.sort()).toEqual([
    `a.yaml:3:1: the link to ${base}/gone answers 404`,
    `a.yaml:3:1: the link to ${base}/silent does not answer`,
    `b.yaml:9:2: the link to ${base}/gone answers 404`,
  ]);
  expect(asked.sort()).toEqual(['GET /get', 'HEAD /get', 'HEAD /gone', 'HEAD /here', 'HEAD /silent']);
});

it('asks no machine of the inner network', async () => {
  asked.length = 0;
  expect(await checkLinks([{ place: 'a.yaml:3:1', url: `${base}/here` }])).toEqual([
    `a.yaml:3:1: the link to ${base}/here is at no public address`,
  ]);
  expect(asked).toEqual([]);
});
