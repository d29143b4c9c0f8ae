import { describe, expect, it } from 'vitest';
import { splitQuoted } from '../../../mail/inbound/quoted-text.ts';
import { readInbound } from '../../../mail/inbound/read-inbound.ts';
import { unsubscribeAddress, verpAddress } from '../../../mail/inbound/verp.ts';

const secret = 'a-signing-secret-for-tests';
const messageId = '019aa000-0000-7000-8000-000000000001';
const domain = 'bounces.federkiel.example';
const own = verpAddress(secret, messageId, domain);

interface Given {
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly envelopeFrom?: string | null;
  readonly envelopeTo?: readonly string[];
}

const read = ({ headers = [], body = '', envelopeFrom = 'tanja@kunde.example', envelopeTo = [] }: Given) =>
  readInbound({
    raw: Buffer.from(
      [
        'From: Tanja Möller <tanja@kunde.example>',
        'Content-Type: text/plain; charset=utf-8',
        ...headers,
        '',
        body,
      ].join('\r\n'),
    ),
    envelopeFrom,
    envelopeTo,
    secret,
    returnPath: domain,
  });

describe('a person who answers', () => {
  it('is read with what she wrote, when, and to which mail', async () => {
    const mail = await read({
      headers: [
        'Subject: =?utf-8?Q?Re:_Gr=C3=BC=C3=9Fe?=',
        'Date: Mon, 23 Nov 2026 11:30:00 +0100',
        `In-Reply-To: <${messageId}@federkiel.example>`,
        'References: <0102-000000@eu-west-1.amazonses.com>',
      ],
      body: 'Gern!\r\n\r\n> Liebe Tanja',
    });
    expect(mail).toEqual({
      kind: 'reply',
      from: 'tanja@kunde.example',
      subject: 'Re: Grüße',
      text: 'Gern!',
      quoted: '> Liebe Tanja',
      at: Date.UTC(2026, 10, 23, 10, 30),
      messageId,
      verp: false,
      // Providers that replace our Message-ID are found by theirs.
      originalMessageIds: [`${messageId}@federkiel.example`, '0102-000000@eu-west-1.amazonses.com'],
    });
  });

  it('is a person when she writes anew, names no mail, or a date that is none', async () => {
    const mail = await read({ headers: ['Subject: Frage', 'Date: gestern'], body: 'Haben Sie A2?' });
    expect(mail).toMatchObject({ kind: 'reply', messageId: null, verp: false, at: null, text: 'Haben Sie A2?' });
  });

  it('is told from an out-of-office notice by more than its subject', async () => {
    const kind = async (given: Given) => (await read(given)).kind;
    expect(await kind({ headers: ['Subject: Re: Out of office furniture'], body: 'Yes.' })).toBe('reply');
    expect(await kind({ headers: ['Subject: AW: Automatische Antwort: Papier'], body: 'Bin zurück.' })).toBe('reply');
    expect(await kind({ headers: ['Subject: Re: Papier', 'Auto-Submitted: no'], body: 'Ja.' })).toBe('reply');
    expect(await kind({ headers: ['Subject: Re: Papier', 'Auto-Submitted: auto-replied'], body: 'Weg.' })).toBe(
      'auto-reply',
    );
    expect(await kind({ headers: ['Subject: Re: Papier'], body: 'Weg.', envelopeFrom: '' })).toBe('auto-reply');
    expect(await kind({ headers: ['Subject: Re: Papier'], body: 'Weg.', envelopeFrom: '<>' })).toBe('auto-reply');
    expect(await kind({ headers: ['Subject: Please confirm your delivery date'], body: 'When?' })).toBe('reply');
  });

  it('is away, even where our subject and her notice speak of deliveries', async () => {
    const mail = await read({
      headers: ['Subject: Automatic reply: Delivery status of your parcel', 'Auto-Submitted: auto-replied'],
      body: 'Your message has been delayed until I am back: it could not be delivered to me in person.',
      envelopeFrom: '',
    });
    expect(mail.kind).toBe('auto-reply');
  });

  it('asks to be taken off in one word, but not by mentioning it', async () => {
    const kind = async (subject: string, body: string) => (await read({ headers: [`Subject: ${subject}`], body })).kind;
    for (const word of ['unsubscribe', 'Bitte abmelden!', 'STOP', 'Abbestellen', 'désabonner', 'opt-out'])
      expect(await kind('Re: Papier', `${word}\r\n\r\n> Liebe Tanja`), word).toBe('unsubscribe');
    expect(await kind('Re: unsubscribe', '')).toBe('unsubscribe');
    expect(await kind('Re: Papier', 'How do I unsubscribe my colleague? And do you have A2?')).toBe('reply');
    expect(await kind('Re: Papier', 'Stop by on Monday, please.')).toBe('reply');
  });
});

