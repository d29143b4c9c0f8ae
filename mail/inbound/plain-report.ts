import type { DeliveryAction } from '../../domain/sending/bounce-cause.ts';
import { saysOutOfOffice } from './auto-reply.ts';
import { cleanAddress } from './clean-text.ts';
import { judge, type ReportedRecipient } from './delivery-status.ts';
import type { ParsedMail } from './parse-inbound.ts';

/**
 * Delivery reports from servers that write prose instead of RFC 3464: qmail (QSBMF), Exim, Domino, old Exchange and
 * sendmail, Yahoo, GMX, and their likes.
 */

const DAEMON =
  /^(?:mailer-?daemon|mail-?daemon|postmaster|mdaemon|daemon|mailerdaemon|mail-?delivery\S*|microsoftexchange\S*|bounces?|autoreply-bounce|no-?reply-bounce|undeliver\S*)@/i;
const DAEMON_NAME =
  /mail(?:er)? ?(?:delivery|daemon|administrator|system)|postmaster|delivery (?:sub)?system|microsoft outlook/i;

const SUBJECT =
  /undeliver|delivery (?:status notification|status|failure|has failed|delayed|notification|problem|error|report)|(?:mail|message) (?:delivery|system error|status)|(?:mail|message|delivery) (?:has )?(?:failed|failure|returned|delayed|rejected)|failure notice|returned mail|return(?:ed|ing) (?:to|message)|could not (?:be )?(?:sent|delivered)|not delivered|unzustellbar|nicht zugestellt|nicht zustellbar|zustellung|non remis|non d[ée]livr|non distribu|[ée]chec (?:de )?(?:la )?(?:remise|distribution)|no (?:se ha )?(?:podido )?entrega|mancato recapito|mancata consegna|^notice: mail delivery status|^warning:.{0,60}(?:delay|could not)|user unknown|verz[öo]gert/i;

const TEXT =
  /this is the qmail-send program|could not be delivered|was not delivered|wasn't delivered|unable to deliver|not be delivered|did not reach the following recipient|delivery (?:to the following|has failed|failed)|undeliverable|following address(?:es)?\(?(?:es)?\)? (?:had|failed)|permanent (?:fatal )?errors?|nicht zugestellt|konnte nicht (?:zugestellt|ausgeliefert|[üu]bermittelt)|has been delayed|returned (?:to you|message)|address(?:es)? (?:not found|couldn't be found)|remote host said/i;

const isFromDaemon = (mail: ParsedMail, nullSender: boolean): boolean =>
  nullSender || DAEMON.test(mail.from ?? '') || DAEMON_NAME.test(mail.fromName);

/** Whether a mail without a machine-readable part is a delivery report: a machine's, that says so. */
export function isPlainReport(mail: ParsedMail, words: string, nullSender: boolean): boolean {
  // Exim and Gmail write it, and nobody else.
  if (mail.headers.get('x-failed-recipients') !== null) return true;
  // An out-of-office notice has the null sender too, and repeats our subject, which may be about a delivery.
  if (!isFromDaemon(mail, nullSender) || saysOutOfOffice(mail.subject)) return false;
  return SUBJECT.test(mail.subject)
    ? TEXT.test(words) || DAEMON.test(mail.from ?? '')
    : DAEMON.test(mail.from ?? '') && TEXT.test(words);
}

const DELAY =
  /warning message only|(?:has|have) been delayed|is (?:being )?delayed|delivery (?:is |has been )?delayed|will (?:keep|continue) (?:to try|trying)|(?:not|n't) need to resend|delay(?:ed)?\)?$|verz[öo]ger|will be retried|not yet been delivered|delivery attempts will continue/i;

/** Whether the report says that delivery is still tried. */
export function saysDelayed(mail: ParsedMail, words: string): boolean {
  return DELAY.test(mail.subject) || DELAY.test(words.slice(0, 4_000));
}

/** A line that names a recipient, as `<a@b>:`, `  a@b`, `"a@b":`, `a@b<mailto:a@b>` or `a@b on Thu, …`, with what follows. */
const RECIPIENT =
  /^[ \t>]{0,8}(?:to:[ \t]{0,8})?["<(]{0,2}([^\s<>@":()]{1,64}@[^\s<>@":,;()]{1,255})[">)]{0,2}(?:<mailto:[^<>\s]{1,400}>)?[ \t]{0,8}(?::(.{0,2000})|\((.{0,200})\)|(?:on|am|le) \w.{0,80})?$/i;

const MAX_RECIPIENTS = 20;
/** Lines looked at: a report says what it says in far fewer. */
const MAX_LINES = 400;

/** What the words of a report say of each recipient that they name; one of nobody's name where they name none. */
export function readPlainReport(mail: ParsedMail, words: string): readonly ReportedRecipient[] {
  const action: DeliveryAction = saysDelayed(mail, words) ? 'delayed' : 'failed';
  const said = sections(words);
  const named = failedRecipients(mail);
  const recipients = said.size > 0 ? said : new Map(named.map((address) => [address, '']));
  const judged = (address: string | null, own: string) =>
    judge(
      { address, action, status: null, diagnostic: own.trim() === '' ? null : own },
      // Some explain first and name the recipient after; the subject of Domino's holds the reason too.
      `${words.slice(0, 2_000)} ${mail.subject}`,
    );
  if (recipients.size === 0) return [judged(null, '')];
  return [...recipients].slice(0, MAX_RECIPIENTS).map(([address, own]) => judged(address, own));
}

/** By recipient: what the report says below its name, up to the next one's. */
function sections(words: string): Map<string, string> {
  const found = new Map<string, string>();
  let current: string | null = null;
  for (const line of words.split('\n', MAX_LINES)) {
    const match = line.length > 2_500 ? null : RECIPIENT.exec(line.trimEnd());
    const address = match === null ? null : cleanAddress(match[1] ?? '');
    if (address !== null) {
      if (found.size >= MAX_RECIPIENTS && !found.has(address)) break;
      current = address;
      found.set(address, `${found.get(address) ?? ''} ${match?.[2] ?? match?.[3] ?? ''}`);
    } else if (current !== null) {
      found.set(current, `${found.get(current) ?? ''}\n${line}`.slice(0, 4_000));
    }
  }
  return found;
}

export function failedRecipients(mail: ParsedMail): readonly string[] {
  const names = (mail.headers.get('x-failed-recipients') ?? '').slice(0, 5_000).split(',');
  return names.map(cleanAddress).filter((address) => address !== null);
}
