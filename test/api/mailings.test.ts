import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { packageRoot } from '../../config/package-root.ts';
import { createMailTransport, type MailTransport } from '../../mail/transport.ts';
import { systemClock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { at, sql } from '../../store/sql.ts';
import { addLead, foundCompany } from '../support/company.ts';
import { eventually, startEngine, type TestEngine } from '../support/engine.ts';
import { type RunningApi, SIGNING_SECRET, startApi } from './running-api.ts';

/** The whole of it: API, worker, Temporal and a mailbox, by the clock of this world. */
let engine: TestEngine;
let database: Database;
let transport: MailTransport;
let api: RunningApi;
const model = {
  key: 'shop',
  name: 'Shop',
  timeZone: 'UTC',
  threshold: 100,
  rules: [{ id: 'demo', on: { event: 'Demo' }, points: 30 }],
};
const news = { name: 'News', purpose: 'newsletter', template: 'news' };

beforeAll(async () => {
  engine = await startEngine();
  ({ database } = engine);
  transport = createMailTransport({ smtpUrl: engine.mailbox.url, connections: 1 });
  await foundCompany(database, { now: systemClock.now(), model, sequences: [], templates: ['news'], once: ['news'] });
  const compose = {
    publicUrl: 'http://127.0.0.1:8080',
    signingSecret: SIGNING_SECRET,
    from: 'Shop <shop@shop.example>',
  };
  api = await startApi(database, systemClock, 1, [], { transport, compose });
});
afterAll(async () => {
  expect(api.failures).toEqual([]);
  await api.stop();
  transport.close();
  await engine.stop();
});

/** Quoted-printable, undone. */
const plain = (source: string) =>
  source
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
const linksIn = (source: string, kind: string) =>
  [...plain(source).matchAll(new RegExp(`http://127\\.0\\.0\\.1:8080(/${kind}/[\\w-]+)`, 'g'))].map(
    ([, link]) => link ?? '',
  );
const mailsTo = (address: string) => engine.mailbox.mails.filter(({ to }) => to === address);

describe('a mailing', () => {
  it('is stored, looked at, scheduled, sent and reported', async () => {
    const now = systemClock.now();
    const readers = await Promise.all([0, 1, 2].map(() => addLead(database, { now })));
    await addLead(database, { now, purpose: null });
    expect(await api.api('PUT', 'mailings/june', news)).toMatchObject({ status: 201, body: { version: 1 } });
    expect(await api.api('GET', 'mailings/june')).toMatchObject({
      status: 200,
      body: { state: 'draft', run: null, liveVersion: null },
    });
    const preview = await api.api('POST', 'mailings/june/preview', {});
    expect(preview).toMatchObject({
      status: 200,
      body: { audience: 4, onTime: 3, never: { 'no-consent': 1 }, estimated: false },
    });

    expect(await api.api('POST', 'mailings/june/schedule')).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'at' }] },
    });
    expect(await api.api('POST', 'mailings/june/schedule', { at: '2001-01-01T10:00Z' })).toMatchObject({ status: 400 });
    expect(await api.api('POST', 'mailings/june/schedule', { at: 'now' })).toMatchObject({
      status: 200,
      body: { state: expect.stringMatching(/scheduled|sending/) },
    });
    const done = await eventually('the mailing', async () => {
      const { body } = await api.api('GET', 'mailings/june');
      return body.state === 'done' && body;
    });
    expect(done.run).toMatchObject({
      audience: 4,
      enrolled: 3,
      sent: 3,
      skipped: { 'no-consent': 1 },
      beginsAt: expect.stringMatching(/Z$/),
    });
    for (const { email } of readers) expect(mailsTo(email)).toMatchObject([{ subject: 'About news' }]);
    expect((await api.api('GET', 'mailing-runs')).body.mailings).toMatchObject([
      { key: 'june', state: 'done', enrolled: 3 },
    ]);

    // One opens it twice and clicks, one unsubscribes, one was given to sales; an older mail's handoff is not its.
    const [reader, leaver, buyer] = readers as [(typeof readers)[0], (typeof readers)[0], (typeof readers)[0]];
    await react(reader.id, 'Email Opened', 'a');
    await react(reader.id, 'Email Opened', 'b');
    await react(reader.id, 'Email Link Clicked', 'c');
    await react(leaver.id, 'Unsubscribed', 'd');
    await database.query(sql`
      INSERT INTO handoff (id, lead_id, state, outcome, trigger, offered_at, closed_at, planned_rev)
      VALUES (${newId()}::uuid, ${buyer.id}::uuid, 'closed', 'won', '{}', ${at(systemClock.now())}, ${at(systemClock.now())}, 1),
             (${newId()}::uuid, ${reader.id}::uuid, 'closed', 'won', '{}', ${at(now - 1_000)}, ${at(now - 500)}, 1)`);
    const report = await api.api('GET', 'mailings/june/report');
    expect(report).toMatchObject({
      status: 200,
      body: {
        sent: 3,
        opened: 1,
        clicked: 1,
        unsubscribed: 1,
        handoffs: 1,
        note: expect.stringContaining('unreliable'),
      },
    });
    await database.query(sql`UPDATE lead SET test = true WHERE id = ${reader.id}::uuid`);
    expect((await api.api('GET', 'mailings/june/report')).body).toMatchObject({ sent: 2, opened: 0, clicked: 0 });

    for (const verb of ['pause', 'resume', 'cancel'])
      expect(await api.api('POST', `mailings/june/${verb}`)).toMatchObject({ status: 409 });
    expect(await api.api('POST', 'mailings/june/schedule', { at: 'now' })).toMatchObject({ status: 409 });
    expect(await api.api('POST', 'mailings/none/schedule', { at: 'now' })).toMatchObject({ status: 404 });
    expect(await api.api('GET', 'mailings/none/report')).toMatchObject({ status: 404 });
  });

  /** What a reader did, as the tracking routes record it. */
  async function react(leadId: string, name: string, id: string): Promise<void> {
    await database.query(sql`
      INSERT INTO interaction (source, message_id, identity_id, lead_id, kind, name, properties, occurred_at, received_at)
      SELECT 'tend', ${id}, identity.id, ${leadId}::uuid, 'tend', ${name}, jsonb_build_object('message', message.id::text), ${at(systemClock.now())}, ${at(systemClock.now())}
      FROM message JOIN identity ON identity.lead_id = message.lead_id WHERE message.lead_id = ${leadId}::uuid`);
  }

  it('is tried on colleagues: a real mail whose links work and record nothing', async () => {
    const now = systemClock.now();
    const lead = await addLead(database, { now, email: 'reader@people.example' });
    await api.api('PUT', 'mailings/tried', news);
    const sent = await api.api('POST', 'mailings/tried/test', {
      to: ['tina@shop.example', 'press@agency.example'],
      leadId: lead.id,
    });
    expect(sent).toMatchObject({
      status: 200,
      body: { mails: [{ to: 'tina@shop.example', state: 'accepted', reason: null }, { state: 'accepted' }] },
    });
    const [mail] = mailsTo('tina@shop.example');
    expect(mail?.subject).toBe('[Test] About news');
    expect(mailsTo('reader@people.example')).toEqual([]);
    const before = await counts();
    const [click] = linksIn(mail?.source ?? '', 't/c');
    const followed = await fetch(`${api.url}${click}`, { redirect: 'manual' });
    expect([followed.status, followed.headers.get('location')]).toEqual([302, 'https://shop.example/offer']);
    const [pixel] = linksIn(mail?.source ?? '', 't/o');
    expect((await fetch(`${api.url}${pixel}`)).status).toBe(200);
    const [unsubscribe] = linksIn(mail?.source ?? '', 'u');
    const left = await fetch(`${api.url}${unsubscribe}`, {
      method: 'POST',
      body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
    });
    expect(left.status).toBe(200);
    expect(await counts()).toEqual(before);
    expect((await api.api('GET', 'mailings/tried')).body).toMatchObject({ state: 'draft', run: null });
  });

  async function counts() {
    const [row] = await database.query(sql`
      SELECT (SELECT count(*) FROM interaction) AS interactions, (SELECT count(*) FROM consent) AS consents, (SELECT count(*) FROM message) AS messages`);
    return row;
  }

  it('is explained beside the sequences of a lead for whom it waits, and cancelled for that one too', async () => {
    const lead = await addLead(database, { now: systemClock.now(), purpose: 'invitations' });
    await database.query(sql`
      INSERT INTO handoff (id, lead_id, state, trigger, offered_at, planned_rev)
      VALUES (${newId()}::uuid, ${lead.id}::uuid, 'offered', '{}', ${at(systemClock.now())}, 1)`);
    await api.api('PUT', 'mailings/invitation', { ...news, purpose: 'invitations' });
    await api.api('POST', 'mailings/invitation/schedule', { at: 'now' });
    const delayed = await eventually('the delay', async () => {
      const { body } = await api.api('GET', 'mailings/invitation');
      return body.run.delayed['sales-has-the-lead'] === 1 && body;
    });
    expect(delayed).toMatchObject({ state: 'sending', run: { enrolled: 1, sent: 0 } });
    const why = await api.api('GET', `leads/${lead.id}/why`);
    expect(why.status).toBe(200);
    expect(why.body.enrolments).toMatchObject([{ sequence: 'mailing.invitation', step: { id: 'mail', kind: 'send' } }]);
    expect(JSON.stringify(why.body)).toContain('In the mailing \\"invitation\\"');
    expect(await api.api('POST', 'mailings/invitation/cancel')).toMatchObject({ body: { state: 'cancelled' } });
    const ended = await eventually('the end', async () => {
      const { body } = await api.api('GET', 'mailings/invitation');
      return body.run.finishedAt !== null && body;
    });
    expect(ended.run).toMatchObject({ delayed: {}, dropped: { 'mailing-cancelled': 1 } });
  });

  it('is tried on nobody else', async () => {
    await addLead(database, { now: systemClock.now(), email: 'stranger@people.example' });
    await database.query(sql`
      INSERT INTO suppression (channel, address_hash, reason, at, actor) VALUES ('email', ${database.keyedHash('gone@shop.example')}, 'erased', ${at(systemClock.now())}, 'test')`);
    const { status, body } = await api.api('POST', 'mailings/tried/test', {
      to: ['stranger@people.example', 'gone@shop.example', 'nobody', 'tina@shop.example'],
    });
    expect([status, body.errors.map((problem: { path: string }) => problem.path)]).toEqual([
      400,
      ['to.0', 'to.1', 'to.2'],
    ]);
    expect(mailsTo('stranger@people.example')).toEqual([]);
    expect((await api.api('POST', 'mailings/tried/test', { to: [] })).status).toBe(400);
  });

  it('is refused with every field named', async () => {
    const { status, body } = await api.api('PUT', 'mailings/bad', {
      name: '',
      template: 'News',
      stages: [],
      at: 'tomorrow',
      priority: 101,
      audience: { all: [] },
      when: 1,
    });
    expect([status, body.code]).toEqual([422, 'definition-invalid']);
    expect(body.errors.map((problem: { path: string }) => problem.path).sort()).toEqual(
      ['at', 'audience.all', 'name', 'priority', 'purpose', 'stages', 'template', 'when'].sort(),
    );
  });

  it('as it is shipped waits to be scheduled, and is pushed with its template', async () => {
    const shipped = (file: string) =>
      parse(readFileSync(path.join(packageRoot, file), 'utf8')) as Record<string, unknown>;
    for (const [address, file] of [
      ['senders/federkiel', 'templates/stationery/sender.yaml'],
      ['partials/federkiel-look', 'templates/stationery/look.yaml'],
      ['partials/federkiel-imprint', 'templates/stationery/imprint.yaml'],
      ['layouts/federkiel', 'templates/stationery/layout.yaml'],
      ['templates/next-newsletter', 'templates/stationery/next-newsletter.yaml'],
      ['mailings/next-newsletter', 'sequences/stationery/mailing-next-newsletter.yaml'],
    ] as const) {
      const { kind: _kind, ...content } = shipped(file);
      expect((await api.api('PUT', address, content)).status).toBe(201);
      expect(await api.api('POST', `${address}/publish`)).toMatchObject({ status: 200, body: { published: true } });
    }
    expect((await api.api('GET', 'mailings/next-newsletter')).body).toMatchObject({ state: 'draft', liveVersion: 1 });
    for (const [locale, subject] of [
      ['de', 'Ein Brief dauert so lange wie eine Kanne Tee'],
      ['en', 'A letter takes as long as a pot of tea'],
    ] as const) {
      const { body } = await api.api('POST', 'mailings/next-newsletter/test', {
        to: ['tina@federkiel.example'],
        locale,
      });
      expect(body.mails).toMatchObject([{ state: 'accepted', subject: `[Test] ${subject}` }]);
    }
    const [scheduled] = [
      await api.api('POST', 'mailings/next-newsletter/schedule', { at: { date: '2099-12-01', time: '10:00' } }),
    ];
    expect(scheduled.body).toMatchObject({
      state: 'scheduled',
      run: { time: { date: '2099-12-01', time: '10:00' }, beginsAt: '2099-11-30T20:00:00.000Z' },
    });
    expect((await api.api('POST', 'mailings/next-newsletter/pause')).body).toMatchObject({ state: 'paused' });
    expect((await api.api('POST', 'mailings/next-newsletter/resume')).body).toMatchObject({ state: 'scheduled' });
    expect((await api.api('POST', 'mailings/next-newsletter/cancel')).body).toMatchObject({
      state: 'cancelled',
      run: { finishedAt: expect.any(String) },
    });
  });
});
