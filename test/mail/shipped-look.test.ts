import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NOBODY, sampleMails } from '../../mail/sample-mails.ts';
import { openBrowser, openPage, shoot, violations } from '../support/browser.ts';
import { shippedMail } from '../support/shipped-mails.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

/** One of each layout. */
const MAILS = [
  ['stationery', 'newsletter'],
  ['stationery', 'confirm-subscription'],
  ['business', 'cloud-question'],
  ['electricity', 'electricity-offer'],
  ['team', 'handoff'],
] as const;

/** Rules for pages of a website: a mail has no landmarks. */
const OF_PAGES = ['region', 'landmark-one-main'];

async function open(folder: string, key: string, width: number, colorScheme: 'light' | 'dark'): Promise<Page> {
  const mail = await shippedMail(folder, key);
  const html = sampleMails({ ...mail, locale: 'de', tracking: false }, NOBODY).at(-1)?.html ?? '';
  const page = await openPage(browser, { viewport: { width, height: 800 }, colorScheme });
  await page.setContent(html);
  await shoot(page, `mail-${key}-${width}-${colorScheme}`);
  return page;
}

describe.each(MAILS)('the layout of %s/%s', (folder, key) => {
  it.each(['light', 'dark'] as const)('can be read by everybody, in the %s scheme', async (colorScheme) => {
    const page = await open(folder, key, 640, colorScheme);
    expect((await violations(page)).filter(({ id }) => !OF_PAGES.includes(id))).toEqual([]);
    expect(await page.evaluate('document.documentElement.lang')).toBe('de');
    await page.context().close();
  });

  it('has one edge for brand, card and footer on a phone, and nothing beside the screen', async () => {
    const page = await open(folder, key, 375, 'light');
    const seen = await page.evaluate(`({
      wide: document.documentElement.scrollWidth,
      edges: [...new Set([...document.querySelectorAll('.edge, .card')].map((part) => part.getBoundingClientRect().left))],
    })`);
    expect(seen).toEqual({ wide: 375, edges: [12] });
    await page.context().close();
  });
});
