// Money that goes back: refunds of payments, and returns of cash.

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {
  allTransactions,
  assertBooksHold,
  assertRefused,
  fund,
  happened,
  history,
  ids,
  latestEvent,
  paid,
  pay,
  waitDays,
} from '../support/asserts.js';
import {startServer} from '../support/purser.js';

const server = await startServer();
const KEEPS = {account_number: '000123456789', routing_number: '110000000'};
const SENDS_BACK = {account_number: '000111111113', routing_number: '110000000'};

/** A customer in a world of its own. */
async function newCustomer() {
  const stripe = server.world();
  return [stripe, (await stripe.customers.create({email: 'ada@example.com'})).id];
}

/** What the customer does on the page that the email links to; no SDK knows of it. */
function enterBankDetails(stripe, refund, bank_account) {
  return stripe.rawRequest('POST', `/purser/v1/refunds/${refund}/bank_details`, {bank_account});
}

/** What the merchant has, available or not. */
async function merchantTotal(stripe) {
  const {available, pending} = await stripe.balance.retrieve();
  return [...available, ...pending].reduce((sum, {amount}) => sum + amount, 0);
}

test('a refund asks for bank details, and can be canceled until they are there', async () => {
  const [stripe, customer] = await newCustomer();
  const {id, latest_charge} = await paid(stripe, customer, 1000);
  const before = await latestEvent(stripe);
  const refund = await stripe.refunds.create({
    payment_intent: id,
    amount: 400,
    instructions_email: 'bank@example.com',
    expand: ['charge', 'balance_transaction'],
  });
  assert.match(refund.id, /^pyr_[A-Za-z0-9]{24}$/);
  assert.deepEqual([refund.status, refund.charge.amount_refunded], ['requires_action', 400]);
  assert.deepEqual(
    [refund.balance_transaction.type, refund.balance_transaction.amount],
    ['payment_refund', -400]
  );
  const {email_sent, expires_at} = refund.next_action.display_details;
  assert.deepEqual(email_sent, {
    email_sent_at: refund.created,
    email_sent_to: 'bank@example.com',
  });
  assert.equal(expires_at, refund.created + 45 * 24 * 60 * 60);
  assert.deepEqual(await happened(stripe, before), ['refund.created', 'charge.refunded']);
  assert.equal(await merchantTotal(stripe), 600);

  assert.equal((await stripe.refunds.cancel(refund.id)).status, 'canceled');
  const charge = await stripe.charges.retrieve(latest_charge, {expand: ['refunds']});
  assert.deepEqual([charge.amount_refunded, ids(charge.refunds.data)], [0, [refund.id]]);
  assert.equal(await merchantTotal(stripe), 1000);
  await assertRefused(stripe.refunds.cancel(refund.id), 400);
});

test('a refund arrives, is sent back, or expires', async () => {
  const [stripe, customer] = await newCustomer();
  const {id: payment_intent} = await paid(stripe, customer, 1000);
  const [first, second, third] = await Promise.all(
    [100, 200, 300].map((amount) => stripe.refunds.create({payment_intent, amount}))
  );
  assert.equal((await enterBankDetails(stripe, first.id, KEEPS)).status, 'pending');
  assert.equal((await enterBankDetails(stripe, second.id, SENDS_BACK)).status, 'pending');
  await waitDays(stripe, 7);

  const arrived = await stripe.refunds.retrieve(first.id);
  assert.equal(arrived.status, 'succeeded');
  assert.equal(arrived.destination_details.us_bank_transfer.reference_status, 'available');
  assert.equal((await stripe.refunds.retrieve(second.id)).status, 'requires_action');
  await waitDays(stripe, 38);
  assert.equal((await stripe.testHelpers.refunds.expire(second.id)).status, 'failed');
  assert.equal((await stripe.refunds.retrieve(third.id)).status, 'failed');
  assert.equal(await merchantTotal(stripe), 900);
  const failures = (await stripe.events.list({type: 'refund.failed'})).data;
  assert.deepEqual(failures.map((event) => event.data.object.id), [second.id, third.id]);
});

test('cash goes back to the bank', async () => {
  const [stripe, customer] = await newCustomer();
  await fund(stripe, customer, 1000);
  const back = (amount) =>
    stripe.refunds.create({origin: 'customer_balance', customer, amount, currency: 'usd'});
  const first = await back(600);
  assert.deepEqual(
    [first.status, first.customer, first.charge, first.payment_intent, first.balance_transaction],
    ['requires_action', customer, null, null, null]
  );
  await assertRefused(back(500), 400, undefined, 'amount');
  assert.equal((await stripe.refunds.cancel(first.id)).status, 'canceled');
  const second = await back(1000);
  assert.equal((await stripe.testHelpers.refunds.expire(second.id)).status, 'failed');
  assert.deepEqual(await history(stripe, customer), [
    ['funded', 1000, 1000],
    ['return_initiated', -600, 400],
    ['return_canceled', 600, 1000],
    ['return_initiated', -1000, 0],
    ['return_canceled', 1000, 1000],
  ]);
  assert.equal(await merchantTotal(stripe), 0);
});

