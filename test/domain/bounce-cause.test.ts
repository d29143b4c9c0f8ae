import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BounceCause, causeOf } from '../../domain/sending/bounce-cause.ts';
import { classifyReply } from '../../domain/sending/smtp-reply.ts';
import { readReplyCode, readStatus, statusText } from '../../domain/sending/smtp-status.ts';
import { SCALE } from '../support/property.ts';

const said = (diagnostic: string, action: 'failed' | 'delayed' = 'failed') =>
  causeOf({ status: null, code: readReplyCode(diagnostic), diagnostic, action });

/** Words that servers use beside those of the corpus of whole reports (test/mail/inbound/corpus.test.ts). */
const texts: readonly (readonly [BounceCause, string])[] = [
  ['mailbox', '550 No such user here'],
  ['mailbox', '550 5.1.1 Mailbox not found. http://service.mail.qq.com/cgi-bin/help?subtype=1'],
  ['mailbox', '550 <tanja@kunde.example> is not a valid mailbox'],
  ['mailbox', '550 5.1.1 Not our Customer'],
  ['mailbox', '553 sorry, this recipient is not in my validrcptto list (#5.7.1)'],
  ['mailbox', '550 5.1.1 <tanja@kunde.example>... User unknown'],
  ['mailbox', '550 5.1.6 Recipient no longer on server'],
  ['mailbox', '550 5.7.1 <tanja@kunde.example>: Recipient address rejected: user unknown'],
  ['mailbox', '550 5.1.1 Die Empfängeradresse ist unbekannt'],
  ['mailbox', "550 5.1.1 Cette adresse n'existe pas"],
  ['mailbox', '554 5.2.1 This account has been disabled or discontinued [#102].'],
  ['mailbox', '550 5.7.17 Mailbox owner has changed'],
  ['mailbox', '556 5.1.10 Recipient address has null MX'],
  ['mailbox', '521 5.1.10 Host does not accept mail'],
  ['mailbox', 'DNS Error: DNS type mx lookup of kunnde.example responded with code NXDOMAIN'],
  ['full', '452 4.2.2 Over quota'],
  ['full', '550 5.1.1 user over quota'],
  ['full', '552 5.2.2 Mailbox size limit exceeded'],
  ['full', '550 5.7.1 Das Postfach des Empfängers ist voll'],
  ['policy', '550 5.7.1 Message rejected due to SPF policy'],
  ['policy', '550 5.7.23 The message was rejected because of Sender Policy Framework violation'],
  ['policy', '550-5.7.25 [192.0.2.25] The IP address sending this message does not have a 550 5.7.25 PTR record setup'],
  ['policy', '554 5.7.1 <mail.federkiel.example[192.0.2.25]>: Client host rejected: Access denied'],
  ['policy', '550 Mailbox unavailable: your host is listed by zen.spamhaus.org'],
  ['policy', '550 5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to'],
  ['policy', '450 4.7.1 Error: too much mail from 192.0.2.25, too many connections'],
  ['policy', '550 permanent failure for one or more recipients (tanja@kunde.example:blocked)'],
  ['policy', '535 5.7.8 Authentication credentials invalid'],
  ['policy', '550 5.1.8 Access denied, bad outbound sender'],
  ['policy', '503 5.5.1 Bad sequence of commands'],
  ['content', '552 5.3.4 Message too big for system'],
  [
    'content',
    '550 5.7.1 Messages missing a valid address in From: header, or having no From: header, are not accepted: missing From header',
  ],
  ['content', '554 5.6.1 Body type not supported by Remote Host'],
  [
    'content',
    '554 5.7.1 The message was rejected because it contains prohibited virus or spam content: Eicar virus found',
  ],
  ['transient', '421 4.3.2 Service not available, closing transmission channel'],
  [
    'transient',
    '450 4.2.0 <tanja@kunde.example>: Recipient address rejected: Greylisting in action, please come back later',
  ],
  ['transient', '451 4.3.0 Temporary lookup failure'],
  ['transient', '452 4.3.1 Insufficient system storage'],
  ['transient', '550 4.4.7 QUEUE.Expired; message expired'],
  ['transient', '554 5.4.14 Hop count exceeded - possible mail loop ATTR34'],
];

