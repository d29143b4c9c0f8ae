import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { senderFrom } from '../../domain/sender/sender.ts';
import type { OutgoingMail } from '../../mail/compose.ts';
import { createDkimKey, type DkimRecord, dkimKeyFile, dkimKeysIn } from '../../mail/dkim.ts';
import { fromSender } from '../../mail/from-sender.ts';
import { createMailTransport, type MailTransport } from '../../mail/transport.ts';
import { startMailbox, type TestMailbox } from '../support/mailbox.ts';

const ID = '019aa000-0000-7000-8000-000000000001';
const SECRET = 'a secret of tests only';
const identity = { domain: 'federkiel.example', selector: 's2026' };

const composed: OutgoingMail = {
  envelope: { from: 'hallo@federkiel.example', to: 'tanja@example.org' },
  from: 'Federkiel <hallo@federkiel.example>',
  to: 'tanja@example.org',
  subject: 'Grüße aus der Papeterie – mit einem Betreff, der länger als eine Zeile ist und gefaltet wird',
  html: `<p>Hallo Tanja</p>\r\n\r\n<p>${'Ölfarben '.repeat(200)}</p>`,
  text: 'Hallo Tanja\n\nFrom hier an\n. ein Punkt\n',
  messageId: `<${ID}@federkiel.example>`,
  headers: {
    'List-Unsubscribe': `<https://tend.federkiel.example/u/${'A'.repeat(120)}>`,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  },
};

const sender = {
  ...senderFrom('Federkiel <hallo@federkiel.example>'),
  replyTo: 'Petra <petra@federkiel.example>',
  returnPath: 'bounce+*@bounces.federkiel.example',
  dkim: identity,
};
const signed = fromSender(composed, sender, {
  messageId: ID,
  signingSecret: SECRET,
  origin: { purpose: 'newsletter', template: 'welcome' },
});

let folder: string;
let record: DkimRecord;
let mailbox: TestMailbox;
let transport: MailTransport;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tend-dkim-'));
  ({ record } = await createDkimKey(folder, identity));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  mailbox = await startMailbox();
  transport = createMailTransport({ smtpUrl: mailbox.url, connections: 1, dkimKeys: dkimKeysIn(folder) });
});
afterEach(async () => {
  transport.close();
  await mailbox.close();
});

/** As a receiver checks it, with the record that `tend dkim create` prints in its DNS. */
async function verify(source: string) {
  const { results } = await dkimVerify(source, {
    resolver: async (name: string, kind: string) => {
      if (name === record.name && kind === 'TXT') return [[record.value]];
      throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    },
  });
  // What mailauth tells besides what its types know.
  const signatures = results as unknown as readonly ((typeof results)[number] & {
    signingHeaders: { keys: string };
    algo: string;
  })[];
  return signatures.map(({ status, signingDomain, selector, signingHeaders, algo }) => ({
    result: status.result,
    aligned: status.aligned,
    signingDomain,
    selector,
    headers: signingHeaders.keys.split(/\s*[:,]\s*/).map((key) => key.toLowerCase()),
    algo,
  }));
}

