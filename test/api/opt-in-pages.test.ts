import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../config/package-root.ts';
import type { Database } from '../../store/database.ts';
import { sql } from '../../store/sql.ts';
import { openBrowser, openPage, PHONE, shoot, violations } from '../support/browser.ts';
import { publish } from '../support/company.ts';
import { confirmTemplate, shopPolicy, signUp } from '../support/consent.ts';
import { createTestDatabase } from '../support/database.ts';
import { readable, startPost, type TestPost } from '../support/post.ts';
import { fixedClock, type RunningApi, SIGNING_SECRET, startApi, WRITE_KEY } from './running-api.ts';

let database: Database;
let api: RunningApi;
let post: TestPost;
let browser: Browser;
const clock = fixedClock('2026-11-25T10:00:00.000Z');

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(database, clock);
  post = await startPost(database, clock, SIGNING_SECRET);
  browser = await openBrowser();
  await publish(database, 'template', confirmTemplate, clock.now());
  await publish(database, 'consent', shopPolicy, clock.now());
});
afterAll(async () => {
  expect(api.failures).toEqual([]);
  await browser.close();
  await post.close();
  await api.stop();
  await database.close();
});

/** The path of the page that the mail to `address` leads to. */
async function pathFor(address: string): Promise<string> {
  const mail = (await post.deliver()).find(({ to }) => to === address);
  return new URL(readable(mail!).links.find((each) => each.includes('/c/')) ?? '').pathname;
}

describe('the page of a sign-up in a real browser', () => {
  it('works without JavaScript, at a telephone’s width, and by night; axe finds nothing', async () => {
    const address = 'browser@people.example';
    const fields = { ...signUp, address, purposes: ['newsletter', 'offers'], writeKey: WRITE_KEY };
    await fetch(`${api.url}/v1/opt-ins`, { method: 'POST', body: JSON.stringify(fields) });
    const path = await pathFor(address);
    for (const colorScheme of ['light', 'dark'] as const) {
      const scripted = await openPage(browser, { colorScheme });
      await scripted.goto(api.url + path);
      expect(await violations(scripted)).toEqual([]);
      await shoot(scripted, `confirm-desk-${colorScheme}`);
    }
    const page = await openPage(browser, { viewport: PHONE, colorScheme: 'dark', javaScriptEnabled: false });
    await page.goto(api.url + path);
    await shoot(page, 'confirm-phone-dark');
    const width = await page.locator('body').evaluate((body) => body.scrollWidth);
    expect(width).toBeLessThanOrEqual(PHONE.width);
    await page.getByRole('link', { name: 'English' }).click();
    expect(await page.locator('h1').innerText()).toBe('Do you confirm this sign-up?');
    await page.getByRole('link', { name: 'Deutsch' }).click();
    await page.getByRole('button', { name: 'Ja, ich bestätige' }).click();
    expect(await page.locator('h1').innerText()).toBe('Vielen Dank, Sie sind angemeldet');
    const onward = page.getByRole('link', { name: 'Weiter zu shop.example' });
    expect(await onward.getAttribute('href')).toBe(signUp.returnUrl);
    await shoot(page, 'confirmed-phone-dark');
    await page.goto(api.url + path);
    expect(await page.locator('h1').innerText()).toBe('Das ist schon bestätigt');
  });
});

describe('the form of docs/consent.md', () => {
  it('signs up from the shop’s own page, with the words as its visitor sees them', async () => {
    const docs = readFileSync(join(packageRoot, 'docs', 'consent.md'), 'utf8');
    const snippet = /```html\n([\s\S]*?)```/.exec(docs)?.[1] ?? '';
    const html = `<!doctype html><html lang="de"><title>Shop</title>${snippet.replace('wk_…', WRITE_KEY)}</html>`;
    const page = await openPage(browser);
    await page.route('https://shop.example/**', (route) => route.fulfill({ contentType: 'text/html', body: html }));
    // Another origin than the page's: the browser holds the answer against its rules (CORS).
    const methods: string[] = [];
    await page.route('https://tend.shop.example/**', async (route) => {
      methods.push(route.request().method());
      const { pathname } = new URL(route.request().url());
      await route.fulfill({ response: await route.fetch({ url: api.url + pathname }) });
    });
    await page.goto('https://shop.example/newsletter');
    await page.getByLabel('Your address').fill('visitor@people.example');
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Sign up' }).click();
    await page.getByText('Please look into your mailbox and confirm.').waitFor();
    expect(methods).toEqual(['POST']);
    const [row] = await database.query(sql`
      SELECT purposes, wording, wording_version AS version, form_url AS "formUrl", locale, return_url AS "returnUrl", user_agent AS "userAgent"
      FROM opt_in_request WHERE address = 'visitor@people.example'`);
    expect(row).toEqual({
      purposes: ['newsletter'],
      wording: 'Yes, write to me about paper and ink, at most twice a week. I can end this at any time.',
      version: '2026-11',
      formUrl: 'https://shop.example/newsletter',
      locale: 'de',
      returnUrl: 'https://shop.example/thanks',
      userAgent: expect.stringContaining('Chrome'),
    });
    expect(await pathFor('visitor@people.example')).toMatch(/^\/c\//);
  });
});