describe('the cause of a bounce', () => {
  it.each(texts)('%s: %s', (cause, diagnostic) => {
    expect(said(diagnostic)).toMatchObject({ cause });
  });

  it('is not the address because something else in the answer is unknown, missing or closed', () => {
    for (const diagnostic of [
      '550 5.7.1 Your IP address 192.0.2.25 is invalid or unknown to us',
      '550 5.7.1 Sender address rejected: User unknown in virtual mailbox table',
      '550 5.7.0 Your account has been suspended for sending, contact support',
      '554 5.7.1 Sender does not have permission to send mail here',
      '550 5.7.1 This message does not have a valid Message-ID and violates our policy',
      '550-Verification failed for <b-abc@bounces.federkiel.example> 550-Response: 550 No such user 550 Sender verify failed',
      '554 5.7.1 <tanja@kunde.example>: Relay access denied',
      '550 5.7.1 Unable to relay for tanja@kunde.example',
      '421 4.7.0 unknown@mail.example: Too many unknown recipients from your server',
      '451 4.3.0 Mailbox server not responding, connection timed out',
      '550 5.4.4 Temporary DNS failure for kunde.example: try again',
    ]) {
      expect(said(diagnostic).cause, diagnostic).not.toBe('mailbox');
    }
  });

  it('is not read from addresses and links: whoever is called virus@, or explains spam on a page, says nothing', () => {
    for (const diagnostic of [
      '550 5.1.1 <virus@kunde.example>: User unknown, see https://kunde.example/spam-policy',
      '550 5.1.1 <spam.blocked.by.dnsbl@kunde.example>... User unknown',
      '550 5.1.1 User unknown (https://www.kunde.example/quota-exceeded?why=blacklist)',
    ]) {
      expect(said(diagnostic), diagnostic).toMatchObject({ cause: 'mailbox', why: 'no-such-mailbox' });
    }
  });

  it('is read across the lines of an answer, each of which repeats its code', () => {
    const lines = '550-5.7.1 Unfortunately whom you wrote to is over\n550-5.7.1 quota\n550 5.7.1 now';
    expect(said(lines)).toMatchObject({ cause: 'full', why: 'mailbox-full' });
  });

  it('is a full mailbox whether the server calls that permanent or not, and only then permanent', () => {
    expect(said('552 5.2.2 mailbox full')).toEqual({ cause: 'full', permanent: true, why: 'mailbox-full' });
    expect(said('452 4.2.2 mailbox full')).toEqual({ cause: 'full', permanent: false, why: 'mailbox-full' });
  });

  it('tells an address that is unknown from one that is refused without a reason', () => {
    expect(said('550 5.1.1 user unknown').why).toBe('no-such-mailbox');
    expect(said('550 Requested action not taken: mailbox unavailable').why).toBe('mailbox-unavailable');
    expect(said('550').why).toBe('mailbox-unavailable');
  });

  it('is never permanent while delivery is still tried, nor for what passes', () => {
    expect(said('550 5.1.1 user unknown', 'delayed').permanent).toBe(false);
    expect(said('connection timed out').permanent).toBe(false);
    expect(causeOf({ status: '5.4.7', code: null, diagnostic: null, action: 'failed' }).permanent).toBe(false);
  });

  it('goes by the status where there are no words, and by the words of a relay where its status says nothing', () => {
    const bare = (status: string) => causeOf({ status, code: null, diagnostic: null, action: 'failed' }).cause;
    expect(['5.1.1', '5.2.2', '5.7.26', '5.3.4', '5.4.1', '5.7.606', '5.7.133', '5.0.0'].map(bare)).toEqual([
      'mailbox',
      'full',
      'policy',
      'content',
      'transient',
      'policy',
      'mailbox',
      'transient',
    ]);
    expect(
      causeOf({ status: '5.0.0', code: 550, diagnostic: '550 5.2.2 <tanja@kunde.example>', action: 'failed' }).cause,
    ).toBe('full');
  });

  // Each was once taken for a mailbox that does not exist: a mistake in our set-up would have written off everybody.
  it.each([
    ['policy', '554 5.7.1 <tanja@kunde.example>: Recipient address rejected: Access denied'],
    [
      'sender-account',
      '550 Domain sandbox1.provider.example is not allowed to send: Free accounts are for test purposes only',
    ],
    ['sender-account', '550 Sending from this account is disabled'],
    [
      'sender-refused',
      '550 The from address does not match a verified Sender Identity. Mail cannot be sent until this is resolved',
    ],
    [
      'sender-refused',
      '554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process message',
    ],
    ['sender-refused', '501 5.1.7 Invalid address'],
    ['sender-refused', '550 Return path does not exist'],
    ['sender-refused', '553 Mail from address not found'],
    ['sender-refused', '550 unknown sender'],
    ['sender-refused', '550 5.7.60 SMTP; Client does not have permissions to send as this sender'],
    ['sign-in', '530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM'],
    [
      'rate-limited',
      "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
    ],
    ['rate-limited', '550 maximum recipients exceeded'],
    ['rejected-as-spam', '550 JunkMail rejected'],
  ])('is ours, and not the person’s: %s, in the words of "%s"', (why, reply) => {
    expect(classifyReply({ code: Number(reply.slice(0, 3)), reply })).toMatchObject({
      kind: 'this-sender-problem',
      cause: 'policy',
      why,
    });
  });

  it.each([
    '550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [AM5EUR03FT011.eop-EUR03.prod.protection.outlook.com]',
    '550 5.4.1 [tanja@kunde.example]: Recipient address rejected: Access denied [AM5EUR03FT011.eop-EUR03.prod.protection.outlook.com]',
  ])('is the mailbox where Exchange Online denies access to it: %s', (reply) => {
    expect(classifyReply({ code: 550, reply })).toMatchObject({ kind: 'this-address-never', why: 'no-such-mailbox' });
  });

  it('of what says nothing is transient and unexplained: nobody is suppressed for that', () => {
    const nothing = causeOf({ status: null, code: null, diagnostic: null, action: 'failed' });
    expect(nothing).toEqual({ cause: 'transient', permanent: false, why: 'unexplained' });
  });

  it('is found for whatever a server says, with bounded work and a code without personal data', () => {
    const words = fc.constantFrom(
      '550',
      '5.1.1',
      'user',
      'unknown',
      'over',
      'quota',
      'blocked',
      'exceed',
      '<a@b.example>',
    );
    const text = fc.oneof(
      fc.string({ maxLength: 400 }),
      fc.array(words, { maxLength: 3_000 }).map((all) => all.join(' ')),
    );
    fc.assert(
      fc.property(text, fc.option(fc.integer({ min: 0, max: 999 })), (diagnostic, code) => {
        const { why } = causeOf({ status: diagnostic.slice(0, 9), code, diagnostic, action: 'failed' });
        expect(why).toMatch(/^[a-z-]{4,30}$/);
        // What is past the first 2,000 characters is not looked at.
        const longer = `${diagnostic.padEnd(2_000)} 550 5.2.2 mailbox full`;
        expect(causeOf({ status: null, code, diagnostic: longer })).toEqual(
          causeOf({ status: null, code, diagnostic: longer.slice(0, 2_000) }),
        );
      }),
      { numRuns: 200 * SCALE },
    );
  });
});

