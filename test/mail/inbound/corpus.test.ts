import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BounceCause } from '../../../domain/sending/bounce-cause.ts';
import { type InboundMail, readInbound } from '../../../mail/inbound/read-inbound.ts';

const folder = path.join(import.meta.dirname, 'corpus');
/** The return path in each file is signed with it, and names this message. */
const secret = 'a-signing-secret-for-tests';
const messageId = '019aa000-0000-7000-8000-000000000001';

const source = (name: string): Buffer => readFileSync(path.join(folder, `${name}.eml`));

function read(raw: Uint8Array): Promise<InboundMail> {
  return readInbound({ raw, envelopeFrom: null, envelopeTo: [], secret, returnPath: 'bounces.federkiel.example' });
}

/** As SMTP hands it over, and as mailboxes on disk keep it. */
async function readBothWays(name: string): Promise<InboundMail> {
  const text = source(name).toString('latin1');
  const result = await read(Buffer.from(text.replaceAll(/\r?\n/g, '\r\n'), 'latin1'));
  expect(await read(Buffer.from(text, 'latin1'))).toEqual(result);
  return result;
}

type Row = readonly [
  file: string,
  cause: BounceCause,
  permanent: boolean,
  why: string,
  status: string | null,
  address: string,
  delayed?: 'delayed',
];

