// Payments from the cash balance: the life of a PaymentIntent.

import assert from 'node:assert/strict';
import {describe, test} from 'node:test';

import {
  TRANSFERS,
  UNEXPECTED_STATE,
  allTransactions,
  assertAllRefused,
  assertBooksHold,
  assertRefused,
  awaited,
  fund,
  happened,
  history,
  ids,
  latestEvent,
  pay,
  paymentAtOnce,
} from '../support/asserts.js';
import {LOST_ANSWER, flakyProxy} from '../support/flaky-proxy.js';
import {startServer} from '../support/purser.js';

const server = await startServer();
const TRANSACTION = 'customer_cash_balance_transaction.created';
const FAILED = 'payment_intent_payment_attempt_failed';

/** A customer in a world of its own. */
async function newCustomer(config) {
  const stripe = server.world(config);
  return [stripe, (await stripe.customers.create({email: 'ada@example.com'})).id];
}

function setManual(stripe, customer) {
  return stripe.customers.updateCashBalance(customer, {settings: {reconciliation_mode: 'manual'}});
}

describe('a payment', () => {
  test('succeeds at once when the balance covers it', async () => {
    const [stripe, customer] = await newCustomer();
    await fund(stripe, customer, 5000);
    const before = await latestEvent(stripe);
    const expand = ['latest_charge.balance_transaction', 'payment_method'];
    const intent = await pay(stripe, customer, 3000, 'usd', {expand, metadata: {order: '6735'}});

    assert.match(intent.id, /^pi_[A-Za-z0-9]{24}$/);
    assert(intent.client_secret.startsWith(`${intent.id}_secret_`));
    assert.deepEqual([intent.status, intent.amount_received], ['succeeded', 3000]);
    assert.deepEqual([intent.next_action, intent.metadata], [null, {order: '6735'}]);
    const {latest_charge: charge, payment_method} = intent;
    assert.match(charge.id, /^py_[A-Za-z0-9]{24}$/);
    assert.deepEqual([charge.amount, charge.status, charge.paid], [3000, 'succeeded', true]);
    assert.deepEqual(charge.payment_method_details, {
      customer_balance: {},
      type: 'customer_balance',
    });
    assert.deepEqual(
      [charge.balance_transaction.type, charge.balance_transaction.source],
      ['payment', charge.id]
    );
    assert.equal(payment_method.type, 'customer_balance');
    assert.equal(payment_method.id, charge.payment_method);
    assert.deepEqual(await stripe.paymentMethods.retrieve(payment_method.id), payment_method);
    assert.deepEqual(await happened(stripe, before), [
      'payment_intent.created', TRANSACTION, 'charge.succeeded', 'payment_intent.succeeded',
    ]);
    await assertBooksHold(stripe, customer, {usd: 2000});
  });

  for (const [currency, transfer] of Object.entries(TRANSFERS)) {
    test(`in ${currency} waits for its transfer`, async () => {
      const [stripe, customer] = await newCustomer();
      const intent = await pay(stripe, customer, 1099, currency);
      const told = awaited(intent);
      const {type, amount_remaining, reference} = told;
      assert.deepEqual([type, told.currency], [transfer.type, currency]);
      assert.deepEqual([amount_remaining, intent.latest_charge], [1099, null]);
      assert.match(told.hosted_instructions_url, /^http/);
      if (currency === 'jpy') assert.equal(reference, null);
      else assert.match(reference, /^[A-Z0-9]{12}$/);
      const asked = {funding_type: 'bank_transfer', currency, bank_transfer: transfer};
      const {bank_transfer} = await stripe.customers.createFundingInstructions(customer, asked);
      assert.deepEqual(told.financial_addresses, bank_transfer.financial_addresses);

      await fund(stripe, customer, 1099, currency, reference ? {reference} : {});
      const done = await stripe.paymentIntents.retrieve(intent.id);
      assert.deepEqual([done.status, done.next_action], ['succeeded', null]);
      await assertBooksHold(stripe, customer, {[currency]: 0});
    });
  }

  test('is paid in parts', async () => {
    const [stripe, customer] = await newCustomer();
    await fund(stripe, customer, 300);
    const before = await latestEvent(stripe);
    const {id} = await pay(stripe, customer, 1000);
    assert(!(await happened(stripe, before)).includes('payment_intent.partially_funded'));

    await fund(stripe, customer, 400);
    const part = await stripe.paymentIntents.retrieve(id);
    assert.deepEqual([awaited(part).amount_remaining, part.amount_received], [300, 0]);
    const [event] = (await stripe.events.list({limit: 1})).data;
    assert.equal(event.type, 'payment_intent.partially_funded');
    assert.deepEqual(event.data.object, part);
    assert.deepEqual((await stripe.charges.list()).data, []);

    await fund(stripe, customer, 300);
    const done = await stripe.paymentIntents.retrieve(id);
    assert.deepEqual([done.status, done.amount_received], ['succeeded', 1000]);
    assert.equal((await stripe.charges.retrieve(done.latest_charge)).amount, 1000);
    assert.deepEqual(await history(stripe, customer), [
      ['funded', 300, 300],
      ['applied_to_payment', -300, 0],
      ['funded', 400, 400],
      ['applied_to_payment', -400, 0],
      ['funded', 300, 300],
      ['applied_to_payment', -300, 0],
    ]);
  });

  test('in the manual mode gets what is applied by hand', async () => {
    const [stripe, customer] = await newCustomer();
    await setManual(stripe, customer);
    const {id} = await pay(stripe, customer, 1000);
    await fund(stripe, customer, 1500);
    assert.equal(awaited(await stripe.paymentIntents.retrieve(id)).amount_remaining, 1000);

    const apply = (params) => stripe.paymentIntents.applyCustomerBalance(id, params);
    const part = await apply({amount: 400, currency: 'usd'});
    assert.equal(awaited(part).amount_remaining, 600);
    await assertRefused(apply({amount: 5000}), 400, undefined, 'amount');
    await assertRefused(apply({currency: 'eur'}), 400, undefined, 'currency');
    assert.equal((await apply()).status, 'succeeded');
    await assertRefused(apply(), 400, UNEXPECTED_STATE);
    await assertBooksHold(stripe, customer, {usd: 500});
  });

  test('is made first and confirmed later', async () => {
    const [stripe, customer] = await newCustomer();
    await fund(stripe, customer, 1000);
    const {paymentIntents} = stripe;
    const made = await paymentIntents.create({amount: 1000, currency: 'usd', customer});
    assert.equal(made.status, 'requires_payment_method');
    await assertRefused(paymentIntents.confirm(made.id), 400, UNEXPECTED_STATE);
    const payment_method_data = {type: 'customer_balance'};
    const ready = await paymentIntents.update(made.id, {payment_method_data});
    assert.equal(ready.status, 'requires_confirmation');
    assert.equal((await paymentIntents.confirm(made.id)).status, 'succeeded');
    await assertRefused(paymentIntents.confirm(made.id), 400, UNEXPECTED_STATE);
  });

  test('without a transfer to wait for fails, and says with which intent', async () => {
    const [stripe, customer] = await newCustomer();
    await fund(stripe, customer, 100);
    const before = await latestEvent(stripe);
    const request = stripe.paymentIntents.create(paymentAtOnce(customer, 1000));
    const error = await assertRefused(request, 400, FAILED);

    const {payment_intent: failed} = error;
    assert.deepEqual([failed.object, failed.status], ['payment_intent', 'requires_payment_method']);
    assert.equal(failed.last_payment_error.code, FAILED);
    assert.equal(failed.last_payment_error.message, error.message);
    assert.deepEqual({...(await stripe.paymentIntents.retrieve(failed.id))}, failed);
    assert.deepEqual(await happened(stripe, before), [
      'payment_intent.created', 'payment_intent.payment_failed',
    ]);
    await assertBooksHold(stripe, customer, {usd: 100});
  });

  test('that is canceled gives back what it holds', async () => {
    const [stripe, customer] = await newCustomer();
    const {id} = await pay(stripe, customer, 1000);
    await fund(stripe, customer, 400);
    const cancel = () => stripe.paymentIntents.cancel(id, {cancellation_reason: 'abandoned'});
    const canceled = await cancel();
    assert.deepEqual([canceled.status, canceled.next_action], ['canceled', null]);
    assert.equal(canceled.cancellation_reason, 'abandoned');
    const back = (await allTransactions(stripe, customer)).at(-1);
    assert.deepEqual([back.type, back.net_amount], ['unapplied_from_payment', 400]);
    assert.equal(back.unapplied_from_payment.payment_intent, id);
    await assertRefused(cancel(), 400, UNEXPECTED_STATE);
    await assertBooksHold(stripe, customer, {usd: 400});
  });

  test('can be settled for what is paid', async () => {
    const [stripe, customer] = await newCustomer();
    const {id} = await pay(stripe, customer, 1000);
    await fund(stripe, customer, 400);
    const changed = await stripe.paymentIntents.update(id, {amount: 400});
    assert.deepEqual([changed.status, changed.next_action], ['requires_confirmation', null]);
    assert.equal((await stripe.paymentIntents.confirm(id)).status, 'succeeded');
    const late = [
      stripe.paymentIntents.update(id, {amount: 500}),
      stripe.paymentIntents.cancel(id),
    ];
    await assertAllRefused(late, 400, UNEXPECTED_STATE);
    await assertBooksHold(stripe, customer, {usd: 0});
  });
});

