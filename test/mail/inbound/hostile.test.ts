import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INBOUND_LIMITS, type ParsedMail, parseInbound } from '../../../mail/inbound/parse-inbound.ts';
import { type InboundMail, readInbound } from '../../../mail/inbound/read-inbound.ts';
import { verpAddress } from '../../../mail/inbound/verp.ts';
import { SCALE } from '../../support/property.ts';

const secret = 'a-signing-secret-for-tests';
const messageId = '019aa000-0000-7000-8000-000000000001';
const own = verpAddress(secret, messageId, 'bounces.federkiel.example');

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const read = (raw: Uint8Array | string, envelopeTo: readonly string[] = []): Promise<InboundMail> =>
  readInbound({
    raw: typeof raw === 'string' ? bytes(raw) : raw,
    envelopeFrom: '',
    envelopeTo,
    secret,
    returnPath: null,
  });

const PERSON =
  'From: Tanja <tanja@kunde.example>\r\nSubject: Re: hello\r\nReturn-Path: <tanja@kunde.example>\r\nMIME-Version: 1.0\r\n';
const DAEMON =
  'From: MAILER-DAEMON@kunde.example\r\nSubject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n';

/** What was read of a mail that can be read, within the limits that bound the work. */
async function parsed(raw: string | Uint8Array): Promise<ParsedMail> {
  const mail = await parseInbound(typeof raw === 'string' ? bytes(raw) : raw);
  if (mail.kind === 'unreadable') throw new Error(`unreadable: ${mail.reason}`);
  expect(mail.looked.bytes).toBeLessThanOrEqual(INBOUND_LIMITS.bytes);
  expect(mail.looked.lines).toBeLessThanOrEqual(INBOUND_LIMITS.lines);
  expect(mail.text.length).toBeLessThanOrEqual(INBOUND_LIMITS.text);
  return mail;
}