describe('an SMTP reply', () => {
  it('is one of: retry later, this address never, this sender has a problem', () => {
    const kinds = (replies: readonly (readonly [number, string])[]) =>
      replies.map(([code, reply]) => classifyReply({ code, reply }).kind);
    expect(
      kinds([
        [450, '450 4.7.1 Greylisted'],
        [421, '421 4.7.28 Gmail has detected an unusual rate of unsolicited mail'],
        [452, '452 4.2.2 mailbox full'],
        [552, '552 5.2.2 mailbox full'],
        [550, '550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents'],
      ]),
    ).toEqual(['retry-later', 'retry-later', 'retry-later', 'retry-later', 'retry-later']);
    expect(
      kinds([
        [550, '550 5.1.1 user unknown'],
        [550, '550 Requested action not taken: mailbox unavailable'],
        [556, '556 5.1.10 null MX'],
      ]),
    ).toEqual(['this-address-never', 'this-address-never', 'this-address-never']);
    expect(
      kinds([
        [550, '550-5.7.26 blocked because the sender is unauthenticated'],
        [554, '554 5.7.1 blocked using zen.spamhaus.org'],
        [535, '535 5.7.8 authentication failed'],
        [552, '552 5.3.4 message too large'],
        [554, '554'],
        [502, '502 command not implemented'],
      ]),
    ).toEqual(Array(6).fill('this-sender-problem'));
  });

  it('gives cause, status and a stable code', () => {
    expect(classifyReply({ code: 550, reply: '550-5.1.1 The account\n550 5.1.1 does not exist' })).toEqual({
      kind: 'this-address-never',
      cause: 'mailbox',
      status: '5.1.1',
      why: 'no-such-mailbox',
    });
  });

  it('that never came is to be had later, of no cause', () => {
    expect(classifyReply({ code: null, reply: 'connect ECONNREFUSED 127.0.0.1:25' })).toEqual({
      kind: 'retry-later',
      cause: null,
      status: null,
      why: 'no-reply',
    });
  });
});

describe('status and code in an answer', () => {
  it('are told from addresses of machines, versions and dates', () => {
    expect(readStatus('connect to 5.1.1.25: refused')).toBeNull();
    expect(readStatus('Exim 4.96.1.2')).toBeNull();
    expect(readStatus('on 5.11.26')).toBeNull();
    const status = readStatus('(#5.1.1)');
    expect(status && statusText(status)).toBe('5.1.1');
  });

  it('are the first that say something', () => {
    const status = readStatus('550 5.0.350 Remote server returned an error -> 550 5.1.1 user unknown');
    expect(status && statusText(status)).toBe('5.1.1');
    expect(readReplyCode('host mx.kunde.example[203.0.113.7] said: 550 5.1.1 unknown')).toBe(550);
    expect(readReplyCode('smtp; 452-4.2.2 full')).toBe(452);
    expect(readReplyCode('port 550 refused')).toBeNull();
    expect(readReplyCode('250 2.0.0 Ok')).toBeNull();
  });
});