/** Real shapes of reports, written from the RFCs and from what the servers publish of theirs; people and senders are made up. */
const bounces: readonly Row[] = [
  ['aol-policy-554-5.7.9', 'policy', true, 'policy', '5.7.9', 'tanja.moeller@aol.com'],
  ['barracuda-reputation', 'policy', true, 'blocklisted', '5.7.1', 'tanja@kunde.example'],
  ['clamav-virus-found', 'content', true, 'malware', '5.7.1', 'tanja@kunde.example'],
  ['courier-user-unknown', 'mailbox', true, 'no-such-mailbox', '5.1.1', 'tanja@kunde.example'],
  ['domino-dsn-not-listed', 'mailbox', true, 'no-such-mailbox', '5.1.1', 'tanja@kunde.example'],
  ['domino-not-listed', 'mailbox', true, 'no-such-mailbox', null, 'tanja@kunde.example'],
  ['einsundeins-size-limit', 'content', true, 'message-too-large', null, 'tanja@kunde.example'],
  ['exchange-2003-unknown-recipient', 'mailbox', true, 'no-such-mailbox', null, 'tanja@kunde.example'],
  ['exchange-de-html-only-mailbox-full', 'full', true, 'mailbox-full', '5.2.2', 'tanja@kunde.example'],
  ['exchange-online-access-denied-5.4.1', 'mailbox', true, 'no-such-mailbox', '5.4.1', 'tanja@kunde.example'],
  ['exchange-online-banned-ip-5.7.606', 'policy', true, 'blocklisted', '5.7.606', 'tanja@kunde.example'],
  ['exchange-online-domain-nonexistent-5.4.310', 'mailbox', true, 'no-such-domain', '5.4.310', 'tanja@kunnde.example'],
  ['exchange-online-expired-5.4.300', 'transient', false, 'unreachable', '5.4.300', 'tanja@kunde.example'],
  ['exchange-online-mailbox-full', 'full', true, 'mailbox-full', '5.2.2', 'tanja@kunde.example'],
  ['exchange-online-remote-wrapped-5.0.350', 'policy', true, 'blocklisted', '5.7.1', 'tanja@kunde.example'],
  ['exchange-online-restricted-5.7.133', 'mailbox', true, 'recipient-restricted', '5.7.133', 'team@kunde.example'],
  ['exchange-online-tenant-recipient-limit', 'transient', false, 'recipient-busy', '5.2.121', 'tanja@kunde.example'],
  ['exchange-online-user-unknown-5.1.10', 'mailbox', true, 'no-such-mailbox', '5.1.10', 'tanja@kunde.example'],
  ['exim-dsn-no-such-person', 'mailbox', true, 'no-such-mailbox', '5.0.0', 'tanja@kunde.example'],
  ['exim-mailbox-full', 'full', true, 'mailbox-full', null, 'tanja@kunde.example'],
  ['exim-missing-reverse-dns', 'policy', true, 'reverse-dns', '5.7.1', 'tanja@kunde.example'],
  ['exim-nonexistent-hosts', 'mailbox', true, 'no-such-domain', null, 'tanja@kunnde.example'],
  ['exim-remote-user-unknown', 'mailbox', true, 'no-such-mailbox', null, 'tanja@kunde.example'],
  ['exim-retry-timeout', 'transient', false, 'expired', null, 'tanja@kunde.example'],
  ['exim-sender-verify-failed', 'policy', true, 'sender-refused', null, 'tanja@kunde.example'],
  ['exim-unrouteable', 'mailbox', true, 'no-such-mailbox', null, 'tanja@kunde.example'],
  ['exim-warning-delayed-24-hours', 'transient', false, 'server-busy', null, 'tanja@kunde.example', 'delayed'],
  ['gmail-inactive-5.2.1', 'mailbox', true, 'mailbox-disabled', '5.2.1', 'tanja.moeller@gmail.com'],
  [
    'gmail-low-reputation-4.7.0-delayed',
    'policy',
    false,
    'poor-reputation',
    '4.7.0',
    'tanja.moeller@gmail.com',
    'delayed',
  ],
  ['gmail-mailbox-full-4.2.2-expired', 'full', false, 'mailbox-full', '4.2.2', 'tanja.moeller@gmail.com'],
  ['gmail-mailbox-full-5.2.2', 'full', true, 'mailbox-full', '5.2.2', 'tanja.moeller@gmail.com'],
  ['gmail-policy-5.7.26', 'policy', true, 'unauthenticated', '5.7.26', 'tanja.moeller@gmail.com'],
  ['gmail-rate-4.7.28-expired', 'policy', false, 'rate-limited', '4.7.28', 'tanja.moeller@gmail.com'],
  ['gmail-recipient-busy-5.2.1', 'transient', false, 'recipient-busy', '5.2.1', 'tanja.moeller@gmail.com'],
  ['gmail-security-issue-5.7.0', 'content', true, 'malware', '5.7.0', 'tanja.moeller@gmail.com'],
  ['gmail-unsolicited-5.7.1', 'policy', true, 'rejected-as-spam', '5.7.1', 'tanja.moeller@gmail.com'],
  ['gmail-user-unknown-5.1.1', 'mailbox', true, 'no-such-mailbox', '5.1.1', 'tanja.moeller@gmail.com'],
  ['gmx-bad-dns-ptr', 'policy', true, 'reverse-dns', '5.0.0', 'tanja.moeller@gmx.de'],
  ['gmx-mailbox-unavailable', 'mailbox', true, 'mailbox-unavailable', '5.0.0', 'tanja.moeller@gmx.de'],
  ['gmx-plain-mailbox-full', 'full', true, 'mailbox-full', '5.2.2', 'tanja@kunde.example'],
  ['gmx-policy', 'policy', true, 'policy', '5.0.0', 'tanja.moeller@gmx.de'],
  ['google-plain-delay', 'transient', false, 'unreachable', null, 'tanja@kunde.example', 'delayed'],
  ['google-workspace-address-not-found', 'mailbox', true, 'no-such-mailbox', '5.1.1', 'tanja@kunde.example'],
  ['google-workspace-blocked', 'policy', true, 'policy', '5.7.1', 'tanja@kunde.example'],
  ['google-workspace-sender-rejected', 'policy', true, 'sender-refused', '5.1.8', 'tanja@kunde.example'],
  ['groupwise-user-not-found', 'mailbox', true, 'no-such-mailbox', null, 'tanja@kunde.example'],
  ['icloud-local-policy-hm08', 'policy', true, 'rejected-as-spam', '5.7.1', 'tanja.moeller@icloud.com'],
  ['icloud-over-quota', 'full', true, 'mailbox-full', '5.2.2', 'tanja.moeller@icloud.com'],
  ['icloud-user-unknown', 'mailbox', true, 'no-such-mailbox', '5.1.1', 'tanja.moeller@icloud.com'],
  ['ironport-address-rejected-5.1.0', 'mailbox', true, 'mailbox-unavailable', '5.1.0', 'tanja@kunde.example'],
  ['ironport-poor-reputation', 'policy', true, 'poor-reputation', '5.0.0', 'tanja@kunde.example'],
  ['james-mailbox-unknown', 'mailbox', true, 'no-such-mailbox', '5.1.1', 'tanja@kunde.example'],
  ['laposte-over-quota', 'full', true, 'mailbox-full', '5.2.2', 'tanja.moeller@laposte.net'],
  ['mailru-user-not-found', 'mailbox', true, 'no-such-mailbox', '5.0.0', 'tanja.moeller@mail.ru'],
  ['mimecast-anti-spoofing', 'policy', true, 'unauthenticated', '5.0.0', 'tanja@kunde.example'],
  ['mimecast-greylist-delayed', 'transient', false, 'greylisted', '4.0.0', 'tanja@kunde.example', 'delayed'],
  ['mimecast-invalid-recipient', 'mailbox', true, 'no-such-mailbox', '5.0.0', 'tanja@kunde.example'],
  ['notes-failure-reasons', 'mailbox', true, 'no-such-mailbox', null, 'tanja@kunde.example'],
  ['opensmtpd-no-mx', 'mailbox', true, 'no-such-domain', null, 'tanja@kunnde.example'],
  ['orange-ofr-416', 'mailbox', true, 'no-such-mailbox', '5.1.1', 'tanja.moeller@orange.fr'],
  ['orange-ofr-506-spam', 'policy', true, 'rejected-as-spam', '5.2.0', 'tanja.moeller@orange.fr'],
  ['outlook-com-authentication-5.7.515', 'policy', true, 'unauthenticated', '5.7.515', 'tanja.moeller@outlook.com'],
  ['outlook-com-block-list-S3140', 'policy', true, 'blocklisted', '5.7.1', 'tanja.moeller@outlook.com'],
  [
    'outlook-com-mailbox-unavailable-5.5.0',
    'mailbox',
    true,
    'mailbox-unavailable',
    '5.5.0',
    'tanja.moeller@outlook.com',
  ],
  ['outlook-com-over-quota-5.2.2', 'full', true, 'mailbox-full', '5.2.2', 'tanja.moeller@outlook.com'],
  ['outlook-com-rate-limited-4.7.650-expired', 'policy', false, 'rate-limited', '4.7.650', 'tanja.moeller@outlook.com'],
  ['posteo-mailbox-full', 'full', true, 'mailbox-full', '5.2.2', 'tanja.moeller@posteo.de'],
  [
    'postfix-delayed-connection-timed-out',
    'transient',
    false,
    'unreachable',
    '4.4.1',
    'tanja@kunde.example',
    'delayed',
  ],
  ['postfix-expired-connection-refused', 'transient', false, 'unreachable', '4.4.1', 'tanja@kunde.example'],
  ['postfix-expired-greylisted', 'transient', false, 'greylisted', '4.7.1', 'tanja@kunde.example'],
  ['postfix-helo-reverse-dns', 'policy', false, 'reverse-dns', '4.7.25', 'tanja@kunde.example'],
  ['postfix-host-not-found', 'mailbox', true, 'no-such-domain', '5.4.4', 'tanja@kunnde.example'],
  ['postfix-mailbox-full', 'full', true, 'mailbox-full', '5.2.2', 'tanja@kunde.example'],
  ['postfix-maildir-quota', 'full', true, 'mailbox-full', '5.2.2', 'tanja@kunde.example'],
  ['postfix-message-too-large', 'content', true, 'message-too-large', '5.3.4', 'tanja@kunde.example'],
  ['postfix-name-server-silent', 'transient', false, 'unreachable', '4.4.3', 'tanja@kunde.example'],
  ['postfix-null-mx', 'mailbox', true, 'domain-takes-no-mail', '5.1.0', 'tanja@nomail.example'],
  ['postfix-relay-denied', 'policy', true, 'relay-denied', '5.7.1', 'tanja@kunde.example'],
  ['postfix-sender-domain-not-found', 'policy', false, 'sender-refused', '4.1.8', 'tanja@kunde.example'],
  ['postfix-spamhaus', 'policy', true, 'blocklisted', '5.7.1', 'tanja@kunde.example'],
  ['postfix-user-unknown', 'mailbox', true, 'no-such-mailbox', '5.1.1', 'tanja@kunde.example'],
  ['postfix-virtual-alias-unknown', 'mailbox', true, 'no-such-mailbox', '5.1.1', 'tanja@kunde.example'],
  ['proofpoint-ip-blocked', 'policy', true, 'blocklisted', '5.7.1', 'tanja@kunde.example'],
  ['proofpoint-user-unknown', 'mailbox', true, 'no-such-mailbox', '5.1.1', 'tanja@kunde.example'],
  ['qmail-host-not-found', 'mailbox', true, 'no-such-domain', '5.1.2', 'tanja@kunnde.example'],
  ['qmail-in-queue-too-long', 'transient', false, 'unreachable', '4.4.1', 'tanja@kunde.example'],
  ['qmail-no-mailbox', 'mailbox', true, 'no-such-mailbox', '5.1.1', 'tanja@kunde.example'],
  ['qmail-remote-blocked', 'policy', true, 'blocklisted', '5.7.1', 'tanja@kunde.example'],
  ['qmail-remote-said-550', 'mailbox', true, 'no-such-mailbox', '5.1.1', 'tanja@kunde.example'],
  ['qmail-vpopmail-over-quota', 'full', true, 'mailbox-full', null, 'tanja@kunde.example'],
  ['rfc3464-without-verp', 'mailbox', true, 'no-such-mailbox', '5.1.1', 'tanja@kunde.example'],
  ['rfc6533-utf8-user-unknown', 'mailbox', true, 'no-such-mailbox', '5.1.1', 'jürgen@kunde.example'],
  ['sendmail-host-unknown', 'mailbox', true, 'no-such-domain', '5.1.2', 'tanja@kunnde.example'],
  ['sendmail-user-unknown', 'mailbox', true, 'no-such-mailbox', '5.1.1', 'tanja@kunde.example'],
  ['sendmail-warning-4-hours', 'transient', false, 'unreachable', '4.4.1', 'tanja@kunde.example', 'delayed'],
  ['ses-mailbox-full', 'full', false, 'mailbox-full', '4.4.7', 'tanja@kunde.example'],
  ['ses-suppressed', 'mailbox', true, 'suppressed-by-provider', '5.1.1', 'tanja@kunde.example'],
  ['spamassassin-score', 'policy', true, 'rejected-as-spam', '5.7.1', 'tanja@kunde.example'],
  ['t-online-ip-blocked', 'policy', true, 'blocklisted', '5.0.0', 'tanja.moeller@t-online.de'],
  ['t-online-user-unknown', 'mailbox', true, 'no-such-mailbox', '5.1.1', 'tanja.moeller@t-online.de'],
  ['web-de-quota', 'full', true, 'mailbox-full', '5.0.0', 'tanja.moeller@web.de'],
  ['workmail-fields-in-the-text', 'mailbox', true, 'mailbox-disabled', '5.2.1', 'tanja@kunde.example'],
  ['yahoo-aborted-554-dd', 'mailbox', true, 'mailbox-disabled', '5.0.0', 'tanja.moeller@yahoo.com'],
  ['yahoo-disabled-554.30', 'mailbox', true, 'mailbox-disabled', '5.0.0', 'tanja.moeller@yahoo.com'],
  ['yahoo-failure-notice', 'mailbox', true, 'no-such-mailbox', '5.1.1', 'tanja@kunde.example'],
  ['yahoo-mailbox-not-found-552', 'mailbox', true, 'no-such-mailbox', '5.0.0', 'tanja.moeller@yahoo.com'],
  ['yahoo-tss04-expired', 'policy', false, 'rate-limited', '4.7.0', 'tanja.moeller@yahoo.com'],
  ['yahoo-user-unknown-554-dd', 'mailbox', true, 'no-such-mailbox', '5.0.0', 'tanja.moeller@yahoo.com'],
  ['yandex-no-such-user-5.7.1', 'mailbox', true, 'no-such-mailbox', '5.7.1', 'tanja.moeller@yandex.ru'],
];

