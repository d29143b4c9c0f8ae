/** An enhanced status code, `class.subject.detail` (RFC 3463 §2). */
export interface EnhancedStatus {
  /** 2 success, 4 persistent transient failure, 5 permanent failure. */
  readonly class: 2 | 4 | 5;
  /** 0 undefined, 1 address, 2 mailbox, 3 mail system, 4 network, 5 protocol, 6 content, 7 security or policy. */
  readonly subject: number;
  readonly detail: number;
}

/** Not part of a longer dotted number, as an IP address or a version is; `#5.1.1` and `550-5.7.26` are ones. */
const STATUS = /(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\d|\.\d)/g;

/** Subjects end at 7 (RFC 3463 §3); what has a higher one is something else, such as a date. */
const LAST_SUBJECT = 7;

/**
 * The status that `text` gives: the first one that says something, else the first (`X.0.0` is what a relay writes that was
 * told nothing). Null where there is none.
 */
export function readStatus(text: string): EnhancedStatus | null {
  let first: EnhancedStatus | null = null;
  for (const [, kind, subject, detail] of text.matchAll(STATUS)) {
    if (Number(subject) > LAST_SUBJECT) continue;
    const status = { class: Number(kind) as 2 | 4 | 5, subject: Number(subject), detail: Number(detail) };
    if (isSpecific(status)) return status;
    first ??= status;
  }
  return first;
}

/** Whether the status says what the matter was: subject 0 is "other or undefined" (RFC 3463 §3.1). */
export function isSpecific(status: EnhancedStatus): boolean {
  return status.subject !== 0;
}

export function statusText(status: EnhancedStatus): string {
  return `${status.class}.${status.subject}.${status.detail}`;
}

/**
 * The three-digit reply code of a failure (RFC 5321 §4.2) in `text`: the one that begins it, or a line of it, or follows
 * `said:`, `->` and the like in the report of a relay. Null where there is none.
 */
export function readReplyCode(text: string): number | null {
  const found = LEADING.exec(text) ?? REPORTED.exec(text) ?? BESIDE_STATUS.exec(text);
  return found ? Number(found[1]) : null;
}

const LEADING = /^[\s#<>("']{0,9}(?:smtp;\s{0,9}|smtp error:?\s{0,9}|reason:\s{0,9})?([45][0-5]\d)(?=[-\s#:]|$)/im;
const REPORTED =
  /(?:said|says|->|returned|reply|response|error|reason|was|smtp;)[\s:'"]{0,9}([45][0-5]\d)(?=[-\s#:]|$)/i;
const BESIDE_STATUS = /(?:^|\s)([45][0-5]\d)[-\s]#?[45]\.\d/;