test('a payment goes back to the cash balance', async () => {
  const [stripe, customer] = await newCustomer();
  const {id} = await paid(stripe, customer, 1000);
  const path = `/purser/v1/payment_intents/${id}/refund_to_cash_balance`;
  const refund = await stripe.rawRequest('POST', path, {amount: 400});
  assert.equal(refund.status, 'succeeded');
  assert.deepEqual(refund.destination_details, {
    customer_cash_balance: {},
    type: 'customer_cash_balance',
  });
  const row = (await allTransactions(stripe, customer)).at(-1);
  assert.deepEqual([row.type, row.net_amount], ['refunded_from_payment', 400]);
  assert.equal(row.refunded_from_payment.refund, refund.id);
  await assertBooksHold(stripe, customer, {usd: 400});
});

test('cash that nobody claims ends with the merchant', async () => {
  const [stripe, customer] = await newCustomer();
  await fund(stripe, customer, 700, 'eur');
  await waitDays(stripe, 76);
  const [back] = (await stripe.refunds.list()).data;
  assert.deepEqual([back.status, back.amount], ['requires_action', 700]);
  await waitDays(stripe, 15);
  assert.deepEqual(await history(stripe, customer), [
    ['funded', 700, 700],
    ['return_initiated', -700, 0],
    ['return_canceled', 700, 700],
    ['transferred_to_balance', -700, 0],
  ]);
  const [line] = (await stripe.balanceTransactions.list({expand: ['data.source']})).data;
  assert.deepEqual([line.amount, line.source.type], [700, 'transferred_to_balance']);
});

test('a reversal of spent money is the merchant’s loss', async () => {
  const [stripe, customer] = await newCustomer();
  const {id} = await pay(stripe, customer, 1000);
  await fund(stripe, customer, 1000, 'usd', {reference: 'reversal_2'});
  assert.deepEqual(await history(stripe, customer), [
    ['funded', 1000, 1000],
    ['applied_to_payment', -1000, 0],
    ['funding_reversed', -1000, -1000],
    ['adjusted_for_overdraft', 1000, 0],
  ]);
  const [reversed, adjusted] = (await allTransactions(stripe, customer)).slice(-2);
  assert.equal(adjusted.adjusted_for_overdraft.linked_transaction, reversed.id);
  assert.equal((await stripe.paymentIntents.retrieve(id)).status, 'succeeded');
  assert.equal(await merchantTotal(stripe), 0);
});

test('refunds that cannot be are refused', async () => {
  const [stripe, customer] = await newCustomer();
  const {id: payment_intent} = await paid(stripe, customer, 1000);
  const refund = (params) => stripe.refunds.create(params);
  await assertRefused(refund({payment_intent, amount: 1001}), 400, undefined, 'amount');
  assert.equal((await refund({payment_intent})).amount, 1000);
  await assertRefused(refund({payment_intent}), 400, 'charge_already_refunded');
  const {id: waiting} = await pay(stripe, customer, 1000);
  await assertRefused(refund({payment_intent: waiting}), 400);
  const unknown = refund({payment_intent: 'pi_unknown'});
  await assertRefused(unknown, 404, 'resource_missing', 'payment_intent');

  const nobody = (await stripe.customers.create()).id;
  const intent = await paid(stripe, nobody, 1000);
  const unasked = refund({payment_intent: intent.id});
  await assertRefused(unasked, 400, undefined, 'instructions_email');
});

test('refunds are listed by what they are of', async () => {
  const [stripe, customer] = await newCustomer();
  const {id: payment_intent, latest_charge: charge} = await paid(stripe, customer, 1000);
  const other = await paid(stripe, customer, 1000);
  const made = [];
  for (let amount = 10; amount < 17; amount += 1) {
    made.unshift((await stripe.refunds.create({payment_intent, amount})).id);
  }
  const last = await stripe.refunds.create({charge: other.latest_charge});
  const all = async (params) =>
    ids(await stripe.refunds.list({limit: 3, ...params}).autoPagingToArray({limit: 99}));
  assert.deepEqual(await all({payment_intent}), made);
  assert.deepEqual(await all({charge}), made);
  assert.deepEqual(await all({}), [last.id, ...made]);
});
