import { describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../../domain/instant.ts';
import { mailboxIsAbandoned, mailboxIsGone } from '../../domain/sending/bounced-mailbox.ts';

const NOON = Date.UTC(2026, 5, 1, 12);

describe('a mailbox that is said not to exist', () => {
  it('is given up at once where the report is proven', () => {
    expect(mailboxIsGone({ messageId: 'a', at: NOON, proven: true }, [])).toBe(true);
  });

  it('is given up on the second mail that came back on another day, where it is not', () => {
    const report = { messageId: 'b', at: NOON, proven: false };
    expect(mailboxIsGone(report, [])).toBe(false);
    expect(mailboxIsGone(report, [{ messageId: 'a', at: NOON - HOUR }])).toBe(false);
    expect(mailboxIsGone(report, [{ messageId: 'b', at: NOON - 2 * DAY }])).toBe(false);
    expect(mailboxIsGone(report, [{ messageId: 'a', at: NOON - DAY }])).toBe(true);
  });
});

describe('a mailbox that is full', () => {
  it('is given up when three mails in a row found it so over a month, not before', () => {
    const bounce = { messageId: 'c', at: NOON };
    expect(mailboxIsAbandoned(bounce, [{ messageId: 'a', at: NOON - 40 * DAY }])).toBe(false);
    const within = [
      { messageId: 'a', at: NOON - 20 * DAY },
      { messageId: 'b', at: NOON - 10 * DAY },
    ];
    expect(mailboxIsAbandoned(bounce, within)).toBe(false);
    expect(mailboxIsAbandoned(bounce, [{ messageId: 'a', at: NOON - 30 * DAY }, ...within.slice(1)])).toBe(true);
    const same = [
      { messageId: 'c', at: NOON - 40 * DAY },
      { messageId: 'b', at: NOON - 35 * DAY },
    ];
    expect(mailboxIsAbandoned(bounce, same)).toBe(false);
  });
});
