// What people do beside moving money: webhooks, approvals, audits, the clock; and by keyboard only.

import assert from 'node:assert/strict';
import {once} from 'node:events';
import {createServer} from 'node:http';
import {after, test} from 'node:test';

import {fund} from '../../node/support/asserts.js';
import {startServer} from '../../node/support/purser.js';
import {assertSound, open, picture, startBrowser, visit} from '../support/browser.js';
import {
  copied, done, idOf, part, press, pressAndAgree, pressAndRefuse, refused, says,
} from '../support/hands.js';

const server = await startServer();
const browser = await startBrowser();
const stripe = server.client();
const page = await open(browser, server);
const receiver = await startReceiver();

/** Takes whatever webhooks bring. */
async function startReceiver() {
  const taken = [];
  const listener = createServer(async (request, answer) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const body = Buffer.concat(pieces).toString();
    taken.push({body, signature: request.headers['stripe-signature']});
    answer.end('thank you');
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  after(() => {
    listener.close();
    listener.closeAllConnections();
  });
  return {taken, url: `http://127.0.0.1:${listener.address().port}/hook`};
}

/** A secret that a page shows is in nothing that stays. */
async function assertKeptNowhere(secret) {
  const kept = JSON.stringify([page.url(), await page.context().storageState()]);
  assert(!kept.includes(secret.slice('whsec_'.length)), 'a secret is kept');
}

test('a webhook endpoint is added, told, disabled, given another secret, removed', async () => {
  await visit(page, '/dashboard/webhooks');
  const form = part(page, 'Add an endpoint');
  await form.getByLabel('Address').fill(receiver.url);
  await form.getByLabel('Types of events').fill('Every payment');
  await press(form, 'Add the endpoint');
  await refused(page, 'is no type of events');
  await form.getByLabel('Address').fill(receiver.url);
  await form.getByLabel('Types of events').fill('customer.created\npayout.paid');
  await form.getByLabel('Description').fill('The shop');
  await press(form, 'Add the endpoint');
  await page.getByRole('heading', {level: 1, name: 'The endpoint was added'}).waitFor();
  const first = await copied(page, page.getByRole('button', {name: 'Copy the secret'}));
  assert.match(first, /^whsec_/);
  await assertKeptNowhere(first);
  await assertSound(page, 'a secret');
  await page.getByRole('link', {name: 'Go on to the endpoint'}).click();
  await page.getByRole('heading', {level: 1, name: receiver.url}).waitFor();
  const id = idOf(page, 'we_');
  assert(!(await page.content()).includes(first), 'the secret is shown again');
  const endpoint = await stripe.webhookEndpoints.retrieve(id);
  assert.deepEqual(endpoint.enabled_events, ['customer.created', 'payout.paid']);

  // The page shows what was told without being asked for again.
  const {id: customer} = await stripe.customers.create({name: 'Heard Of'});
  const attempts = page.getByRole('region', {name: 'Attempts'});
  await says(attempts, 'thank you');
  const [told] = receiver.taken;
  const event = stripe.webhooks.constructEvent(told.body, told.signature, first);
  assert.equal(event.data.object.id, customer);

  await attempts.getByRole('link').first().click();
  await page.getByRole('heading', {level: 1, name: 'customer.created'}).waitFor();
  await press(page.locator('main'), 'Tell it again');
  await done(page, `${id} is told again`);
  await says(page.getByRole('region', {name: 'Attempts'}), 'by hand');
  assert.equal(receiver.taken.length, 2);
  assert.equal(JSON.parse(receiver.taken[1].body).id, event.id);

  await visit(page, `/dashboard/webhooks/${id}`);
  const secret = part(page, 'Secret');
  await secret.getByLabel('The old secret signs, too,').selectOption('0');
  await pressAndRefuse(secret, 'Make another secret');
  await pressAndAgree(secret, 'Make another secret');
  await page.getByRole('heading', {level: 1, name: 'The endpoint has another secret'}).waitFor();
  const second = await copied(page, page.getByRole('button', {name: 'Copy the secret'}));
  assert.notEqual(second, first);
  await assertKeptNowhere(second);
  await page.getByRole('link', {name: 'Go on to the endpoint'}).click();
  await stripe.customers.create({name: 'Told With Another'});
  await attempts.getByRole('row').nth(3).waitFor();
  const latest = receiver.taken.at(-1);
  stripe.webhooks.constructEvent(latest.body, latest.signature, second);
  assert.throws(
    () => stripe.webhooks.constructEvent(latest.body, latest.signature, first),
    {type: 'StripeSignatureVerificationError'},
  );

  await pressAndRefuse(part(page, 'Disable'), 'Disable');
  assert.equal((await stripe.webhookEndpoints.retrieve(id)).status, 'enabled');
  await pressAndAgree(part(page, 'Disable'), 'Disable');
  await done(page, 'The endpoint is disabled: it is told nothing.');
  assert.equal((await stripe.webhookEndpoints.retrieve(id)).status, 'disabled');
  await picture(page, 'action-endpoint-disabled');
  await press(part(page, 'Enable'), 'Enable');
  await done(page, 'The endpoint is enabled.');
  assert.equal((await stripe.webhookEndpoints.retrieve(id)).status, 'enabled');
  await pressAndAgree(part(page, 'Remove'), 'Remove');
  await done(page, 'The endpoint was removed.');
  assert.deepEqual((await stripe.webhookEndpoints.list()).data, []);
});

test('a person decides what an agent may do', async () => {
  const {id: customer} = await stripe.customers.create({name: 'Ada', email: 'ada@example.com'});
  await fund(stripe, customer, 10_000, 'usd');
  const words = ['--name', 'agent', '--restricted', '--scope=*:read', '--scope=*:write'];
  const made = await server.command('keys', 'create', ...words, '--approve-above=usd=0', '--json');
  const agent = server.client({maxNetworkRetries: 0}, JSON.parse(made).key);
  const pay = (idempotencyKey) => agent.paymentIntents.create({
    amount: 3_000,
    currency: 'usd',
    customer,
    confirm: true,
    payment_method_types: ['customer_balance'],
    payment_method_data: {type: 'customer_balance'},
  }, {idempotencyKey});
  const cash = async () => {
    const {available} = await stripe.customers.retrieveCashBalance(customer);
    return available.usd;
  };

  await visit(page, '/dashboard/approvals');
  await page.getByText('Nothing waits for a person.').waitFor();
  await assert.rejects(pay('rent'), {code: 'approval_required'});
  // The list fills without being asked for again.
  const waiting = page.getByRole('region', {name: 'Waiting'});
  await waiting.getByRole('link').first().click();
  await says(part(page, 'What would be done'), '30.00 USD');
  await assertSound(page, 'an approval');
  await picture(page, 'action-approval');
  await pressAndRefuse(part(page, 'Approve'), 'Approve');
  assert.equal(await cash(), 10_000);
  await pressAndAgree(part(page, 'Approve'), 'Approve');
  await done(page, 'It was approved and carried out.');
  assert.equal(await cash(), 7_000);
  assert.equal((await pay('rent')).status, 'succeeded');
  assert.equal(await cash(), 7_000);

  await assert.rejects(pay('car'), {code: 'approval_required'});
  await visit(page, '/dashboard/approvals');
  await waiting.getByRole('link').first().click();
  await page.getByLabel('Reason').fill('take the train');
  await press(part(page, 'Reject'), 'Reject');
  await done(page, 'It was rejected.');
  await says(part(page, 'Decision'), 'take the train');
  await assert.rejects(pay('car'), {code: 'approval_rejected', message: /take the train/});
  assert.equal(await cash(), 7_000);
});

test('the books are audited', async () => {
  await visit(page, '/dashboard/ledger');
  await press(page.locator('main'), 'Audit now');
  const audits = page.getByRole('region', {name: 'Audits'});
  await audits.getByText('clean', {exact: true}).waitFor();
  const told = await stripe.rawRequest('GET', '/purser/v1/audits');
  assert.deepEqual(told.data.map(({status, findings_total}) => [status, findings_total]),
    [['clean', 0]]);
  await press(page.locator('main'), 'Audit now');
  await audits.getByText('clean', {exact: true}).nth(1).waitFor();
});

test('the clock is moved', async () => {
  const clock = () => stripe.rawRequest('GET', '/purser/v1/clock');
  const before = await clock();
  await visit(page, '/dashboard');
  await page.getByRole('link', {name: 'The clock of this sandbox'}).click();
  await press(page.locator('main'), 'Move it by 1 day');
  await done(page, 'The clock was moved to');
  // To the second, which may end meanwhile.
  assert(Math.abs((await clock()).offset_s - before.offset_s - 86_400) <= 1);
  const form = part(page, 'Move it to');
  await form.getByLabel('Date and time').fill('2031-05-01T12:30');
  await press(form, 'Move it there');
  await done(page, 'The clock was moved to 2031-05-01 12:30 UTC.');
  const year = new Date((await clock()).now * 1000).getUTCFullYear();
  assert.equal(year, 2031);
  await part(page, 'What happened on the way').waitFor();
});

test('the keyboard is enough', async () => {
  const {id} = await stripe.customers.create({name: 'Keyboard Only', email: 'k@example.com'});
  await visit(page, '/dashboard');
  await page.keyboard.press('Tab');
  const focused = () => page.evaluate(() => document.activeElement.textContent);
  assert.equal(await focused(), 'Skip to the content');
  await picture(page, 'keyboard-skip');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await page.keyboard.press('/');
  await page.keyboard.type('keyboard only');
  await page.keyboard.press('Enter');
  const link = page.getByRole('link', {name: id});
  await link.waitFor();
  await tabTo(link);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', {level: 1, name: 'Keyboard Only'}).waitFor();
  const transfer = part(page, 'Simulate a transfer');
  await tabTo(transfer.getByLabel('Amount'));
  await page.keyboard.type('31');
  await page.keyboard.press('Tab');
  await page.keyboard.press('e');
  await page.keyboard.press('Tab');
  // A slash is a letter where one types.
  await page.keyboard.type('4/5');
  await page.keyboard.press('Enter');
  await done(page, 'A transfer of 31.00 EUR arrived.');
  await says(page.locator('main'), '4/5');

  // A question is asked, answered, and what was asked is done, without a pointer.
  const back = part(page, 'Send cash back').getByRole('button', {name: 'Send back'});
  await tabTo(back);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor({state: 'detached'});
  await tabTo(back);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await done(page, '31.00 EUR left the cash balance');
});

/** Goes on by Tab until something has the focus. */
async function tabTo(wanted) {
  for (let tabs = 0; tabs < 200; tabs += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail('Tab does not lead there');
}

test('nothing went wrong on the way', async () => {
  assert.deepEqual(page.faults, []);
  await page.context().close();
});
