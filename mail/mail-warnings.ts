import type { Template } from '../domain/definition/template.ts';
import type { FieldProblem } from '../domain/errors.ts';
import type { OutgoingMail } from './compose.ts';
import { decodeAttribute } from './links.ts';

/**
 * Gmail cuts a mail off after about so many bytes of HTML and hides the rest behind a link; what is hidden then is the way
 * out and the imprint (https://support.google.com/mail/answer/6584 tells of "message clipped"; the number is what senders
 * measure).
 */
export const CLIPPED_BYTES = 102 * 1024;
/** More is cut off in most lists of mails on a desktop; phones show about half. */
const LONGEST_SUBJECT = 70;
/** Less text beside pictures looks like an advert that hides from filters, and says nothing where pictures are not loaded. */
const LEAST_TEXT = 60;

/** What can be seen before anything is rendered. */
export function sourceWarnings({ recipient, locales }: Template, locale: string): FieldProblem[] {
  const content = locales[locale];
  if (content === undefined) return [];
  const warnings: FieldProblem[] = [];
  if (recipient === 'lead' && content.preview === undefined)
    warnings.push({
      path: `locales.${locale}`,
      problem: 'has no preview: mail programs show the first words of the mail beside the subject instead',
    });
  for (const match of content.mjml.matchAll(/<(mj-image|img)\b(?![^>]*\salt\s*=)[^>]*>/gi))
    warnings.push({
      path: `locales.${locale}.mjml`,
      problem: `line ${content.mjml.slice(0, match.index).split('\n').length}: this picture has no alt: say what it shows, or alt="" where it only decorates`,
    });
  return warnings;
}

/** What strikes in mails as readers would get them. */
export function mailWarnings(mails: readonly OutgoingMail[], locale: string): FieldProblem[] {
  const path = `locales.${locale}`;
  const warnings: FieldProblem[] = [];
  const bytes = Math.max(0, ...mails.map(({ html }) => Buffer.byteLength(html)));
  if (bytes > CLIPPED_BYTES)
    warnings.push({
      path: `${path}.mjml`,
      problem: `the mail is ${Math.ceil(bytes / 1024)} KB of HTML, and Gmail cuts off what goes beyond 102 KB, with the unsubscribe link: make it shorter`,
    });
  const subject = Math.max(0, ...mails.map(({ subject }) => [...subject].length));
  if (subject > LONGEST_SUBJECT)
    warnings.push({
      path: `${path}.subject`,
      problem: `is up to ${subject} characters long, and most lists of mails show at most ${LONGEST_SUBJECT}`,
    });
  if (mails.some(({ html, text }) => /<img\b[^>]*\ssrc="(?![^"]*\/t\/o\/)/i.test(html) && readable(text) < LEAST_TEXT))
    warnings.push({
      path: `${path}.mjml`,
      problem:
        'is made of pictures and says next to nothing in words: many readers see no pictures, and filters distrust it',
    });
  return warnings;
}

/** What is wrong with where links lead, of mails that are not tracked. */
export function linkWarnings(mails: readonly OutgoingMail[], locale: string): FieldProblem[] {
  const problems = new Set(mails.flatMap(({ html }) => linksIn(html).flatMap(linkProblem)));
  return [...problems].map((problem) => ({ path: `locales.${locale}.mjml`, problem }));
}

/** The addresses that links of `html` lead to. */
export function linksIn(html: string): string[] {
  const links = html.matchAll(/<(?:a|area)\b[^>]*?\shref\s*=\s*(?:"([^"]*)"|'([^']*)')/gi);
  return [...links].map(([, double, single]) => decodeAttribute(double ?? single ?? ''));
}

/** Lines without addresses: what is there to read. */
function readable(text: string): number {
  return text.replace(/\[?https?:\/\/\S+/g, '').replace(/\s+/g, '').length;
}

function linkProblem(address: string): string[] {
  const url = address.trim();
  if (url === '' || url === '#') return ['a link leads nowhere: give it an address, or take it out'];
  if (url !== address) return [`the link to ${shorten(url)} has blanks around its address: take them out`];
  if (url.startsWith('#') || /^(?:mailto|tel|sms):./i.test(url)) return [];
  if (!/^https?:\/\//i.test(url)) return [`the link to ${shorten(url)} is no web address: write it out, with https://`];
  if (!URL.canParse(url)) return [`the link to ${shorten(url)} is no valid address`];
  const { hostname, username } = new URL(url);
  if (username !== '')
    return [`the link to ${shorten(url)} names a user before its host, as forged links do: take that out`];
  if (/^(?:localhost|.*\.(?:localhost|local|internal|test)|127\..*|10\..*|192\.168\..*|\[.*\])$/i.test(hostname))
    return [`the link to ${shorten(url)} leads to a machine that readers can't reach`];
  return [];
}

function shorten(url: string): string {
  return url.length <= 80 ? `"${url}"` : `"${url.slice(0, 77)}…"`;
}
