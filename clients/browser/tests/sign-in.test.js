// Who gets in to the dashboard of a server in production, what they may do, and how they leave.

import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {test} from 'node:test';

import {BINARY, startServer} from '../../node/support/purser.js';
import {assertSound, open, picture, startBrowser, visit} from '../support/browser.js';
import {done, idOf, part, press, says} from '../support/hands.js';

const PASSWORD = 'correct horse battery';

const server = await startServer('--production');
const browser = await startBrowser();
addUser('ada', 'operator');
addUser('bob', 'read-only');

function addUser(name, role) {
  const words = ['dashboard-user', 'add', name, '--role', role, '--password-stdin'];
  execFileSync(BINARY, [...words, '--store', server.store], {input: `${PASSWORD}\n`});
}

/** Somebody at the page where one signs in. */
async function atTheDoor(path = '/dashboard', look = {}) {
  const page = await open(browser, server, look);
  await page.goto(path);
  await page.getByRole('heading', {level: 1, name: 'Sign in'}).waitFor();
  return page;
}

async function signIn(page, name, password = PASSWORD) {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', {name: 'Sign in', exact: true}).click();
}

/** What one can do is below one's own name. */
async function openMenu(page) {
  await page.locator('summary', {hasText: 'Signed in as'}).click();
}

test('a name and a password lead to the page that was wanted', async () => {
  const page = await atTheDoor('/dashboard/customers?query=ada');
  await assertSound(page, 'sign-in');
  await picture(page, 'sign-in');
  await signIn(page, 'ada');
  await page.getByRole('heading', {name: 'Customers found for “ada”'}).waitFor();
  await visit(page, '/dashboard');
  await page.locator('header').getByText('Live', {exact: true}).waitFor();
  await assertSound(page, 'signed in');

  // No page simulates anything in production.
  await page.getByRole('link', {name: 'Customers', exact: true}).click();
  const form = part(page, 'New customer');
  await form.getByLabel('Name').fill('Grace');
  await press(form, 'Make customer');
  await done(page, 'The customer was made.');
  const id = idOf(page, 'cus_');
  assert.equal(await part(page, 'Simulate a transfer').count(), 0);
  const {key} = await server.makeKey('look', {mode: 'live'});
  assert.equal((await server.client({}, key).customers.retrieve(id)).name, 'Grace');

  // The other mode has other customers.
  await openMenu(page);
  await picture(page, 'signed-in-menu');
  await press(page, 'Show the test mode');
  await page.locator('header').getByText('Test', {exact: true}).waitFor();
  await visit(page, '/dashboard/customers');
  await page.getByText('There are no customers yet.').waitFor();
  await openMenu(page);
  await press(page, 'Show the live mode');
  await page.locator('header').getByText('Live', {exact: true}).waitFor();

  await openMenu(page);
  await press(page, 'Sign out');
  await page.getByRole('heading', {level: 1, name: 'Sign in'}).waitFor();
  for (const path of ['/dashboard', `/dashboard/customers/${id}`, '/dashboard/ledger']) {
    await page.goto(path);
    await page.getByRole('heading', {level: 1, name: 'Sign in'}).waitFor();
    assert(!(await page.content()).includes('Grace'), path);
  }
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('a wrong password leads nowhere, and says so', async () => {
  const page = await atTheDoor('/dashboard', {dark: true, size: 'phone'});
  await signIn(page, 'ada', 'wrong horse battery');
  await page.getByRole('alert').waitFor();
  await says(page.getByRole('alert'), 'That is not right. Please try again.');
  assert.equal(await page.getByLabel('Name').inputValue(), 'ada');
  assert.equal(await page.getByLabel('Password').inputValue(), '');
  // Chromium tells the console of every answer above 399.
  page.faults.length = 0;
  await assertSound(page, 'a wrong password');
  await picture(page, 'sign-in-wrong-dark-on-a-phone');
  await page.goto('/dashboard/customers');
  await signIn(page, 'ada');
  await page.getByRole('heading', {level: 1, name: 'Customers'}).waitFor();
  await page.context().close();
});

test('whoever may only look sees no forms', async () => {
  const {key} = await server.makeKey('fill', {mode: 'live'});
  const stripe = server.client({}, key);
  const customer = await stripe.customers.create({name: 'Looked At'});
  const page = await atTheDoor();
  await signIn(page, 'bob');
  await page.getByRole('heading', {level: 1, name: 'Balances'}).waitFor();
  for (const path of [
    '/customers', `/customers/${customer.id}`, '/payouts', '/webhooks', '/ledger', '/approvals',
  ]) {
    await visit(page, `/dashboard${path}`);
    assert.equal(await page.locator('main form[method=post]').count(), 0, path);
    await assertSound(page, path);
  }
  await picture(page, 'read-only');
  await openMenu(page);
  await page.getByText('Read-only').waitFor();
  await page.context().close();
});

test('a key opens what it may see, until it is revoked', async () => {
  const made = await server.makeKey('desk', {mode: 'test'});
  const page = await atTheDoor('/dashboard/customers');
  await page.getByLabel('API key').fill('sk_test_invented');
  await press(page, 'Sign in with the key');
  await says(page.getByRole('alert'), 'That is not right.');
  page.faults.length = 0;
  await page.getByLabel('API key').fill(made.key);
  await press(page, 'Sign in with the key');
  await page.getByRole('heading', {level: 1, name: 'Customers'}).waitFor();
  const kept = JSON.stringify([page.url(), await page.context().storageState()]);
  assert(!kept.includes(made.key), 'a key is kept');
  await server.command('keys', 'revoke', made.id);
  await page.goto('/dashboard/payments');
  await page.getByRole('heading', {level: 1, name: 'Sign in'}).waitFor();
  assert.deepEqual(page.faults, []);
  await page.context().close();
});
