// A real browser before a real server: opens pages, looks at them, and keeps pictures of them.

import assert from 'node:assert/strict';
import {existsSync, mkdirSync} from 'node:fs';
import {after} from 'node:test';
import {fileURLToPath} from 'node:url';

import axe from 'axe-core';
import {chromium} from 'playwright-core';

/** Where Debian's package puts it; `PURSER_CHROMIUM` names another one. */
const CHROMIUM = process.env.PURSER_CHROMIUM || '/usr/bin/chromium';
/** Where pictures of pages are kept, for whoever looks at a run afterwards. */
const DEFAULT_PICTURES = new URL('../../../target/screenshots/', import.meta.url);
const PICTURES = process.env.PURSER_SCREENSHOTS || fileURLToPath(DEFAULT_PICTURES);
/** A browser that asks nobody but the server. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** How long a page may take to show what a test waits for. */
const PATIENCE_MS = 20_000;
/** No page is larger. */
const PAGE_BYTES_MAX = 200 * 1024;

const SIZES = {
  desk: {width: 1280, height: 900},
  phone: {width: 390, height: 844},
};

/** One browser for all tests of a file. */
export async function startBrowser() {
  assert(existsSync(CHROMIUM), `there is no ${CHROMIUM}: install chromium, or set PURSER_CHROMIUM`);
  mkdirSync(PICTURES, {recursive: true});
  const browser = await chromium.launch({executablePath: CHROMIUM, args: FLAGS});
  after(() => browser.close());
  return browser;
}

/** A window of somebody with no past. What goes wrong in it is kept in `page.faults`. */
export async function open(browser, server, {size = 'desk', dark = false, scripts = true} = {}) {
  const context = await browser.newContext({
    baseURL: `http://127.0.0.1:${server.port}`,
    viewport: SIZES[size],
    colorScheme: dark ? 'dark' : 'light',
    javaScriptEnabled: scripts,
    permissions: ['clipboard-read', 'clipboard-write'],
    timezoneId: 'Europe/Berlin',
    locale: 'en-GB',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') page.faults.push(message.text());
  });
  page.on('request', (request) => {
    const own = [`http://127.0.0.1:${server.port}/`, 'data:', 'about:'];
    const isOwn = own.some((start) => request.url().startsWith(start));
    if (!isOwn) page.faults.push(`asked another host: ${request.url()}`);
  });
  return page;
}

/** Goes to a page, which must be there and small enough. */
export async function visit(page, path) {
  const answer = await page.goto(path, {waitUntil: 'domcontentloaded'});
  assert.equal(answer.status(), 200, path);
  const bytes = (await answer.body()).length;
  assert(bytes < PAGE_BYTES_MAX, `${path} has ${bytes} bytes`);
  return answer;
}

/** Keeps a picture of the whole page. */
export async function picture(page, name) {
  await page.screenshot({path: `${PICTURES}/${name}.png`, fullPage: true});
}

/** Nothing went wrong in the window, and nothing shuts people out of the page. */
export async function assertSound(page, path) {
  assert.deepEqual(page.faults, [], path);
  await page.evaluate(axe.source);
  const {violations} = await page.evaluate(() => window.axe.run());
  const grave = violations.filter(({impact}) => impact === 'serious' || impact === 'critical');
  const told = grave.map(({id, help, nodes}) => `${id}: ${help}: ${nodes.map(({html}) => html)}`);
  assert.deepEqual(told, [], path);
  const wide = await page.evaluate(() =>
    document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert(wide <= 1, `${path} is ${wide} px wider than its window`);
}