describe('hostile mail', () => {
  it('of 30 MB in lines of one letter is read for its first lines only', async () => {
    const mail = await parsed(`${PERSON}\r\n${'a\r\n'.repeat(10_000_000)}`);
    expect(mail.cut).toBe(true);
    expect(mail.looked.lines).toBe(INBOUND_LIMITS.lines);
    expect(mail.from).toBe('tanja@kunde.example');
  });

  it('of 30 MB in one line is read for its first bytes only', async () => {
    const mail = await parsed(`${PERSON}\r\n${'a'.repeat(30_000_000)}`);
    expect(mail).toMatchObject({ cut: true, looked: { bytes: INBOUND_LIMITS.bytes } });
    expect(mail.text).toHaveLength(INBOUND_LIMITS.text);
  });

  it('with 30 MB of attachments after the text is still an answer', async () => {
    const answer = `${PERSON}Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nSee the photos.\r\n--m\r\nContent-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n\r\n`;
    const raw = bytes(`${answer}${`${'QUFB'.repeat(19)}\r\n`.repeat(390_000)}--m--\r\n`);
    const mail = await readInbound({
      raw,
      envelopeFrom: 'tanja@kunde.example',
      envelopeTo: [own],
      secret,
      returnPath: null,
    });
    expect(mail).toMatchObject({ kind: 'reply', text: 'See the photos.', messageId, verp: true });
  });

  it('of 2,000 multiparts in one another is unreadable', async () => {
    let raw = `${DAEMON}Content-Type: multipart/mixed; boundary=b0\r\n\r\n`;
    for (let depth = 0; depth < 2_000; depth += 1)
      raw += `--b${depth}\r\nContent-Type: multipart/mixed; boundary=b${depth + 1}\r\n\r\n`;
    expect(await read(raw)).toEqual({ kind: 'unreadable', reason: 'nested-too-deep' });
  });

  it('of 500 mails in one another is opened once', async () => {
    const inner = 'Content-Type: message/rfc822\r\nMessage-ID: <inner@kunde.example>\r\n\r\n';
    const mail = await parsed(`${DAEMON}Content-Type: message/rfc822\r\n\r\n${inner.repeat(500)}`);
    expect(mail.parts.map(({ type }) => type)).toEqual(['message/rfc822']);
    let raw = DAEMON;
    for (let depth = 0; depth < 500; depth += 1)
      raw += `Content-Type: multipart/mixed; boundary=q${depth}\r\n\r\n--q${depth}\r\nContent-Type: message/rfc822\r\n\r\n`;
    expect((await parsed(raw)).parts).toHaveLength(1);
  });

  it('with a header of 10 MB, in one field, in folds or in many fields, is unreadable or has a bounded one', async () => {
    expect(await read(`Subject: ${'a'.repeat(10_000_000)}\r\n\r\nx`)).toEqual({
      kind: 'unreadable',
      reason: 'header-too-large',
    });
    expect(await read(`${'X-A: bbbbbbbbbbbbb\r\n'.repeat(15_000)}${PERSON}\r\nx`)).toEqual({
      kind: 'unreadable',
      reason: 'header-too-large',
    });
    const folds = await parsed(`Subject: a\r\n${' a\r\n'.repeat(3_000_000)}\r\nx`);
    expect(folds.subject.length).toBeLessThanOrEqual(1_000);
    const fields = await parsed(`${'X-A: b\r\n'.repeat(8_000)}${PERSON}\r\nx`);
    expect(fields.headers.size).toBeLessThanOrEqual(1_000);
  });

  it('of 60,000 parts is unreadable, and 1,990 are read', async () => {
    const head = `${PERSON}Content-Type: multipart/mixed; boundary=p\r\n\r\n`;
    expect(await read(`${head}${'--p\r\n\r\nx\r\n'.repeat(60_000)}`)).toEqual({
      kind: 'unreadable',
      reason: 'too-many-parts',
    });
    const mail = await parsed(
      `${head}${'--p\r\nContent-Type: text/html\r\n\r\n<b>x\r\n'.repeat(1_990)}--p\r\n\r\nplain\r\n`,
    );
    expect(mail.text.trim()).toBe('plain');
  });

  it('whose boundary never comes, is empty, or begins another, is read as far as it goes', async () => {
    const never = `${DAEMON}Content-Type: multipart/report; boundary=never\r\n\r\nYour mail could not be delivered\r\n<tanja@kunde.example>: user unknown\r\n`;
    expect(await read(never)).toMatchObject({ kind: 'bounce', recipients: [{ why: 'no-such-mailbox' }] });
    await parsed(`${PERSON}Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n\r\nhello`);
    const prefix = `${PERSON}Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=ab\r\n\r\n--ab\r\n\r\ninner\r\n--ab--\r\n--a--\r\n`;
    expect((await parsed(prefix)).text.trim()).toBe('inner');
    const unclosed = `${PERSON}Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nhello`;
    expect((await parsed(unclosed)).text.trim()).toBe('hello');
  });

  it('in a charset that nobody knows, in one that it lies about, and with NUL bytes, gives text that can be stored', async () => {
    for (const charset of ['x-klingon', 'utf-8', 'utf-16', 'iso-2022-jp', 'replacement', '\u0000']) {
      const mail = await parsed(
        `${PERSON}Content-Type: text/plain; charset=${charset}\r\n\r\n\xff\xfe\x00Qapla\x00\x1b$B!\xd8\x00\r\n`,
      );
      // PostgreSQL refuses NUL in text, and lone surrogates in JSON.
      expect(mail.text).not.toMatch(/\0/);
      expect(mail.text).toBe(Buffer.from(mail.text, 'utf8').toString('utf8'));
    }
    const nul = await read(
      `From: Ta\0nja <ta\0nja@kunde.example>\r\nSubject: a\0b\r\n\r\n${'\0'.repeat(500_000)}x`,
      [],
    );
    expect(JSON.stringify(nul)).not.toContain('\\u0000');
  });

  it('that unpacks is no larger than it came: base64 and quoted-printable shrink', async () => {
    for (const encoding of ['base64', 'quoted-printable']) {
      for (const content of ['QUFB', '=', '=41', '====\r\n', '=41=42\r\n', 'a=\r\n']) {
        const raw = `${PERSON}Content-Transfer-Encoding: ${encoding}\r\n\r\n${content.repeat(Math.floor(3_000_000 / content.length))}`;
        const { looked } = await parsed(raw);
        if (content === '=41') expect(looked.bytes).toBeLessThanOrEqual(3 * INBOUND_LIMITS.equals + raw.indexOf('=41'));
      }
    }
  });

  it('of a million unclosed tags, links and entities is read in linear time, alone and beside a plain part', async () => {
    for (const unclosed of ['<', '<a ', '<a href="', '<!--', '&', '<div>', '</', '<table><tr><td>', '\r', '<script>']) {
      const html = Buffer.from(unclosed.repeat(Math.floor(700_000 / unclosed.length))).toString('base64');
      const part = `Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${html.replaceAll(/.{76}/g, '$&\r\n')}`;
      await parsed(`${PERSON}${part}`);
      const beside = `${PERSON}Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nhello\r\n--m\r\n${part}\r\n--m--`;
      expect((await parsed(beside)).text.trim()).toBe('hello');
    }
  });

  it('made of what the patterns look for, over and over, is read in linear time, from a daemon and from a person', async () => {
    const pieces = [
      ' ',
      '\t',
      '> ',
      '>\n',
      'On a ',
      'On a\n',
      'a:',
      '-',
      '_',
      '@',
      '<a@b.example>:\n',
      'From: x\n',
      '550 ',
      'user ',
    ];
    pieces.push(
      'recipient unknown ',
      'exceed ',
      'Received: from \n',
      'over a a ',
      'domain ',
      '5.1.1.',
      'said: ',
      'a@',
      'http://a',
    );
    pieces.push(
      'wrote ',
      'Am a schrieb ',
      'unsubscribe ',
      '--\n',
      'Final-Recipient: rfc822; a@b\n\n',
      'i am using ',
      '=?utf-8?q?a?= ',
    );
    for (const piece of pieces) {
      const text = piece.repeat(Math.floor(500_000 / piece.length));
      for (const head of [DAEMON, PERSON]) {
        const raw = bytes(`${head}Content-Type: text/plain\r\n\r\n${text}`);
        const mail = await readInbound({
          raw,
          envelopeFrom: 'x@kunde.example',
          envelopeTo: [],
          secret,
          returnPath: null,
        });
        expect(['bounce', 'reply', 'unreadable', 'unsubscribe', 'auto-reply']).toContain(mail.kind);
      }
      const header = text.replaceAll('\n', ' ').slice(0, 100_000);
      for (const name of ['To', 'From', 'Subject', 'Content-Type', 'X-Failed-Recipients'])
        await read(`${name}: ${header}\r\n\r\nx`);
    }
  });

  it('that claims 100,000 recipients is believed for twenty', async () => {
    const recipients = Array.from(
      { length: 100_000 },
      (_, index) => `Final-Recipient: rfc822; p${index}@kunde.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n`,
    );
    const mail = await read(
      `${DAEMON}Content-Type: multipart/report; report-type=delivery-status; boundary=d\r\n\r\n--d\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n${recipients.join('')}--d--`,
      [own],
    );
    expect(mail).toMatchObject({ kind: 'bounce', messageId, verp: true });
    expect(mail.kind === 'bounce' && mail.recipients).toHaveLength(20);
    const prose = await read(
      `${DAEMON}\r\nUndeliverable:\r\n${Array.from({ length: 100_000 }, (_, index) => `<p${index}@kunde.example>: unknown\r\n`).join('')}`,
    );
    expect(prose.kind === 'bounce' && prose.recipients).toHaveLength(20);
  });

  it('with a forged return path names no message, in the envelope or in what it returns', async () => {
    const forged = own.replace('b-agn', 'b-bgn');
    const raw = `${DAEMON}To: ${forged}\r\nContent-Type: multipart/report; boundary=d\r\n\r\n--d\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; tanja@kunde.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--d\r\nContent-Type: message/rfc822\r\n\r\nReturn-Path: <${forged}>\r\nSubject: x\r\n\r\n--d--`;
    expect(await read(raw, [forged])).toMatchObject({ kind: 'bounce', messageId: null, verp: false });
    expect(await read(raw.replaceAll(forged, own), [forged])).toMatchObject({ messageId, verp: true });
  });

  it('of no bytes, no header or no body is what it is', async () => {
    expect(await read('')).toEqual({ kind: 'unreadable', reason: 'empty' });
    for (const raw of ['\r\n', '\n', '\0', ':', 'x', '\r\n\r\n\r\n', 'From:\r\n', ' folded\r\n\r\n']) await read(raw);
  });
});

