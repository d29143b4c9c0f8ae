import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import nodemailer from 'nodemailer';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { behaviourFor } from '../../embedded/mailbox/behaviour.ts';
import { type RunningMailbox, startMailbox } from '../../embedded/mailbox/mailbox.ts';
import type { MailDetails, MailSummary } from '../../embedded/mailbox/read-mail.ts';
import { temporaryHome } from './temporary-home.ts';

interface MailList {
  readonly total: number;
  readonly messages: readonly MailSummary[];
}

let folder: string;
let mailbox: RunningMailbox;

beforeEach(async () => {
  folder = temporaryHome();
  mailbox = await startMailbox({ folder, host: '127.0.0.1', smtpPort: 0, webPort: 0 });
});
afterEach(() => mailbox.stop());

function sender() {
  const transport = nodemailer.createTransport({ host: '127.0.0.1', port: mailbox.smtpPort, ignoreTLS: true });
  onTestFinished(() => transport.close());
  return transport;
}

const birthdayMail = (to: string) => ({
  from: 'Papeterie Lang <hello@papeterie.example>',
  to,
  subject: 'Grüße zum Geburtstag 🎉',
  text: 'Alles Gute, Tanja!',
  html: '<html><head><title>x</title></head><body><a href="https://shop.example/?a=1&amp;b=2">Geschenk</a><script>alert(1)</script></body></html>',
  headers: { 'List-Unsubscribe': '<https://shop.example/u/1>', 'X-Step': 'birthday' },
});

const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${mailbox.webPort}${path}`);
const list = async (query = ''): Promise<MailList> => (await get(`/api/messages${query}`)).json() as Promise<MailList>;

describe('a mail sent by SMTP', () => {
  test('is listed, newest first, and found by its recipient', async () => {
    const { messageId } = await sender().sendMail(birthdayMail('Tanja <Tanja@example.org>'));
    await sender().sendMail({ from: 'a@b.example', to: 'jo@example.org', subject: 'Second', text: 'x' });

    const all = await list();
    expect(all.total).toBe(2);
    expect(all.messages.map(({ subject }) => subject)).toEqual(['Second', 'Grüße zum Geburtstag 🎉']);
    const hers = await list('?to=tanja@EXAMPLE.org');
    expect(hers.messages).toEqual([
      expect.objectContaining({
        from: 'Papeterie Lang <hello@papeterie.example>',
        to: ['Tanja <Tanja@example.org>'],
        messageId,
        preview: 'Alles Gute, Tanja!',
        headers: { 'list-unsubscribe': '<https://shop.example/u/1>' },
      }),
    ]);
    expect(Math.abs(Date.parse(hers.messages[0]?.date ?? '') - Date.now())).toBeLessThan(60_000);
    expect((await list('?to=nobody@example.org')).total).toBe(0);
  });

  test('is shown whole: parts, headers, links, source', async () => {
    await sender().sendMail(birthdayMail('tanja@example.org'));
    const { id } = (await list()).messages[0] ?? { id: '' };
    const mail = (await (await get(`/api/messages/${id}`)).json()) as MailDetails;
    expect(mail.text?.trim()).toBe('Alles Gute, Tanja!');
    expect(mail.html).toContain('Geschenk');
    expect(mail.headers['x-step']).toBe('birthday');
    expect(mail.links).toEqual(['https://shop.example/?a=1&b=2']);
    expect(mail.sender).toBe('hello@papeterie.example');
    expect(mail.source).toMatch(/^Return-Path: <hello@papeterie\.example>\r\nDelivered-To: tanja@example\.org\r\n/);
  });

  test('is still there after a restart', async () => {
    await sender().sendMail(birthdayMail('tanja@example.org'));
    const before = await list();
    await mailbox.stop();
    mailbox = await startMailbox({ folder, host: '127.0.0.1', smtpPort: 0, webPort: 0 });
    expect(await list('?to=tanja@example.org')).toEqual(before);
  });

  test('goes with DELETE', async () => {
    await sender().sendMail(birthdayMail('tanja@example.org'));
    const answer = await fetch(`http://127.0.0.1:${mailbox.webPort}/api/messages`, { method: 'DELETE' });
    expect(answer.status).toBe(204);
    expect((await list()).total).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('can run no script and reach no page when shown', async () => {
    await sender().sendMail(birthdayMail('tanja@example.org'));
    const { id } = (await list()).messages[0] ?? { id: '' };
    const answer = await get(`/api/messages/${id}/html`);
    const policy = answer.headers.get('content-security-policy');
    expect(policy).toMatch(/^sandbox allow-popups/);
    expect(policy).not.toMatch(/allow-scripts|allow-same-origin/);
    expect(policy).toContain("default-src 'none'");
    expect(await answer.text()).toContain('<head><base target="_blank" />');
  });
});

describe('the page', () => {
  test('is served with its style and script', async () => {
    const page = await get('/');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(await page.text()).toContain('No mail yet');
    expect((await get('/page.css')).headers.get('content-type')).toContain('text/css');
    expect((await get('/page.js')).headers.get('content-type')).toContain('javascript');
  });

  test('an unknown mail is a 404', async () => {
    expect((await get('/api/messages/..%2F..%2Fsecrets')).status).toBe(404);
  });

  test('refuses a foreign host name, so that no web site can read it by DNS rebinding', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const asked = request(
        { port: mailbox.webPort, host: '127.0.0.1', path: '/api/messages', headers: { host: 'evil.example' } },
        (response) => resolve(response.resume().statusCode),
      );
      asked.on('error', reject).end();
    });
    expect(status).toBe(403);
  });
});

describe('addresses that behave', () => {
  test('refuse…: 550 5.1.1', async () => {
    await expect(sender().sendMail(birthdayMail('refuse.anna@example.org'))).rejects.toMatchObject({
      responseCode: 550,
      response: expect.stringMatching(/^550 5\.1\.1 /),
    });
    expect((await list()).total).toBe(0);
  });

  test('defer…: 451 4.3.0, each time', async () => {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(sender().sendMail(birthdayMail('defer@example.org'))).rejects.toMatchObject({
        responseCode: 451,
        response: expect.stringMatching(/^451 4\.3\.0 /),
      });
    }
  });

  test('defer-once…: deferred, then taken', async () => {
    await expect(sender().sendMail(birthdayMail('defer-once.b@example.org'))).rejects.toMatchObject({
      responseCode: 451,
    });
    await sender().sendMail(birthdayMail('defer-once.b@example.org'));
    expect((await list()).total).toBe(1);
  });

  test('vanish…: taken, but the sender never learns it', async () => {
    await expect(sender().sendMail(birthdayMail('vanish@example.org'))).rejects.not.toHaveProperty('responseCode');
    expect((await list()).total).toBe(1);
  });

  test('all others are taken, people named Slowik too', () => {
    expect(['tanja@x.example', 'slowik@x.example', 'my.defer@x.example'].map(behaviourFor)).toEqual([
      'take',
      'take',
      'take',
    ]);
    expect(behaviourFor('Slow-Joe@x.example')).toBe('slow');
  });
});
