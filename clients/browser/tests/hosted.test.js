// The pages of payers: where to send money, and where a refund is to go.

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {fund, pay} from '../../node/support/asserts.js';
import {startServer} from '../../node/support/purser.js';
import {assertSound, open, picture, startBrowser, visit} from '../support/browser.js';
import {copied, part, press, says} from '../support/hands.js';

const server = await startServer();
const browser = await startBrowser();
const stripe = server.client();
const LOOKS = [
  ['light', {}], ['dark', {dark: true}], ['phone', {size: 'phone'}],
  ['dark phone', {size: 'phone', dark: true}],
];
const SECRETS = ['ada@example.com', 'Ada Lovelace', 'cus_'];

function customer() {
  return stripe.customers.create({name: 'Ada Lovelace', email: 'ada@example.com'});
}

/** A payment that waits, with the path of its page and what that is to tell. */
async function waiting(amount, currency) {
  const {id: payer} = await customer();
  const intent = await pay(stripe, payer, amount, currency);
  const told = intent.next_action.display_bank_transfer_instructions;
  return {payer, intent, told, path: pathOf(told.hosted_instructions_url)};
}

/** A refund that waits for a bank account, with the path of its page. */
async function refundWaiting(amount, currency) {
  const {id: payer} = await customer();
  const intent = await pay(stripe, payer, amount, currency);
  await fund(stripe, payer, amount, currency);
  const refund = await stripe.refunds.create({payment_intent: intent.id});
  const link = await stripe.rawRequest('GET', `/purser/v1/refunds/${refund.id}/details_link`);
  return {refund, path: pathOf(link.url)};
}

/** The path of a link, which leads to this server. */
function pathOf(url) {
  const {host, pathname} = new URL(url);
  assert.equal(host, `127.0.0.1:${server.port}`);
  return pathname;
}

for (const [name, look] of LOOKS) {
  test(`instructions can be read: ${name}`, async () => {
    const page = await open(browser, server, look);
    for (const currency of ['eur', 'usd']) {
      const {path, told} = await waiting(123_450, currency);
      await visit(page, path);
      const code = currency.toUpperCase();
      await page.getByRole('heading', {level: 1, name: `Pay 1,234.50 ${code}`}).waitFor();
      const qr = page.getByRole('img', {name: 'QR code'});
      assert.equal(await qr.count(), currency === 'eur' ? 1 : 0);
      if (currency === 'eur') {
        const {width, height} = await qr.boundingBox();
        assert(width >= 120 && Math.abs(width - height) < 1, `the code is ${width} by ${height}`);
      }
      await says(part(page, 'What to send'), told.reference);
      for (const secret of SECRETS) assert(!(await page.content()).includes(secret), secret);
      await picture(page, `hosted-${currency}-${name.replace(' ', '-')}`);
      await assertSound(page, path);
    }
    await page.context().close();
  });
}