describe('whatever comes back', () => {
  const folder = path.join(import.meta.dirname, 'corpus');
  const corpus = readdirSync(folder).map((name) => readFileSync(path.join(folder, name)));

  /** Strings fit for the database, whatever was read. */
  const expectStorable = (mail: InboundMail) => {
    const text = JSON.stringify(mail);
    expect(text).not.toContain('\\u0000');
    expect(text).not.toMatch(/\\ud[89ab]/);
  };

  it('never makes reading throw: random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3_000 }), async (raw) => expectStorable(await read(raw))),
      { numRuns: 300 * SCALE },
    );
  });

  it('never makes reading throw: shuffled headers and parts', async () => {
    const line = fc.constantFrom(
      ...['From: a@b.example', 'Content-Type: multipart/report; boundary=x', '--x', '--x--', '', '', 'Status: 5.1.1'],
      ...['Content-Type: message/delivery-status', 'Content-Type: message/feedback-report', 'Feedback-Type: abuse'],
      ...[
        'Final-Recipient: rfc822; a@b',
        'Action: delayed',
        'Content-Transfer-Encoding: base64',
        `To: ${own}`,
        ' folded',
      ],
      ...[
        'Content-Type: text/html; charset="',
        'Auto-Submitted: auto-replied',
        '> quoted',
        'On Monday, a wrote:',
        '=?x?b?=?=',
      ],
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 60 }), async (lines) =>
        expectStorable(await read(lines.join('\r\n'))),
      ),
      { numRuns: 500 * SCALE },
    );
  });

  it('never makes reading throw: the corpus, cut, doubled and with other bytes', async () => {
    const change = fc.record({
      file: fc.nat(corpus.length - 1),
      cut: fc.nat(6_000),
      bytes: fc.array(fc.tuple(fc.nat(8_000), fc.nat(255)), { maxLength: 40 }),
      repeat: fc.option(fc.tuple(fc.nat(4_000), fc.nat(4_000))),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ file, cut, bytes: changes, repeat }) => {
        const raw = Buffer.from(corpus[file] ?? []);
        for (const [at, byte] of changes) if (at < raw.length) raw[at] = byte;
        const [from, to] = repeat ?? [0, 0];
        const middle = raw.subarray(Math.min(from, to), Math.max(from, to));
        const mail = await read(Buffer.concat([raw.subarray(0, cut), middle, raw.subarray(cut)]), [own]);
        expectStorable(mail);
        // Whatever else is broken, the address that it came to names the message.
        if ('messageId' in mail) expect(mail.messageId).toBe(messageId);
        expectStorable(await read(raw.subarray(0, cut)));
      }),
      { numRuns: 500 * SCALE },
    );
  });
});