/** Everything else that comes back. */
const others: readonly (readonly [file: string, expected: Partial<InboundMail>])[] = [
  [
    'arf-aol-redacted',
    { kind: 'complaint', messageId, verp: false, feedbackType: 'abuse', recipient: 'tJ0aWm7Yd3c=@aol.com' },
  ],
  ['arf-auth-failure', { kind: 'other' }],
  ['arf-fastmail-not-spam', { kind: 'other' }],
  [
    'arf-opt-out',
    { kind: 'complaint', messageId, verp: true, feedbackType: 'opt-out', recipient: 'hashed@kunde.example' },
  ],
  [
    'arf-outlook-jmrp',
    { kind: 'complaint', messageId, verp: true, feedbackType: 'abuse', recipient: 'tanja.moeller@outlook.com' },
  ],
  [
    'arf-yahoo',
    { kind: 'complaint', messageId, verp: true, feedbackType: 'abuse', recipient: 'tanja.moeller@yahoo.com' },
  ],
  ['challenge-boxbe', { kind: 'auto-reply', messageId, verp: true, from: 'tanja@kunde.example' }],
  [
    'jmrp-forwarded',
    { kind: 'complaint', messageId, verp: true, feedbackType: 'abuse', recipient: 'tanja.moeller@hotmail.com' },
  ],
  ['mdn-read-receipt', { kind: 'auto-reply', messageId, verp: false, from: 'tanja@kunde.example' }],
  ['newsletter', { kind: 'other' }],
  ['ooo-exchange-de', { kind: 'auto-reply', messageId, verp: true, from: 'tanja@kunde.example' }],
  ['ooo-exchange-en', { kind: 'auto-reply', messageId, verp: true, from: 'tanja@kunde.example' }],
  ['ooo-gmail-vacation', { kind: 'auto-reply', messageId, verp: true, from: 'tanja.moeller@gmail.com' }],
  ['ooo-subject-only-de', { kind: 'auto-reply', messageId: null, verp: false, from: 'tanja@kunde.example' }],
  ['ooo-subject-only-en', { kind: 'auto-reply', messageId, verp: true, from: 'tanja@kunde.example' }],
  ['ooo-subject-only-es', { kind: 'auto-reply', messageId, verp: true, from: 'tanja@kunde.example' }],
  ['ooo-subject-only-fr', { kind: 'auto-reply', messageId, verp: true, from: 'tanja@kunde.example' }],
  ['ooo-vacation-program', { kind: 'auto-reply', messageId, verp: true, from: 'tanja@kunde.example' }],
  ['reply-below-the-quote', { kind: 'reply', messageId, verp: false, text: 'Ich nehme drei Blöcke.' }],
  [
    'reply-forwards-a-bounce',
    { kind: 'reply', messageId, verp: false, text: 'Hallo, das hier kam bei mir zurück, können Sie helfen?' },
  ],
  [
    'reply-gmail-de',
    { kind: 'reply', messageId, verp: false, text: 'Hallo,\n\ngibt es das Papier auch in A2?\n\nViele Grüße\nTanja' },
  ],
  ['reply-html-only', { kind: 'reply', messageId, verp: false, text: 'Ja, bitte ein Muster.' }],
  [
    'reply-outlook-en',
    { kind: 'reply', messageId, verp: false, text: 'Please call me tomorrow after ten.\n\nRegards, Tanja' },
  ],
  ['reply-to-return-path', { kind: 'reply', messageId, verp: true, text: 'Ja, gern, rufen Sie mich an.' }],
  ['rfc3464-delivered', { kind: 'other' }],
  ['ticket-receipt', { kind: 'auto-reply', messageId, verp: true, from: 'support@kunde.example' }],
  ['unsubscribe-mailto', { kind: 'unsubscribe', messageId, verp: true, from: 'tanja@kunde.example' }],
  ['unsubscribe-subject', { kind: 'unsubscribe', messageId: null, verp: false, from: 'tanja@kunde.example' }],
  ['unsubscribe-word-de', { kind: 'unsubscribe', messageId, verp: false, from: 'tanja@kunde.example' }],
];