describe('a signed mail', () => {
  it('is verified by who receives it, in the name of the sender', async () => {
    expect(await transport.send(signed)).toMatchObject({ kind: 'accepted' });
    const [received] = mailbox.mails;
    const [signature, ...more] = await verify(received?.source ?? '');
    expect(more).toEqual([]);
    expect(signature).toMatchObject({
      result: 'pass',
      aligned: 'federkiel.example',
      signingDomain: 'federkiel.example',
      selector: 's2026',
      algo: 'rsa-sha256',
    });
  });

  it('covers both headers of one-click unsubscription (RFC 8058 §4), and whatever a forger would change', async () => {
    await transport.send(signed);
    const source = mailbox.mails[0]?.source ?? '';
    const [signature] = await verify(source);
    expect(signature?.headers).toEqual(
      expect.arrayContaining([
        'from',
        'reply-to',
        'to',
        'subject',
        'date',
        'message-id',
        'list-unsubscribe',
        'list-unsubscribe-post',
        'feedback-id',
      ]),
    );
    for (const forged of [
      source.replace('One-Click', 'Two-Click'),
      source.replace('https://tend.federkiel.example/u/', 'https://tend.mallory.example/u/'),
      source.replace('petra@federkiel', 'petra@mallory'),
      source.replace('Hallo Tanja', 'Hallo Mallory'),
    ]) {
      expect(forged).not.toBe(source);
      expect((await verify(forged))[0]?.result).not.toBe('pass');
    }
  });

  it('comes back to an address that names it, and is answered to whom the sender says', async () => {
    await transport.send(signed);
    const { envelope, source } = { envelope: signed.envelope, source: mailbox.mails[0]?.source ?? '' };
    expect(envelope.from).toMatch(/^bounce\+b-[a-z2-7]{39}@bounces\.federkiel\.example$/);
    const unfolded = source.replace(/\r?\n[ \t]+/g, ' ');
    expect(unfolded).toMatch(/^Reply-To: Petra <petra@federkiel.example>\r?$/m);
    expect(unfolded).toMatch(/^Feedback-ID: welcome:newsletter:tend:default\r?$/m);
    expect(unfolded).toMatch(
      /^List-Unsubscribe: <https:\/\/[^>]+>, <mailto:bounce\+u-[a-z2-7]{39}@bounces\.federkiel\.example\?subject=unsubscribe>\r?$/m,
    );
    expect(unfolded).not.toMatch(/^Return-Path:/m);
  });
});

describe('a mail whose key is not there', () => {
  const as = (domain: string) => ({ ...signed, dispatch: { dkim: { domain, selector: 's1' } } });

  it('is not sent unsigned: it waits until the key is there', async () => {
    const waiting = as('later.example');
    expect(await transport.send(waiting)).toMatchObject({
      kind: 'deferred',
      reason: 'dkim-key-missing',
      detail: 'later.example.s1',
    });
    expect(mailbox.mails).toEqual([]);
    await createDkimKey(folder, { domain: 'later.example', selector: 's1' });
    expect(await transport.send(waiting)).toMatchObject({ kind: 'accepted' });
    expect(mailbox.mails[0]?.source).toMatch(/DKIM-Signature: [\s\S]*d=later\.example/);
  });

  it.each([
    ['ed25519', () => generateKeyPairSync('ed25519').privateKey, /ed25519.*RSA/],
    ['too short', () => generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey, /512 bits.*1024/],
    ['a public one', () => generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey, /no private key/],
  ])('nor with one that would leave out the signature without a word: %s', async (_what, make, problem) => {
    const domain = `unusable-${_what.replaceAll(' ', '-')}.example`;
    const key = make();
    const pem = key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' }).toString();
    await writeFile(dkimKeyFile(folder, { domain, selector: 's1' }), pem);
    const result = await transport.send(as(domain));
    expect(result).toMatchObject({
      kind: 'deferred',
      reason: 'dkim-key-unusable',
      detail: expect.stringMatching(problem),
    });
    expect(JSON.stringify(result)).not.toContain('PRIVATE');
    expect(mailbox.mails).toEqual([]);
  });
});

describe('a new key', () => {
  it("is its owner's alone to read, fits one TXT record, and is never replaced", async () => {
    const file = dkimKeyFile(folder, identity);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(record.name).toBe('s2026._domainkey.federkiel.example');
    expect(record.value).toMatch(/^v=DKIM1; k=rsa; p=[A-Za-z0-9+/]{390,396}={0,2}$/);
    const before = await readFile(file, 'utf8');
    await expect(createDkimKey(folder, identity)).rejects.toThrow(/another selector/);
    expect(await readFile(file, 'utf8')).toBe(before);
  });
});