describe('over a network that breaks', () => {
  test('a retried payment is made and confirmed once', async (t) => {
    const [stripe, customer] = await newCustomer();
    await fund(stripe, customer, 2500);
    const stripeAccount = (await stripe.accounts.retrieveCurrent()).id;
    const {port} = await flakyProxy(t, server.port, [LOST_ANSWER]);
    const retrying = server.client({stripeAccount, port, maxNetworkRetries: 2});

    const intent = await pay(retrying, customer, 1000);

    assert.equal(intent.lastResponse.headers['idempotent-replayed'], 'true');
    assert.deepEqual(ids((await stripe.paymentIntents.list()).data), [intent.id]);
    assert.deepEqual(ids((await stripe.charges.list()).data), [intent.latest_charge]);
    await assertBooksHold(stripe, customer, {usd: 1500});
  });

  test('a payment that failed fails again, and not once more', async (t) => {
    const [stripe, customer] = await newCustomer();
    const stripeAccount = (await stripe.accounts.retrieveCurrent()).id;
    const {port} = await flakyProxy(t, server.port, [LOST_ANSWER]);
    const retrying = server.client({stripeAccount, port, maxNetworkRetries: 2});
    const request = retrying.paymentIntents.create(paymentAtOnce(customer, 1000));
    const error = await assertRefused(request, 400, FAILED);
    assert.equal(error.headers['idempotent-replayed'], 'true');
    const made = (await stripe.paymentIntents.list()).data;
    assert.deepEqual(ids(made), [error.payment_intent.id]);
  });
});

