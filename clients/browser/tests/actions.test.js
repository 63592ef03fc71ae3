// What people do with money on the pages: by clicking, and then asking the API what came of it.

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {fund, pay} from '../../node/support/asserts.js';
import {startServer} from '../../node/support/purser.js';
import {assertSound, open, picture, startBrowser, visit} from '../support/browser.js';
import {
  copied, done, idOf, part, press, pressAndAgree, pressAndRefuse, questionOn, refused, says,
} from '../support/hands.js';
import {cards, openBank, own} from '../support/world.js';

const server = await startServer();
const browser = await startBrowser();
const stripe = server.client();
const page = await open(browser, server);

const DAY_S = 86_400;

/** A customer of their own for each test. */
function customer(name) {
  const email = `${name.toLowerCase().replaceAll(/\W+/g, '.')}@example.com`;
  return stripe.customers.create({name, email});
}

/** The smallest units of a currency that a customer has. */
async function cash(id, currency) {
  const {available} = await stripe.customers.retrieveCashBalance(id);
  return available?.[currency] ?? 0;
}

/** A payment that a transfer has paid. */
async function paidPayment(payer, amount, currency) {
  const intent = await pay(stripe, payer, amount, currency);
  await fund(stripe, payer, amount, currency);
  return intent;
}

test('a customer is made, found, and sends a transfer', async () => {
  await visit(page, '/dashboard');
  await page.getByRole('link', {name: 'Customers', exact: true}).click();
  const form = part(page, 'New customer');
  await press(form, 'Make customer');
  await refused(page, 'A customer needs a name or an e-mail address.');
  await form.getByLabel('Name').fill('Åse & Söhne <KG>');
  await form.getByLabel('E-mail').fill('ase@example.com');
  await press(form, 'Make customer');
  await done(page, 'The customer was made.');
  const id = idOf(page, 'cus_');
  assert.equal((await stripe.customers.retrieve(id)).name, 'Åse & Söhne <KG>');

  const transfer = part(page, 'Simulate a transfer');
  for (const amount of ['12,50', '-3', 'ten']) {
    await transfer.getByLabel('Amount').fill(amount);
    await press(transfer, 'Send the transfer');
    await refused(page, `“${amount}” is no amount. Write it like 1,234.50 USD.`);
  }
  await picture(page, 'action-refused');
  assert.equal(await cash(id, 'usd'), 0);
  await transfer.getByLabel('Amount').fill('1,250.50');
  await transfer.getByLabel('Currency').selectOption('EUR');
  await transfer.getByLabel('Reference').fill('Thank you');
  await press(transfer, 'Send the transfer');
  await done(page, 'A transfer of 1,250.50 EUR arrived.');
  const transactions = page.getByRole('region', {name: 'Cash balance transactions'});
  await says(transactions, 'reference Thank you');
  await says(transactions, '+1,250.50 EUR');
  assert.equal(await cash(id, 'eur'), 125_050);
  await assertSound(page, 'customer after a transfer');

  await page.getByRole('searchbox', {name: 'Search for customers'}).fill('söhne');
  await page.keyboard.press('Enter');
  await page.getByRole('link', {name: id}).click();
  await page.getByRole('heading', {level: 1, name: 'Åse & Söhne <KG>'}).waitFor();
});

test('money is matched by hand', async () => {
  const {id} = await customer('Hand Match');
  await visit(page, `/dashboard/customers/${id}`);
  const form = part(page, 'Reconciliation');
  await form.getByLabel('Manual').check();
  await press(form, 'Save');
  await done(page, 'Reconciliation is manual now.');
  assert(await form.getByLabel('Manual').isChecked());
  const {settings} = await stripe.customers.retrieveCashBalance(id);
  assert.equal(settings.reconciliation_mode, 'manual');

  const older = await pay(stripe, id, 10_000, 'usd');
  const newer = await pay(stripe, id, 6_000, 'usd');
  await fund(stripe, id, 9_000, 'usd');
  await visit(page, `/dashboard/customers/${id}`);
  const card = (intent) => page.getByRole('article').filter({hasText: intent.id});
  await card(newer).getByLabel('Pay from the cash balance, in USD').fill('40.00');
  await picture(page, 'action-reconcile');
  await press(card(newer), 'Pay');
  await done(page, '40.00 USD were paid. The payment waits for the rest.');
  await says(card(newer), '20.00 USD');
  await says(card(older), '100.00 USD');
  const told = await stripe.paymentIntents.retrieve(newer.id);
  assert.equal(told.next_action.display_bank_transfer_instructions.amount_remaining, 2_000);
  assert.equal(await cash(id, 'usd'), 5_000);

  // The rest is proposed.
  await press(card(newer), 'Pay');
  await done(page, '20.00 USD were paid. The payment is complete.');
  assert.equal((await stripe.paymentIntents.retrieve(newer.id)).status, 'succeeded');
  assert.equal(await card(newer).count(), 0);

  // The page of a payment does the same.
  await card(older).getByRole('link', {name: older.id}).click();
  const give = part(page, 'Pay from the cash balance');
  await give.getByLabel('Amount').fill('300');
  await press(give, 'Give it to this payment');
  await refused(page, '30.00 USD');
  await give.getByLabel('Amount').fill('30');
  await press(give, 'Give it to this payment');
  await done(page, 'The payment has the money. 70.00 USD is missing.');
  assert.equal(await cash(id, 'usd'), 0);
  await visit(page, `/dashboard/customers/${id}`);
  await form.getByLabel('As for all customers').check();
  await press(form, 'Save');
  await done(page, 'Reconciliation is automatic now.');
  const after = await stripe.customers.retrieveCashBalance(id);
  assert.equal(after.settings.using_merchant_default, true);
});