describe('the corpus of what comes back', () => {
  it('has at least 40 shapes of bounces, and each of its files is in one of the tables', () => {
    expect(bounces.length).toBeGreaterThanOrEqual(40);
    const named = [...bounces, ...others].map(([file]) => `${file}.eml`);
    expect(named.toSorted()).toEqual(readdirSync(folder).toSorted());
  });

  for (const [file, cause, permanent, why, status, address, delayed] of bounces) {
    it(`${file}: ${cause}`, async () => {
      expect(await readBothWays(file)).toMatchObject({
        kind: 'bounce',
        messageId,
        verp: file !== 'rfc3464-without-verp',
        delayed: delayed === 'delayed',
        recipients: [{ address, cause, permanent, why, status }],
      });
    });
  }

  it.each(others)('%s', async (file, expected) => {
    expect(await readBothWays(file)).toMatchObject(expected);
  });

  it('is classified the same when the envelope alone names the mail, as with a report that returns nothing', async () => {
    const raw = source('domino-not-listed')
      .toString('latin1')
      .replaceAll(/^(?:Delivered-To|To): .*\n/gm, '');
    const to = /b-[a-z2-7]{39}@\S+/.exec(source('domino-not-listed').toString('latin1'))?.[0] ?? '';
    const input = { raw: Buffer.from(raw, 'latin1'), envelopeFrom: '', secret, returnPath: null };
    expect(await readInbound({ ...input, envelopeTo: [to] })).toMatchObject({ kind: 'bounce', messageId, verp: true });
    expect(await readInbound({ ...input, envelopeTo: [] })).toMatchObject({ messageId: null, verp: false });
  });

  it('is not taken as proof once its signatures are forged: the Message-ID alone is left, and is said to be weaker', async () => {
    for (const [file] of bounces) {
      const forged = source(file).toString('latin1').replaceAll('b-agnk', 'b-bgnk');
      const mail = await read(Buffer.from(forged, 'latin1'));
      expect(mail).toMatchObject({ kind: 'bounce', verp: false });
    }
  });

  it('says nothing of the people whose mail was refused for the sender, its content or the moment', async () => {
    for (const [file, cause, , why] of bounces) {
      if (cause === 'mailbox' || cause === 'full') continue;
      expect(why, file).not.toMatch(/mailbox|domain|recipient-restricted/);
    }
  });
});
