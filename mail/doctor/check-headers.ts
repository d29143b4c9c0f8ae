import { bareAddress, domainOf, type Sender } from '../../domain/sender/sender.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** Gmail shows no more of a mail than this, and hides the rest, unsubscribe link included (support.google.com/mail/answer/6594). */
const CLIPPED_AT = 102 * 1024;
/** RFC 5322 §2.1.1. */
const LONGEST_LINE = 998;

/** Headers that RFC 8058 §4 wants covered by the signature, and those by which a mail is known. */
const TO_COVER = ['from', 'to', 'subject', 'date', 'message-id', 'list-unsubscribe', 'list-unsubscribe-post'];

/** What a real mail of this sender looks like to who receives it. */
export function checkHeaders(raw: string, sender: Sender): Finding[] {
  const at = raw.indexOf('\r\n\r\n');
  const head = (at < 0 ? raw : raw.slice(0, at)).replaceAll(/\r\n[ \t]+/g, ' ');
  const header = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(head)?.[1]?.trim() ?? null;
  return [
    from(header('From'), sender),
    messageId(header('Message-ID')),
    ...unsubscribe(header('List-Unsubscribe'), header('List-Unsubscribe-Post')),
    ...coverage(header('DKIM-Signature'), sender),
    ...body(raw),
  ];
}

function from(value: string | null, sender: Sender): Finding {
  const domain = domainOf(sender.from);
  return value !== null && domainOf(value) === domain && bareAddress(value) === bareAddress(sender.from)
    ? ok('headers', `From: ${value}`)
    : fail('headers', `the mail is from ${value ?? 'nobody'}, and not from ${sender.from}`, 'mend the sender');
}

function messageId(value: string | null): Finding {
  return value !== null && /^<[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+>$/.test(value)
    ? ok('headers', `Message-ID: ${value}`)
    : warn(
        'headers',
        `the Message-ID is ${value ?? 'missing'}: its right-hand side is no domain, which filters dislike`,
        "set TEND_MAIL_FROM to an address at the company's own domain",
      );
}

function unsubscribe(list: string | null, post: string | null): Finding[] {
  const https = /<(https?:[^>]*)>/.exec(list ?? '')?.[1];
  if (https === undefined || post !== 'List-Unsubscribe=One-Click')
    return [
      fail(
        'headers',
        'the mail has no one-click unsubscription (RFC 8058), which the large providers want',
        'report this: Tend should have added it',
      ),
    ];
  if (!https.startsWith('https:'))
    return [
      fail(
        'headers',
        `the address for unsubscribing is ${new URL(https).origin}, and must be https (RFC 8058 3.1)`,
        'set PUBLIC_URL to the https address under which the world reaches the API',
      ),
    ];
  return [ok('headers', `List-Unsubscribe by https, with one click (${new URL(https).origin})`)];
}

function coverage(signature: string | null, sender: Sender): Finding[] {
  if (signature === null) {
    if (sender.dkim === undefined) return [];
    return [
      fail(
        'headers',
        'the mail has no signature although the sender names a key',
        'put the key there: tend dkim create',
      ),
    ];
  }
  const covered = (/(?:^|;)\s*h=([^;]*)/i.exec(signature)?.[1] ?? '')
    .split(':')
    .map((name) => name.trim().toLowerCase());
  const open = TO_COVER.filter((name) => !covered.includes(name));
  return open.length === 0
    ? [ok('headers', 'the signature covers From, Subject, Message-ID and both List-Unsubscribe headers')]
    : [
        fail(
          'headers',
          `the signature does not cover ${open.join(', ')}`,
          'report this: Tend should have covered them',
        ),
      ];
}

function body(raw: string): Finding[] {
  const bytes = Buffer.byteLength(raw);
  const longest = Math.max(...raw.split('\r\n').map((line) => line.length));
  return [
    /^Content-Type:\s*text\/plain/im.test(raw) && /^Content-Type:\s*text\/html/im.test(raw)
      ? ok('headers', 'the mail has a text part beside its HTML')
      : fail('headers', 'the mail has no text part beside its HTML', 'give the template a text'),
    bytes <= CLIPPED_AT
      ? ok('headers', `${Math.ceil(bytes / 1024)} KB in all`)
      : warn(
          'headers',
          `${Math.ceil(bytes / 1024)} KB in all: Gmail cuts off what is beyond 102 KB`,
          'make the template shorter',
        ),
    ...(longest > LONGEST_LINE
      ? [
          fail(
            'headers',
            `a line of ${longest} characters: ${LONGEST_LINE} are allowed (RFC 5322 2.1.1)`,
            'report this',
          ),
        ]
      : []),
  ];
}
