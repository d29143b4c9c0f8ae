import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verpAddress } from '../../mail/inbound/verp.ts';
import { readSesEvent } from '../../mail/ses/read-ses-event.ts';
import { isSnsUrl } from '../../mail/ses/sns-message.ts';
import { SCALE, SEED } from '../support/property.ts';

const SECRET = 'of these tests';
const ID = '01a210eb-d5af-76e3-9460-94e9b50dcf9c';
const read = (event: object) => readSesEvent(JSON.stringify(event), SECRET);
const bounce = (bounceType: string, bounceSubType: string, recipient: object = {}) =>
  read({ notificationType: 'Bounce', mail: {}, bounce: { bounceType, bounceSubType, bouncedRecipients: [recipient] } });

describe('an event of Amazon SES', () => {
  it.each([
    ['Permanent', 'NoEmail', {}, 'mailbox', true],
    ['Permanent', 'OnAccountSuppressionList', {}, 'mailbox', true],
    ['Permanent', 'General', {}, 'mailbox', true],
    [
      'Permanent',
      'General',
      { diagnosticCode: 'smtp; 550 5.7.1 blocked using Spamhaus', status: '5.7.1' },
      'policy',
      true,
    ],
    ['Transient', 'MailboxFull', {}, 'full', false],
    ['Transient', 'MessageTooLarge', {}, 'content', false],
    [
      'Transient',
      'General',
      { diagnosticCode: 'smtp; 451 4.7.1 Try again later', status: '4.7.1' },
      'transient',
      false,
    ],
    ['Undetermined', 'Undetermined', {}, 'transient', false],
  ])('%s %s %j is of the cause %s', (type, subType, recipient, cause, permanent) => {
    expect(bounce(type, subType, recipient)).toMatchObject({
      kind: 'bounce',
      delayed: false,
      recipients: [{ cause, permanent }],
    });
  });

  it('of a delay says that delivery is still tried', () => {
    const delay = {
      delayType: 'MailboxFull',
      delayedRecipients: [{ emailAddress: 'ada@example.com', status: '4.2.2' }],
    };
    expect(read({ eventType: 'DeliveryDelay', mail: {}, deliveryDelay: delay })).toMatchObject({
      kind: 'bounce',
      delayed: true,
      recipients: [{ address: 'ada@example.com', cause: 'full', permanent: false, status: '4.2.2' }],
    });
  });

  it('names our mail by its return path, its headers and the id of SES', () => {
    const source = verpAddress(SECRET, ID, 'bounce+*@mail.shop.example');
    const headers = [{ name: 'Message-ID', value: `<${ID}@shop.example>` }];
    expect(read({ eventType: 'Delivery', mail: { messageId: '0100018f', source, headers } })).toEqual({
      kind: 'delivery',
      messageId: ID,
      verp: true,
      originalMessageIds: [`${ID}@shop.example`],
      providerId: '0100018f',
    });
    const forged = verpAddress('guessed', ID, 'bounce+*@mail.shop.example');
    expect(read({ eventType: 'Delivery', mail: { source: forged } })).toMatchObject({ messageId: null, verp: false });
  });

  it('of another kind, or that the reader called no spam, says nothing', () => {
    expect(read({ eventType: 'Open', mail: {} })).toMatchObject({ kind: 'other' });
    expect(read({ eventType: 'Complaint', mail: {}, complaint: { complaintFeedbackType: 'not-spam' } })).toMatchObject({
      kind: 'other',
    });
  });

  it(`that is none is null, whatever it is (seed ${SEED})`, () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        const found = readSesEvent(text, SECRET);
        expect(found === null || found.kind === 'other').toBe(true);
      }),
      { numRuns: 300 * SCALE },
    );
    expect(readSesEvent('{"notificationType":"Bounce","mail":{"messageId":{}}}', SECRET)).toBeNull();
    expect(readSesEvent(`{"notificationType":"Bounce","mail":${'['.repeat(50_000)}`, SECRET)).toBeNull();
  });
});

describe('an address that a message of SNS names', () => {
  it.each([
    ['https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123.pem', true],
    ['https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0123.pem', true],
    ['http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123.pem', false],
    ['https://sns.eu-central-1.amazonaws.com:8443/SimpleNotificationService-0123.pem', false],
    ['https://user@sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123.pem', false],
    ['https://sns.eu-central-1.amazonaws.com.evil.example/SimpleNotificationService-0123.pem', false],
    ['https://evil.example/sns.eu-central-1.amazonaws.com/x.pem', false],
    ['https://sns.eu-central-1.amazonaws.com/folder/../x.txt', false],
    ['https://s3.eu-central-1.amazonaws.com/bucket/x.pem', false],
    ['no address', false],
  ])('%s is fetched: %s', (url, fetched) => {
    expect(isSnsUrl(url, 'certificate')).toBe(fetched);
  });
});