test('many payments at once take no more than there is', async () => {
  const [stripe, customer] = await newCustomer();
  await fund(stripe, customer, 1000);
  const params = paymentAtOnce(customer, 100);
  const requests = Array.from({length: 25}, () => stripe.paymentIntents.create(params));
  const results = await Promise.allSettled(requests);
  const failed = results.filter(({status}) => status === 'rejected');
  assert.deepEqual(new Set(failed.map(({reason}) => reason.code)), new Set([FAILED]));
  assert.equal(failed.length, 15);
  await assertBooksHold(stripe, customer, {usd: 0});
});

test('payments and their methods are listed and paged', async () => {
  const [stripe, customer] = await newCustomer();
  const made = [];
  for (let at = 0; at < 12; at += 1) made.unshift((await pay(stripe, customer, 1000)).id);
  const rows = stripe.paymentIntents.list({customer, limit: 5});
  assert.deepEqual(ids(await rows.autoPagingToArray({limit: 99})), made);
  const methods = stripe.customers.listPaymentMethods(customer, {limit: 5});
  assert.equal((await methods.autoPagingToArray({limit: 99})).length, 12);
});

for (const [change, code, param] of [
  [{amount: 49}, 'amount_too_small', 'amount'],
  [{amount: 100_000_000}, 'amount_too_large', 'amount'],
  [{currency: 'cad'}, undefined, 'currency'],
  [{customer: undefined}, 'parameter_missing', 'customer'],
  [{capture_method: 'manual'}, undefined, 'capture_method'],
  [{foo: 1}, 'parameter_unknown', 'foo'],
]) {
  test(`a payment with ${JSON.stringify(change)} is refused and leaves no trace`, async () => {
    const [stripe, customer] = await newCustomer();
    const params = {...paymentAtOnce(customer, 1000), ...change};
    await assertRefused(stripe.paymentIntents.create(params), 400, code, param);
    assert.deepEqual((await stripe.paymentIntents.list()).data, []);
    assert.deepEqual(await happened(stripe), ['customer.created']);
  });
}

test('what does not exist is missing', async () => {
  const [stripe] = await newCustomer();
  const requests = [
    stripe.paymentIntents.retrieve('pi_unknown'),
    stripe.paymentIntents.confirm('pi_unknown'),
    stripe.paymentIntents.cancel('pi_unknown'),
    stripe.paymentIntents.applyCustomerBalance('pi_unknown'),
  ];
  await assertAllRefused(requests, 404, 'resource_missing', 'intent');
  await assertRefused(pay(stripe, 'cus_unknown', 1000), 404, 'resource_missing', 'customer');
});