describe('the address that a mail came to', () => {
  it('names the message, from the envelope or from what the mailbox wrote', async () => {
    expect(await read({ envelopeTo: [own], body: 'Ja' })).toMatchObject({ messageId, verp: true });
    for (const name of ['Delivered-To', 'X-Original-To', 'Envelope-To', 'To'])
      expect(await read({ headers: [`${name}: Federkiel <${own}>`], body: 'Ja' })).toMatchObject({
        messageId,
        verp: true,
      });
  });

  it('is found behind a thousand others, where the domain of our return paths is known', async () => {
    const crowd = Array.from({ length: 1_000 }, (_, index) => `p${index}@kunde.example`).join(', ');
    expect(await read({ headers: [`To: ${crowd}, ${own}`], body: 'Ja' })).toMatchObject({ messageId, verp: true });
  });

  it('of List-Unsubscribe unsubscribes, whatever is written, even by a machine; a report on delivery does not', async () => {
    const to = unsubscribeAddress(secret, messageId, domain);
    expect(await read({ envelopeTo: [to] })).toMatchObject({ kind: 'unsubscribe', messageId, verp: true });
    expect(
      await read({ envelopeTo: [to], headers: ['Subject: x', 'Auto-Submitted: auto-generated'], envelopeFrom: '' }),
    ).toMatchObject({ kind: 'unsubscribe', messageId, verp: true });
    expect(
      await read({
        envelopeTo: [to],
        envelopeFrom: '',
        headers: ['Subject: Undelivered Mail Returned to Sender'],
        body: 'Your mail could not be delivered.',
      }),
    ).toMatchObject({ kind: 'bounce' });
    expect(await read({ envelopeTo: [to.replace('u-a', 'u-b')], body: 'Hallo' })).toMatchObject({ kind: 'reply' });
  });
});

describe('a report on delivery', () => {
  const report = (body: string, headers: readonly string[] = []) =>
    read({ headers: ['Subject: failure notice', ...headers], body, envelopeFrom: '', envelopeTo: [own] });

  it('is judged by its own words, not by those of the mail that it returns', async () => {
    const returned =
      'From: Federkiel <hallo@federkiel.example>\r\nSubject: Is your mailbox full? Blocked as spam, user unknown';
    for (const begins of [
      '--- Below this line is a copy of the message.',
      '----- Original message -----',
      'Original message headers:',
    ])
      expect(
        await report(
          `Your mail could not be delivered:\r\n\r\n<tanja@kunde.example>:\r\nno reason given\r\n\r\n${begins}\r\n\r\n${returned}`,
        ),
        begins,
      ).toMatchObject({ kind: 'bounce', recipients: [{ cause: 'transient', why: 'unexplained', permanent: false }] });
  });

  it('tells of each recipient what it says of that one', async () => {
    const mail = await report(
      'Your mail could not be delivered:\r\n\r\n<a@kunde.example>:\r\n550 user unknown\r\n\r\n<b@kunde.example>:\r\n552 mailbox full\r\n',
    );
    expect(mail).toMatchObject({
      recipients: [
        { address: 'a@kunde.example', cause: 'mailbox' },
        { address: 'b@kunde.example', cause: 'full' },
      ],
    });
  });

  it('names our mail in whichever field its server knows', async () => {
    const id = `<${messageId}@federkiel.example>`;
    const status = (field: string) =>
      `--d\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n${field}\r\n\r\nFinal-Recipient: rfc822; tanja@kunde.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--d--`;
    for (const [field, header] of [
      [`X-Original-Message-ID: ${id}`, 'X-A: b'],
      ['X-A: b', `In-Reply-To: ${id}`],
      ['X-A: b', `References: <other@federkiel.example>\r\n ${id}`],
    ]) {
      const raw = `From: postmaster@kunde.example\r\nMIME-Version: 1.0\r\n${header}\r\nContent-Type: multipart/report; boundary=d\r\n\r\n${status(field ?? '')}`;
      const mail = await readInbound({
        raw: Buffer.from(raw),
        envelopeFrom: '',
        envelopeTo: [],
        secret,
        returnPath: domain,
      });
      expect(mail).toMatchObject({ kind: 'bounce', messageId, verp: false, recipients: [{ cause: 'mailbox' }] });
    }
  });
});

describe('what a reply quotes', () => {
  const quote = 'Liebe Tanja,\nnur eine Zeile.';
  it.each([
    ['On Mon, Nov 23, 2026 at 9:00 AM Federkiel <hallo@federkiel.example> wrote:'],
    ['On Mon, Nov 23, 2026 at 9:00 AM Federkiel, the shop for paints and papers\n<hallo@federkiel.example> wrote:'],
    ['Am 23.11.26 um 09:00 schrieb Federkiel:'],
    ['Federkiel <hallo@federkiel.example> schrieb am Mo., 23. Nov. 2026, 09:00:'],
    ['Le lun. 23 nov. 2026 à 09:00, Federkiel <hallo@federkiel.example> a écrit :'],
    ['El lun, 23 nov 2026 a las 9:00, Federkiel escribió:'],
    ['Il giorno lun 23 nov 2026 alle ore 09:00 Federkiel ha scritto:'],
    ['-----Ursprüngliche Nachricht-----'],
    ['-----Original Message-----'],
    ['________________________________'],
    ['Von: Federkiel <hallo@federkiel.example>\nGesendet: Montag, 23. November 2026 09:00\nAn: tanja@kunde.example'],
    ['From: Federkiel\nSent: Monday'],
    ['>'],
  ])('begins with %s', (begins) => {
    const { text, quoted } = splitQuoted(`Ja, gern.\n\nTanja\n\n${begins}\n${quote}`);
    expect(text).toBe('Ja, gern.\n\nTanja');
    expect(quoted).toContain('nur eine Zeile.');
  });

  it('is nothing where nothing looks like it', () => {
    const text = 'Von: hier aus gesehen ja.\nWir haben am Montag geschrieben.\n-- \nTanja';
    expect(splitQuoted(text)).toEqual({ text, quoted: '' });
  });

  it('is left out of an answer between its lines', () => {
    expect(splitQuoted('Am Montag schrieb Federkiel:\n> A2?\nJa.\n> Weiß?\nNein, creme.').text).toBe(
      'Ja.\nNein, creme.',
    );
  });
});