test('accounts to send money to are given and copied', async () => {
  const {id} = await customer('Copy Cat');
  await visit(page, `/dashboard/customers/${id}`);
  const accounts = part(page, 'Funding instructions');
  await accounts.getByLabel('Give this customer an account for').selectOption('eur IE');
  await press(accounts, 'Give an account');
  await done(page, 'The customer has an account for EUR.');
  const iban = await copied(page, accounts.getByRole('button', {name: 'Copy IBAN'}));
  const given = await stripe.customers.createFundingInstructions(id, {
    currency: 'eur',
    funding_type: 'bank_transfer',
    bank_transfer: {type: 'eu_bank_transfer', eu_bank_transfer: {country: 'IE'}},
  });
  assert.equal(iban, given.bank_transfer.financial_addresses[0].iban.iban);
  assert.match(iban, /^IE/);
});

test('a payment is canceled only when it was agreed to', async () => {
  const {id} = await customer('Cancel Lot');
  const intent = await pay(stripe, id, 5_000, 'gbp');
  await fund(stripe, id, 2_000, 'gbp');
  await visit(page, `/dashboard/payments/${intent.id}`);
  const form = part(page, 'Cancel');
  await form.getByLabel('Reason').selectOption('duplicate');
  await pressAndRefuse(form, 'Cancel the payment');
  assert.equal((await stripe.paymentIntents.retrieve(intent.id)).status, 'requires_action');
  // Esc says no, too, and leads back to where one was.
  await press(form, 'Cancel the payment');
  await questionOn(page).waitFor();
  await assertSound(page, 'a question');
  await picture(page, 'action-question');
  await page.keyboard.press('Escape');
  await questionOn(page).waitFor({state: 'detached'});
  assert.equal((await stripe.paymentIntents.retrieve(intent.id)).status, 'requires_action');
  await pressAndAgree(form, 'Cancel the payment');
  await done(page, 'The payment was canceled.');
  const canceled = await stripe.paymentIntents.retrieve(intent.id);
  assert.equal(canceled.status, 'canceled');
  assert.equal(canceled.cancellation_reason, 'duplicate');
  assert.equal(await cash(id, 'gbp'), 2_000);
  assert.equal(await form.count(), 0);
});

test('a payment is refunded to the cash balance and to the bank', async () => {
  const {id} = await customer('Back Again');
  const intent = await paidPayment(id, 8_000, 'eur');
  await own(stripe, '/purser/v1/clock', {advance_s: 3 * DAY_S});
  await visit(page, `/dashboard/payments/${intent.id}`);
  const toCash = part(page, 'Refund to the cash balance');
  await toCash.getByLabel('Amount').fill('90');
  await pressAndAgree(toCash, 'Refund to the cash balance');
  await refused(page, '80.00 EUR');
  assert.equal(await cash(id, 'eur'), 0);
  await toCash.getByLabel('Amount').fill('30');
  await toCash.getByLabel('Reason').selectOption('requested_by_customer');
  await pressAndAgree(toCash, 'Refund to the cash balance');
  await done(page, '30.00 EUR went back to the cash balance.');
  assert.equal(await cash(id, 'eur'), 3_000);

  const toBank = part(page, "Refund to the customer's bank");
  assert.equal(await toBank.getByLabel('Amount').inputValue(), '50.00');
  await toBank.getByLabel('Amount').fill('20');
  await pressAndAgree(toBank, 'Refund to the bank');
  await done(page, "20.00 EUR will go back to the customer's bank.");
  const refund = await stripe.refunds.retrieve(idOf(page, 'pyr_'));
  assert.equal(refund.status, 'requires_action');
  assert.equal(refund.amount, 2_000);

  const account = part(page, 'Bank account');
  await account.getByLabel('IBAN').fill('DE89370400440532013001');
  await press(account, 'Send the money there');
  await refused(page, /IBAN|iban/);
  await picture(page, 'action-bank-details-refused');
  assert.equal((await stripe.refunds.retrieve(refund.id)).status, 'requires_action');
  await account.getByLabel('IBAN').fill('DE89370400440532013000');
  await press(account, 'Send the money there');
  await done(page, 'The money is on its way to this bank account.');
  assert.equal((await stripe.refunds.retrieve(refund.id)).status, 'pending');
  await assertSound(page, 'a refund on its way');
});

