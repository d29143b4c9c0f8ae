/** Mails as they come back, in the shapes of their RFCs. `original` is the Message-ID of ours, with brackets. */

interface Reported {
  readonly to: string;
  readonly original: string;
  readonly recipient: string;
  readonly status: string;
  /** What the receiving server said. */
  readonly said: string;
  readonly action?: 'failed' | 'delayed';
}

const lines = (...all: readonly string[]): string => all.join('\r\n');

/** A delivery report (RFC 3464) as Postfix writes it. */
export function deliveryReport({ to, original, recipient, status, said, action = 'failed' }: Reported): string {
  return lines(
    'From: MAILER-DAEMON@mx.people.example (Mail Delivery System)',
    `To: ${to}`,
    'Subject: Undelivered Mail Returned to Sender',
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b1"',
    '',
    '--b1',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    `<${recipient}>: host mx.people.example said: ${said}`,
    '',
    '--b1',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.people.example',
    '',
    `Final-Recipient: rfc822; ${recipient}`,
    `Action: ${action}`,
    `Status: ${status}`,
    `Diagnostic-Code: smtp; ${said}`,
    '',
    '--b1',
    'Content-Type: text/rfc822-headers',
    '',
    `Message-ID: ${original}`,
    'Subject: About a',
    '',
    '--b1--',
    '',
  );
}

/** A complaint (RFC 5965). */
export function complaint(original: string, { to = 'fbl@shop.example', mailFrom = '', type = 'abuse' } = {}): string {
  return lines(
    'From: <feedback@provider.example>',
    `To: <${to}>`,
    'Subject: FW: About a',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=feedback-report; boundary="b1"',
    '',
    '--b1',
    'Content-Type: text/plain',
    '',
    'This is an email abuse report.',
    '--b1',
    'Content-Type: message/feedback-report',
    '',
    `Feedback-Type: ${type}`,
    'User-Agent: Provider/1.0',
    'Version: 1',
    ...(mailFrom === '' ? [] : [`Original-Mail-From: <${mailFrom}>`]),
    '',
    '--b1',
    'Content-Type: message/rfc822',
    '',
    `Message-ID: ${original}`,
    'Subject: About a',
    '',
    'Hello',
    '--b1--',
    '',
  );
}

/** What a person writes in answer. */
export function reply(
  original: string,
  {
    from,
    to = 'shop@shop.example',
    subject = 'Re: About a',
    text = 'Please call me tomorrow.',
    headers = [],
  }: {
    readonly from: string;
    readonly to?: string;
    readonly subject?: string;
    readonly text?: string;
    readonly headers?: readonly string[];
  },
): string {
  return lines(
    `From: Somebody <${from}>`,
    `To: ${to}`,
    `Subject: ${subject}`,
    `Message-ID: <${Math.abs(hash(from + subject + text))}@people.example>`,
    `In-Reply-To: ${original}`,
    `References: ${original}`,
    ...headers,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    '',
    text,
    '',
  );
}

function hash(text: string): number {
  let value = 7;
  for (const character of text) value = (Math.imul(value, 31) + (character.codePointAt(0) ?? 0)) | 0;
  return value;
}
