// Open pages show what happens, and disturb nobody.

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {fund, pay} from '../../node/support/asserts.js';
import {startServer} from '../../node/support/purser.js';
import {open, startBrowser, visit} from '../support/browser.js';
import {done, part, press, says} from '../support/hands.js';
import {own} from '../support/world.js';

const server = await startServer();
const browser = await startBrowser();
const stripe = server.client();

/** A page that was not loaded again has what was left in it. */
async function mark(page) {
  await page.evaluate(() => { window.isSame = true; });
}

async function assertSame(page) {
  assert.equal(await page.evaluate(() => window.isSame), true, 'the page was loaded again');
}

/** An open page that hears of changes. */
async function listening(path) {
  const page = await open(browser, server);
  await visit(page, path);
  await page.locator('#live').waitFor();
  await mark(page);
  return page;
}

test('a transfer is on all open pages without loading them again', async () => {
  const {id} = await stripe.customers.create({name: 'Live Wire'});
  const waits = await pay(stripe, id, 90_000, 'usd');
  const pages = await Promise.all([
    listening(`/dashboard/customers/${id}`),
    listening(`/dashboard/payments/${waits.id}`),
    listening('/dashboard'),
    listening('/dashboard/events'),
  ]);
  const [customer, intent, home, events] = pages;
  await fund(stripe, id, 12_300, 'usd');
  await Promise.all([
    says(customer.getByRole('region', {name: 'Cash balance transactions'}), '+123.00 USD'),
    says(part(customer, 'Open payments'), '777.00 USD'),
    says(intent.locator('main'), '777.00 USD'),
    says(home.locator('main'), '123.00 USD'),
    says(events.getByRole('region', {name: 'Events'}), 'payment_intent.partially_funded'),
  ]);
  for (const page of pages) {
    await assertSame(page);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  }
});

test('nobody who types is disturbed', async () => {
  const {id} = await stripe.customers.create({name: 'Type Writer'});
  await fund(stripe, id, 1_000, 'eur');
  const page = await listening(`/dashboard/customers/${id}`);
  const reference = part(page, 'Simulate a transfer').getByLabel('Reference');
  await reference.pressSequentially('half a ');
  const transactions = page.getByRole('region', {name: 'Cash balance transactions'});
  for (const amount of [2_000, 3_000]) {
    await fund(stripe, id, amount, 'eur');
    await says(transactions, `+${amount / 100}.00 EUR`);
  }
  await page.keyboard.type('word');
  assert.equal(await reference.inputValue(), 'half a word');
  // What was filled in stays when one looks elsewhere, too.
  const email = part(page, 'Send cash back').getByLabel('E-mail');
  await email.fill('somebody@example.com');
  await page.locator('h1').click();
  await fund(stripe, id, 4_000, 'eur');
  await says(transactions, '+40.00 EUR');
  assert.equal(await email.inputValue(), 'somebody@example.com');
  assert.equal(await reference.inputValue(), 'half a word');
  await assertSame(page);
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('what was opened stays open', async () => {
  const {id} = await stripe.customers.create({name: 'Open House'});
  await fund(stripe, id, 1_000, 'gbp');
  const page = await listening('/dashboard');
  const days = page.getByRole('region', {name: /^GBP in the last/, includeHidden: true});
  const pounds = page.locator('main section').filter({has: days});
  await pounds.getByText('These numbers as a table').click();
  await days.getByRole('cell', {name: '10.00'}).first().waitFor();
  await fund(stripe, id, 55_500, 'gbp');
  await says(page.locator('main'), '565.00 GBP');
  await days.getByRole('cell', {name: '565.00'}).first().waitFor();
  await assertSame(page);
  await page.context().close();
});

test('what was pressed keeps the focus, and holds nothing up', async () => {
  const {id} = await stripe.customers.create({name: 'Focus Pocus'});
  const page = await listening(`/dashboard/customers/${id}`);
  // A part of the page that is new moves all others.
  await page.getByRole('button', {name: 'Copy the id'}).click();
  const focused = () => page.evaluate(() => document.activeElement.ariaLabel);
  assert.match(await focused(), /id$/);
  await fund(stripe, id, 2_500, 'gbp');
  await says(page.getByRole('region', {name: 'Cash balance transactions'}), '+25.00 GBP');
  assert.match(await focused(), /id$/);
  await page.getByRole('link', {name: 'Statement'}).focus();
  await fund(stripe, id, 2_600, 'gbp');
  await says(page.getByRole('region', {name: 'Cash balance transactions'}), '+26.00 GBP');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Statement');
  await assertSame(page);
  await page.context().close();
});

test('what was done is told to whoever did it, and stays told', async () => {
  const {id} = await stripe.customers.create({name: 'Told Once'});
  const page = await listening(`/dashboard/customers/${id}`);
  const beside = await page.context().newPage();
  await visit(beside, `/dashboard/customers/${id}`);
  await beside.locator('#live').waitFor();
  // The other window looks all the time for what changed, and takes nothing away.
  await beside.evaluate(async () => {
    const look = () => fetch(location.href, {headers: {'Purser-Live': '1'}}).then(look, () => {});
    look();
  });
  const form = part(page, 'Simulate a transfer');
  for (const amount of [21, 22, 23, 24]) {
    await form.getByLabel('Amount').fill(`${amount}`);
    await press(form, 'Send the transfer');
    await done(page, `A transfer of ${amount}.00 USD arrived.`);
  }
  await page.locator('#live').waitFor();
  await fund(stripe, id, 500, 'jpy');
  await says(page.locator('main'), '500 JPY');
  await done(page, 'A transfer of 24.00 USD arrived.');
  await visit(page, `/dashboard/customers/${id}`);
  assert.equal(await page.locator('.notice').count(), 0);
  await page.context().close();
});

test('what happens while a page is on its way is not missed', async () => {
  const {id} = await stripe.customers.create({name: 'Just Then'});
  const page = await open(browser, server);
  await page.route('**/dashboard/live', async (route) => {
    await fund(stripe, id, 6_600, 'mxn');
    await route.continue();
  });
  await visit(page, `/dashboard/customers/${id}`);
  await says(page.locator('main'), '66.00 MXN');
  await page.context().close();
});

test('the clock goes on in all windows', async () => {
  const page = await listening('/dashboard/clock');
  await own(stripe, '/purser/v1/clock', {advance_s: 400 * 86_400});
  const year = String(new Date(Date.now() + 400 * 86_400_000).getUTCFullYear());
  await says(part(page, 'The clock of this sandbox'), new RegExp(year));
  await assertSame(page);
  await page.context().close();
});
