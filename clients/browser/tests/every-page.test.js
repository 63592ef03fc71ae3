// Every page that a link leads to: it is there, small, sound, and the same without scripts.

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {startServer} from '../../node/support/purser.js';
import {assertSound, open, picture, startBrowser, visit} from '../support/browser.js';
import {everything} from '../support/world.js';

const server = await startServer();
const browser = await startBrowser();
await everything(server.client());

/** What a page is, without what it is of. */
function shape(path) {
  const [plain, query] = path.split('?');
  const parts = plain.split('/').map((part) => (/_|\d/.test(part) ? '{}' : part));
  const names = [...new URLSearchParams(query ?? '').keys()].sort();
  return parts.join('/') + (names.length ? `?${names.join('&')}` : '');
}

/** A name for a picture of such a page. */
function called(page) {
  return page.slice(1).replaceAll('{}', 'one').replaceAll(/\W+/g, '-');
}

async function links(page) {
  const all = await page.$$eval('a[href^="/dashboard"]', (found) =>
    found.map((link) => link.getAttribute('href')));
  return all.map((path) => path.split('#')[0]).filter((path) => !/\.\w+(\?|$)/.test(path));
}

/** One path of each shape. */
const pages = new Map();

test('every link leads to a page that is sound', async () => {
  const page = await open(browser, server);
  const waiting = ['/dashboard', '/dashboard/customers?query=nordlicht'];
  while (waiting.length) {
    const path = waiting.shift();
    if (pages.has(shape(path))) continue;
    pages.set(shape(path), path);
    await visit(page, path);
    await picture(page, called(shape(path)));
    await assertSound(page, path);
    waiting.push(...await links(page));
  }
  const subjects = [
    '', '/customers', '/customers/{}', '/customers/{}/statement', '/payments', '/payments/{}',
    '/refunds', '/refunds/{}', '/payouts', '/payouts/{}', '/unreconciled', '/transactions/{}/{}',
    '/charges', '/charges/{}', '/topups', '/topups/{}', '/events', '/events/{}', '/webhooks', '/webhooks/{}', '/requests', '/approvals', '/ledger',
    '/journal', '/journal/{}', '/exports', '/clock',
  ];
  for (const subject of subjects) {
    assert(pages.has(`/dashboard${subject}`), `no link leads to /dashboard${subject}`);
  }
  await page.context().close();
});

for (const [name, look] of [['dark', {dark: true}], ['on a phone', {size: 'phone'}]]) {
  test(`every page is sound ${name}`, async () => {
    const page = await open(browser, server, look);
    for (const [what, path] of pages) {
      await visit(page, path);
      await picture(page, `${called(what)}-${name.replaceAll(' ', '-')}`);
      await assertSound(page, path);
    }
    await page.context().close();
  });
}

test('every page can be read without scripts', async () => {
  const [plain, lively] = [
    await open(browser, server, {scripts: false}),
    await open(browser, server),
  ];
  // Charts end now; moments are in the reader's own time, and things can be
  // copied, where scripts run only.
  const read = (page) => page.$eval('main', (main) => {
    const texts = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
    const words = [];
    while (texts.nextNode()) {
      const {parentElement, data} = texts.currentNode;
      if (!parentElement.closest('time, button.copy, svg')) words.push(data.trim());
    }
    return words.filter((word) => word).join(' ');
  });
  for (const path of pages.values()) {
    await visit(lively, path);
    await visit(plain, path);
    assert.equal(await read(plain), await read(lively), path);
  }
  await Promise.all([plain.context().close(), lively.context().close()]);
});
