import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** A real browser. Playwright's own download may be out of reach; Debian's `chromium` package does. */
const EXECUTABLE = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** Starts chromium; whoever starts it closes it. As root it runs only without its sandbox. */
export async function openBrowser(): Promise<Browser> {
  if (!existsSync(EXECUTABLE))
    throw new Error(`no browser at ${EXECUTABLE}: apt-get install chromium, or name another in CHROMIUM_PATH`);
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
}

/** Widths of a telephone and of a desk, in CSS pixels. */
export const PHONE = { width: 375, height: 812 };
export const DESK = { width: 1_280, height: 900 };

/** What a reader brings: by default German, light, at a desk, with JavaScript. */
export type Reader = Pick<BrowserContextOptions, 'viewport' | 'locale' | 'colorScheme' | 'javaScriptEnabled'>;

/** A page of its own, with nothing kept of others. Closing the browser closes it. */
export async function openPage(browser: Browser, reader: Reader = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: DESK, locale: 'de-DE', colorScheme: 'light', ...reader });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  return page;
}

/** A picture of the whole page for local looking; nothing where TEND_SHOTS names no folder. */
export async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env.TEND_SHOTS;
  if (folder === undefined || folder === '') return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** By how many pixels the page is wider than the screen: 0 where nothing sticks out. */
export async function sticksOut(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

export interface Violation {
  readonly id: string;
  readonly help: string;
  /** Selectors of what violates it. */
  readonly where: readonly string[];
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * What axe-core finds against WCAG 2.2 AA and its best practices; empty: nothing. The page needs JavaScript on, for axe has
 * timers.
 */
export async function violations(page: Page): Promise<Violation[]> {
  // Evaluated from outside, which the page's own policy does not prevent.
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: AxeViolation[] }> } };
    return (await axe.run()).violations;
  });
  return found.map(({ id, help, nodes }) => ({ id, help, where: nodes.map(({ target }) => target.join(' ')) }));
}

interface AxeViolation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly target: readonly string[] }[];
}