test('what is to be sent is copied', async () => {
  const {path, told} = await waiting(123_450, 'eur');
  const page = await open(browser, server);
  await visit(page, path);
  const {iban} = told.financial_addresses[0];
  for (const [button, text] of [
    [/^Copy amount/i, '1234.50'],
    [/^Copy reference/i, told.reference],
    [/^Copy IBAN/i, iban.iban],
    [/^Copy BIC/i, iban.bic],
  ]) {
    const found = page.getByRole('button', {name: button});
    assert.equal(await copied(page, found), text);
  }
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('an open page tells of a part, and then of the whole', async () => {
  const {path, told, payer, intent} = await waiting(50_000, 'usd');
  const page = await open(browser, server);
  await visit(page, path);
  await page.evaluate(() => { window.isSame = true; });
  // Whoever has just copied the amount is shown what it is now.
  assert.equal(await copied(page, page.getByRole('button', {name: /amount$/i})), '500.00');
  const send = (amount) => stripe.testHelpers.customers.fundCashBalance(payer, {
    amount, currency: 'usd', reference: told.reference,
  });
  await send(20_000);
  await says(page.locator('main'), 'partly paid');
  await says(part(page, 'What to send'), '300.00 USD');
  assert.equal(await copied(page, page.getByRole('button', {name: /amount$/i})), '300.00');
  await picture(page, 'hosted-partly-paid');
  await assertSound(page, 'partly paid');
  await send(30_000);
  await page.getByRole('heading', {level: 1, name: 'Thank you: 500.00 USD arrived'}).waitFor();
  await picture(page, 'hosted-paid');
  await assertSound(page, 'paid');
  assert.equal(await page.evaluate(() => window.isSame), true);
  assert.equal((await stripe.paymentIntents.retrieve(intent.id)).status, 'succeeded');
  await page.context().close();
});

test('without scripts everything is there', async () => {
  const {path, told, intent} = await waiting(9_900, 'eur');
  const page = await open(browser, server, {scripts: false});
  await visit(page, path);
  await says(page.locator('main'), told.reference);
  const words = (await page.locator('main').innerText()).replaceAll(/\s/g, '');
  assert(words.includes(told.financial_addresses[0].iban.iban), words);
  await page.getByRole('img', {name: 'QR code'}).waitFor();
  assert.equal(await page.getByRole('button').count(), 0);
  await stripe.paymentIntents.cancel(intent.id);
  await page.getByRole('link', {name: 'Load it again'}).click();
  await page.getByRole('heading', {level: 1, name: 'This payment was canceled'}).waitFor();
  await page.context().close();
});

test('a link that was tampered with leads nowhere', async () => {
  const {path} = await waiting(9_900, 'eur');
  const {path: refund} = await refundWaiting(5_000, 'eur');
  const page = await open(browser, server);
  const end = (text) => text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A');
  const middle = (text) => {
    const at = text.length - 12;
    return text.slice(0, at) + (text[at] === 'x' ? 'y' : 'x') + text.slice(at + 1);
  };
  const swapped = refund.split('/').slice(0, -1).concat(path.split('/').at(-1)).join('/');
  for (const wrong of [end(path), middle(path), end(refund), swapped]) {
    const answer = await page.goto(wrong);
    assert.equal(answer.status(), 404, wrong);
    assert(await page.getByRole('heading', {level: 1}).innerText());
    assert.equal(await page.locator('form').count(), 0);
    // Chromium tells the console of every answer above 399.
    page.faults.length = 0;
    await assertSound(page, wrong);
  }
  await picture(page, 'hosted-not-found');
  await page.context().close();
});

for (const [name, look] of LOOKS) {
  test(`a refund asks for a bank account: ${name}`, async () => {
    const {path, refund} = await refundWaiting(7_500, 'eur');
    const page = await open(browser, server, look);
    await visit(page, path);
    await picture(page, `hosted-refund-${name.replace(' ', '-')}`);
    await assertSound(page, path);
    const iban = page.getByLabel('IBAN');
    await iban.fill('DE89 3704 0044 0532 0130 01');
    await press(page, 'Send my refund to this account');
    await page.locator('input[aria-invalid=true]').waitFor();
    const [wrong] = (await iban.getAttribute('aria-describedby')).split(' ');
    assert.match(await page.locator(`#${wrong}`).innerText(), /^IBAN /);
    assert.equal(await iban.inputValue(), 'DE89 3704 0044 0532 0130 01');
    assert.equal(await iban.evaluate((input) => input === document.activeElement), true);
    page.faults.length = 0;
    await picture(page, `hosted-refund-refused-${name.replace(' ', '-')}`);
    await assertSound(page, 'a refused account');
    assert.equal((await stripe.refunds.retrieve(refund.id)).status, 'requires_action');
    await iban.fill('DE89 3704 0044 0532 0130 00');
    await press(page, 'Send my refund to this account');
    const way = 'Your refund of 75.00 EUR is on its way';
    await page.getByRole('heading', {level: 1, name: way}).waitFor();
    await assertSound(page, 'a refund on its way');
    assert.equal((await stripe.refunds.retrieve(refund.id)).status, 'pending');
    assert(!(await page.content()).includes('DE89'), 'the account is shown');
    await page.context().close();
  });
}

test('a refund in dollars names the field that is wrong', async () => {
  const {path, refund} = await refundWaiting(7_500, 'usd');
  const page = await open(browser, server, {scripts: false});
  await visit(page, path);
  await page.getByLabel('Routing number').fill('123');
  await page.getByLabel('Account number').fill('000123456789');
  await press(page, 'Send my refund to this account');
  const wrong = page.locator('input[aria-invalid=true]');
  assert.equal(await wrong.count(), 1);
  assert.equal(await wrong.getAttribute('id'), 'routing_number');
  await page.getByLabel('Routing number').fill('110000000');
  await press(page, 'Send my refund to this account');
  await page.getByRole('heading', {level: 1, name: 'is on its way'}).waitFor();
  assert.equal((await stripe.refunds.retrieve(refund.id)).status, 'pending');
  await page.context().close();
});
