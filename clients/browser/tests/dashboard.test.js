// The dashboard as people use it: what they see, and what they do.

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {startServer} from '../../node/support/purser.js';
import {assertSound, open, picture, startBrowser, visit} from '../support/browser.js';

const server = await startServer();
const browser = await startBrowser();

test('an empty sandbox', async () => {
  for (const look of [{}, {dark: true}, {size: 'phone'}]) {
    const page = await open(browser, server, look);
    await visit(page, '/dashboard');
    await assertSound(page, '/dashboard');
    await page.context().close();
  }
});
