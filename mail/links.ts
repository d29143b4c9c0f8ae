import { signToken } from './tokens.ts';

/** Where links of mails lead, and what signs them. */
export interface LinkOptions {
  /** Address under which the world reaches the API, without a slash at the end. */
  readonly publicUrl: string;
  readonly signingSecret: string;
}

/** Past this length a link is left as it is: its token would be too long for some mail programs. */
const LONGEST_TRACKED_URL = 1_500;

/** The address of a message's one-click unsubscription (RFC 8058). */
export function unsubscribeUrl(options: LinkOptions, messageId: string): string {
  return `${options.publicUrl}/u/${signToken(options.signingSecret, { purpose: 'unsubscribe', messageId })}`;
}

/** The address of the page where whoever got a message says what to be written about, and how often. */
export function preferencesUrl(options: LinkOptions, messageId: string): string {
  return `${options.publicUrl}/p/${signToken(options.signingSecret, { purpose: 'preferences', messageId })}`;
}

/** The address of the page where the reader of a message confirms a sign-up. */
export function confirmUrl(options: LinkOptions, messageId: string): string {
  return `${options.publicUrl}/c/${signToken(options.signingSecret, { purpose: 'confirm', messageId })}`;
}

/** The address of the page where the reader of a message says that a consent still holds. */
export function renewUrl(options: LinkOptions, messageId: string): string {
  return `${options.publicUrl}/r/${signToken(options.signingSecret, { purpose: 'renew', messageId })}`;
}

/** The address of a message as a page. */
export function viewUrl(options: LinkOptions, messageId: string): string {
  return `${options.publicUrl}/m/${signToken(options.signingSecret, { purpose: 'view', messageId })}`;
}

/** The address of a message's open pixel. */
export function openUrl(options: LinkOptions, messageId: string): string {
  return `${options.publicUrl}/t/o/${signToken(options.signingSecret, { purpose: 'open', messageId })}`;
}

/** The address that records a click and leads on to `url`. */
export function clickUrl(options: LinkOptions, messageId: string, url: string): string {
  return `${options.publicUrl}/t/c/${signToken(options.signingSecret, { purpose: 'click', messageId, url })}`;
}

/**
 * The address of the page that takes the answer to a message's question. `choice` is the place of the one that its link
 * stands for, from 1: the page has it chosen already, and records nothing until the person says so.
 */
export function answerUrl(options: LinkOptions, messageId: string, attribute: string, choice?: number): string {
  const token = signToken(options.signingSecret, { purpose: 'answer', messageId, attribute });
  return `${options.publicUrl}/a/${token}${choice === undefined ? '' : `?choice=${choice}`}`;
}

/** Where links of mails lead to Tend itself. */
const OWN_PATHS = ['/u/', '/p/', '/t/', '/a/', '/c/', '/r/', '/m/'];

/** True for an address of one of Tend's own pages. */
export function isOwnPage({ publicUrl }: LinkOptions, url: string): boolean {
  return OWN_PATHS.some((path) => url.startsWith(publicUrl + path));
}

const LINK = /(<(?:a|area)\b(?![^>]*\sdata-tend-track="off")[^>]*?\shref\s*=\s*)(?:"([^"]*)"|'([^']*)')/gi;

/**
 * Leads every http(s) link of `html` through the click address of `messageId`. `mailto:`, `tel:`, fragments and links
 * to Tend itself stay as they are: unsubscribing and answering must work whatever becomes of tracking. So does a link
 * marked `data-tend-track="off"`: who reads the imprint shows no interest in a product.
 */
export function trackLinks(html: string, options: LinkOptions, messageId: string): string {
  return replaceLinks(html, (url) => {
    if (!/^https?:\/\//i.test(url) || url.length > LONGEST_TRACKED_URL || !URL.canParse(url)) return null;
    return isOwnPage(options, url) ? null : clickUrl(options, messageId, url);
  });
}

/** Gives each link of `html` that is not marked `data-tend-track="off"` the address that `change` makes of its own; null: it stays. */
export function replaceLinks(html: string, change: (url: string) => string | null): string {
  return html.replace(LINK, (whole: string, before: string, double: string | undefined, single: string | undefined) => {
    const url = change(decodeAttribute(double ?? single ?? '').trim());
    return url === null ? whole : `${before}"${url.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`;
  });
}

/**
 * Puts a link at the end of the body that no person can see, reach with the keyboard or have read out: who follows it is a
 * machine. `mso-hide` is for Outlook, which knows no `display`.
 */
export function addTrap(html: string, options: LinkOptions, messageId: string): string {
  const url = `${options.publicUrl}/t/h/${signToken(options.signingSecret, { purpose: 'trap', messageId })}`;
  const trap = `<div aria-hidden="true" style="display:none;mso-hide:all;max-height:0;overflow:hidden"><a href="${url}" tabindex="-1" rel="nofollow" style="display:none;mso-hide:all"></a></div>`;
  const end = html.lastIndexOf('</body>');
  return end === -1 ? html + trap : html.slice(0, end) + trap + html.slice(end);
}

/** Puts the open pixel at the end of the body, where it delays nothing. */
export function addOpenPixel(html: string, options: LinkOptions, messageId: string): string {
  const pixel = `<img src="${openUrl(options, messageId)}" width="1" height="1" alt="" style="display:block;border:0;width:1px;height:1px" />`;
  const end = html.lastIndexOf('</body>');
  return end === -1 ? html + pixel : html.slice(0, end) + pixel + html.slice(end);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', quot: '"', apos: "'", lt: '<', gt: '>' };

/** The value of an HTML attribute: the references that a URL holds in practice, decoded. */
export function decodeAttribute(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|quot|apos|lt|gt));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return ENTITIES[String(name).toLowerCase()] ?? whole;
    const code = hex !== undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
