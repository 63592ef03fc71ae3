// Cash balances: how they begin, how they are set, how money arrives in them.

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {
  allTransactions,
  assertAllRefused,
  assertBooksHold,
  assertRefused,
  fund,
  ids,
} from '../support/asserts.js';
import {startServer} from '../support/purser.js';

const server = await startServer();

async function newCustomer() {
  const stripe = server.world();
  return [stripe, (await stripe.customers.create({email: 'ada@example.com'})).id];
}

test('a new customer has an empty automatic cash balance', async () => {
  const [stripe, customer] = await newCustomer();
  assert.deepEqual(await stripe.customers.retrieveCashBalance(customer), {
    object: 'cash_balance',
    available: null,
    customer,
    customer_account: null,
    livemode: false,
    settings: {reconciliation_mode: 'automatic', using_merchant_default: true},
  });
  const page = await stripe.customers.listCashBalanceTransactions(customer);
  assert.deepEqual([page.data, page.has_more], [[], false]);
});

for (const [asked, reconciliation_mode, using_merchant_default] of [
  ['manual', 'manual', false],
  ['automatic', 'automatic', false],
  ['merchant_default', 'automatic', true],
]) {
  test(`the mode ${asked} can be set`, async () => {
    const [stripe, customer] = await newCustomer();
    const settings = {reconciliation_mode: asked};
    const changed = await stripe.customers.updateCashBalance(customer, {settings});
    assert.deepEqual(changed.settings, {reconciliation_mode, using_merchant_default});

    const made = await stripe.customers.create({cash_balance: {settings}});
    const read = await stripe.customers.retrieveCashBalance(made.id);
    assert.deepEqual(read.settings, changed.settings);
  });
}

for (const [currency, transfer, sender] of [
  ['usd', 'us_bank_transfer', ['network', 'sender_name']],
  ['gbp', 'gb_bank_transfer', ['account_number_last4', 'sender_name', 'sort_code']],
  ['eur', 'eu_bank_transfer', ['bic', 'iban_last4', 'sender_name']],
  ['jpy', 'jp_bank_transfer', ['sender_bank', 'sender_branch', 'sender_name']],
  ['mxn', 'mx_bank_transfer', []],
]) {
  for (const reference of ['INV-2026/0042 für Ada', undefined]) {
    test(`a transfer in ${currency} arrives with the reference ${reference}`, async () => {
      const [stripe, customer] = await newCustomer();
      const arrived = await fund(stripe, customer, 5000, currency, {reference});

      assert.match(arrived.id, /^ccsbtxn_[A-Za-z0-9]{24}$/);
      assert.equal(arrived.object, 'customer_cash_balance_transaction');
      const {type, net_amount, ending_balance} = arrived;
      assert.deepEqual([type, net_amount, ending_balance], ['funded', 5000, 5000]);
      const told = arrived.funded.bank_transfer;
      assert.deepEqual([told.type, told.reference], [transfer, reference ?? null]);
      assert.deepEqual(Object.keys(told[transfer] ?? {}).sort(), sender);

      const {customers} = stripe;
      const read = await customers.retrieveCashBalanceTransaction(customer, arrived.id);
      assert.deepEqual(read, arrived);
      await assertBooksHold(stripe, customer, {[currency]: 5000});
    });
  }
}

test('currencies are kept apart in one list', async () => {
  const [stripe, customer] = await newCustomer();
  const made = [];
  for (const [currency, amount] of [['eur', 1000], ['usd', 200], ['eur', 30], ['jpy', 4]]) {
    made.push(await fund(stripe, customer, amount, currency));
  }
  const listed = await allTransactions(stripe, customer);
  assert.deepEqual(ids(listed), ids(made));
  assert.deepEqual(listed.map((row) => row.ending_balance), [1000, 200, 1030, 4]);
  await assertBooksHold(stripe, customer, {eur: 1030, usd: 200, jpy: 4});
});

test('a reversed transfer takes its money along', async () => {
  const [stripe, customer] = await newCustomer();
  await fund(stripe, customer, 250);
  await fund(stripe, customer, 1000, 'usd', {reference: 'reversal_1'});
  const [reversal] = (await stripe.customers.listCashBalanceTransactions(customer)).data;
  assert.deepEqual([reversal.type, reversal.net_amount], ['funding_reversed', -1000]);
  assert(!('funded' in reversal));
  await assertBooksHold(stripe, customer, {usd: 250});
});

test('money of customers is not money of the merchant', async () => {
  const [stripe, customer] = await newCustomer();
  const before = await stripe.balance.retrieve();
  await fund(stripe, customer, 5000);
  assert.deepEqual(await stripe.balance.retrieve(), before);
  const amounts = before.available.concat(before.pending).map(({amount}) => amount);
  assert.deepEqual(amounts, [0, 0]);
  assert.deepEqual((await stripe.balanceTransactions.list()).data, []);
});

for (const [params, code, param] of [
  [{amount: 0, currency: 'usd'}, 'parameter_invalid_integer', 'amount'],
  [{amount: 'abc', currency: 'usd'}, 'parameter_invalid_integer', 'amount'],
  [{amount: 10.5, currency: 'usd'}, 'parameter_invalid_integer', 'amount'],
  [{currency: 'usd'}, 'parameter_missing', 'amount'],
  [{amount: 1}, 'parameter_missing', 'currency'],
  [{amount: 1, currency: 'cad'}, undefined, 'currency'],
  [{amount: 1, currency: 'usd', foo: 1}, 'parameter_unknown', 'foo'],
]) {
  test(`a transfer ${JSON.stringify(params)} is refused and leaves no trace`, async () => {
    const [stripe, customer] = await newCustomer();
    const request = stripe.testHelpers.customers.fundCashBalance(customer, params);
    await assertRefused(request, 400, code, param);
    assert.deepEqual(await allTransactions(stripe, customer), []);
  });
}

test('an unknown mode is refused', async () => {
  const [stripe, customer] = await newCustomer();
  const settings = {reconciliation_mode: 'sometimes'};
  const request = stripe.customers.updateCashBalance(customer, {settings});
  await assertRefused(request, 400, undefined, 'settings[reconciliation_mode]');
});

test('nobody has no cash balance', async () => {
  const {customers} = server.world();
  const requests = [
    customers.retrieveCashBalance('cus_unknown'),
    customers.listCashBalanceTransactions('cus_unknown'),
    customers.retrieveCashBalanceTransaction('cus_unknown', 'ccsbtxn_unknown'),
    fund(server.world(), 'cus_unknown', 100),
  ];
  for (const error of await assertAllRefused(requests, 404, 'resource_missing', 'customer')) {
    assert.equal(error.message, "No such customer: 'cus_unknown'");
  }
});

test('an unknown transaction is missing', async () => {
  const [stripe, customer] = await newCustomer();
  const request = stripe.customers.retrieveCashBalanceTransaction(customer, 'ccsbtxn_unknown');
  await assertRefused(request, 404, 'resource_missing', 'transaction');
});
