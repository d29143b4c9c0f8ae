import { isOwnPage, type LinkOptions, replaceLinks } from './links.ts';

/** What tells the company's statistics which mail a visit comes from. */
export interface UtmParameters {
  readonly source: string;
  readonly medium: string;
  readonly campaign: string;
  readonly term?: string;
  readonly content?: string;
}

/**
 * Adds `utm_…` to the web links of `html`. What a link says itself stands, and so does its fragment. Links to Tend itself
 * stay as they are, and those marked `data-tend-track="off"`.
 */
export function addUtm(html: string, utm: UtmParameters, options: LinkOptions): string {
  return replaceLinks(html, (address) => {
    if (!/^https?:\/\//i.test(address) || !URL.canParse(address) || isOwnPage(options, address)) return null;
    const [before = '', ...fragment] = address.split('#');
    const [path = '', ...query] = before.split('?');
    const said = new URLSearchParams(query.join('?'));
    const added = Object.entries(utm)
      .filter(([name]) => !said.has(`utm_${name}`))
      .map(([name, value]) => `utm_${name}=${encodeURIComponent(value)}`);
    const all = [...query.filter((part) => part !== ''), ...added].join('&');
    return `${path}${all === '' ? '' : `?${all}`}${fragment.map((part) => `#${part}`).join('')}`;
  });
}