test('cash is sent back, and that is given up', async () => {
  const {id} = await customer('Return Ticket');
  await fund(stripe, id, 4_000, 'eur');
  await visit(page, `/dashboard/customers/${id}`);
  const form = part(page, 'Send cash back');
  await form.getByLabel('Amount').fill('25');
  await pressAndRefuse(form, 'Send back');
  assert.equal(await cash(id, 'eur'), 4_000);
  await pressAndAgree(form, 'Send back');
  await done(page, '25.00 EUR left the cash balance');
  const refund = idOf(page, 'pyr_');
  assert.equal(await cash(id, 'eur'), 1_500);
  await pressAndAgree(part(page, 'Cancel'), 'Cancel the refund');
  await done(page, 'The refund was canceled.');
  assert.equal((await stripe.refunds.retrieve(refund)).status, 'canceled');
  assert.equal(await cash(id, 'eur'), 4_000);

  await visit(page, `/dashboard/customers/${id}`);
  await pressAndAgree(form, 'Send back');
  await done(page, '40.00 EUR left the cash balance');
  await pressAndAgree(part(page, 'Test'), 'Let it expire');
  await done(page, 'The refund expired.');
  assert.equal((await stripe.refunds.retrieve(idOf(page, 'pyr_'))).status, 'failed');
  assert.equal(await cash(id, 'eur'), 4_000);
});

test('a transfer is pulled back', async () => {
  const {id} = await customer('Pull Back');
  await fund(stripe, id, 3_300, 'usd');
  await visit(page, `/dashboard/customers/${id}`);
  await page.getByRole('region', {name: 'Cash balance transactions'}).getByRole('link').first()
    .click();
  const form = part(page, 'Reverse the transfer');
  await pressAndRefuse(form, 'Reverse');
  assert.equal(await cash(id, 'usd'), 3_300);
  await pressAndAgree(form, 'Reverse');
  await done(page, 'The transfer was pulled back.');
  await says(part(page, 'Facts'), '-33.00 USD');
  assert.equal(await cash(id, 'usd'), 0);
  const {data} = await stripe.customers.listCashBalanceTransactions(id);
  assert.equal(data[0].type, 'funding_reversed');
  // The trail says that a person asked for it here.
  await says(part(page, 'Asked for by'), 'dashboard');
});

test('bank accounts come and go', async () => {
  const {id: merchant} = await stripe.accounts.retrieveCurrent();
  await visit(page, '/dashboard/payouts');
  const form = part(page, 'Add a bank account');
  await form.getByLabel('Country').fill('DE');
  await form.getByLabel('Currency').first().fill('eur');
  await form.getByLabel('Account number').fill('DE00');
  await press(form, 'Add the account');
  await refused(page, /./);
  await form.getByLabel('Country').fill('us');
  await form.getByLabel('Currency').first().fill('usd');
  await form.getByLabel('Account number').fill('000123456789');
  await form.getByLabel('Routing number').fill('110000000');
  await form.getByLabel('Account holder').fill('Purser Inc');
  await form.getByLabel('The holder is').selectOption('company');
  await press(form, 'Add the account');
  await done(page, 'USD US ••6789, Purser Inc was added.');
  const {data} = await stripe.accounts.listExternalAccounts(merchant);
  assert.deepEqual(data.map(({last4}) => last4), ['6789']);
  await pressAndRefuse(part(page, 'Bank accounts'), 'Remove ••6789');
  assert.equal((await stripe.accounts.listExternalAccounts(merchant)).data.length, 1);
  await pressAndAgree(part(page, 'Bank accounts'), 'Remove ••6789');
  await done(page, 'The bank account was removed.');
  assert.equal((await stripe.accounts.listExternalAccounts(merchant)).data.length, 0);
});

test('money is paid out, kept, and taken back', async () => {
  const {id} = await customer('Payout Payer');
  await paidPayment(id, 30_000, 'eur');
  await own(stripe, '/purser/v1/clock', {advance_s: 5 * DAY_S});
  await openBank(stripe);
  await visit(page, '/dashboard/payouts');
  const form = part(page, 'New payout');
  const before = (await stripe.payouts.list()).data.length;
  const send = async (amount) => {
    await form.getByLabel('Amount').fill(amount);
    await form.getByLabel('Currency').selectOption('eur');
    await pressAndAgree(form, 'Pay out');
  };
  await send('9,999,999');
  await refused(page, 'EUR');
  await form.getByLabel('Amount').fill('100');
  await pressAndRefuse(form, 'Pay out');
  assert.equal((await stripe.payouts.list()).data.length, before);
  await send('100');
  await done(page, '100.00 EUR will go to the bank.');
  const first = idOf(page, 'po_');
  assert.equal((await stripe.payouts.retrieve(first)).amount, 10_000);
  await pressAndAgree(part(page, 'Cancel'), 'Cancel the payout');
  await done(page, 'The payout was canceled.');
  assert.equal((await stripe.payouts.retrieve(first)).status, 'canceled');

  await visit(page, '/dashboard/payouts');
  await send('120.5');
  await done(page, '120.50 EUR will go to the bank.');
  const second = idOf(page, 'po_');
  await own(stripe, '/purser/v1/clock', {advance_s: 10 * DAY_S});
  await page.reload();
  await pressAndAgree(part(page, 'Reverse'), 'Take the payout back');
  await done(page, 'This payout takes the other one back.');
  const reversal = await stripe.payouts.retrieve(idOf(page, 'po_'));
  assert.equal(reversal.original_payout, second);
  assert.equal(reversal.amount, -12_050);
  await picture(page, 'action-payout-reversed');
});

test('cards are captured and refunded', async () => {
  const {id} = await customer('Card Holder');
  const {held, aside} = await cards(stripe, id);
  await visit(page, `/dashboard/payments/${held.id}`);
  await part(page, 'Capture').getByLabel('Amount').fill('40');
  await pressAndAgree(part(page, 'Capture'), 'Capture');
  await done(page, '40.00 EUR was captured.');
  assert.equal((await stripe.paymentIntents.retrieve(held.id)).amount_received, 4_000);
  await part(page, 'Refund to the card').getByLabel('Amount').fill('1.50');
  await pressAndAgree(part(page, 'Refund to the card'), 'Refund to the card');
  await done(page, '1.50 EUR will go back to the card.');
  assert.equal((await stripe.refunds.retrieve(idOf(page, 're_'))).amount, 150);

  await visit(page, `/dashboard/charges/${aside.id}`);
  await pressAndAgree(part(page, 'Capture'), 'Capture');
  await done(page, '19.00 EUR was captured.');
  await part(page, 'Refund to the card').getByLabel('Amount').fill('2');
  await pressAndAgree(part(page, 'Refund to the card'), 'Refund');
  await done(page, '2.00 EUR will go back.');
  const {amount_captured, amount_refunded} = await stripe.charges.retrieve(aside.id);
  assert.deepEqual([amount_captured, amount_refunded], [1_900, 200]);
  await picture(page, 'action-card-refunded');

  await visit(page, `/dashboard/customers/${id}`);
  const wallet = part(page, 'Cards and sources');
  await press(wallet.getByRole('row').filter({hasText: 'American Express'}), 'Remove');
  await press(questionOn(page), 'Remove');
  await done(page, 'It was taken away from the customer.');
  const {data} = await stripe.customers.listPaymentMethods(id, {type: 'card'});
  assert(data.every(({card}) => card.brand !== 'amex'));
});

test('two clicks send once', async () => {
  const {id} = await customer('Twice Shy');
  await visit(page, `/dashboard/customers/${id}`);
  const form = part(page, 'Simulate a transfer');
  await form.getByLabel('Amount').fill('7');
  await form.getByRole('button', {name: 'Send the transfer'}).dblclick();
  await done(page, 'A transfer of 7.00 USD arrived.');
  const {data} = await stripe.customers.listCashBalanceTransactions(id);
  assert.deepEqual(data.map(({net_amount}) => net_amount), [700]);

  // Where no script prevents it, the server takes the second for the first.
  const plain = await open(browser, server, {scripts: false});
  await visit(plain, `/dashboard/customers/${id}`);
  const again = part(plain, 'Simulate a transfer');
  await again.getByLabel('Amount').fill('5');
  await again.getByRole('button', {name: 'Send the transfer'}).dblclick();
  await done(plain, 'A transfer of 5.00 USD arrived.');
  assert.equal(await cash(id, 'usd'), 1_200);
  await plain.context().close();
});

test('nothing went wrong on the way', async () => {
  assert.deepEqual(page.faults, []);
  await page.context().close();
});
