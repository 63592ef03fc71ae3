// Expansion: whole objects where an answer has ids.

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {assertRefused, assertReplay, fund} from '../support/asserts.js';
import {startServer} from '../support/purser.js';

const server = await startServer();

test('a customer shows its cash balance when asked', async () => {
  const stripe = server.world();
  const plain = await stripe.customers.create();
  await fund(stripe, plain.id, 700, 'eur');
  const expanded = await stripe.customers.retrieve(plain.id, {expand: ['cash_balance']});
  const cash_balance = await stripe.customers.retrieveCashBalance(plain.id);
  assert.deepEqual(cash_balance.available, {eur: 700});
  assert.deepEqual(expanded, {...plain, cash_balance});
});

test('a transaction shows its customer, and that its balance', async () => {
  const stripe = server.world();
  const customer = await stripe.customers.create();
  const expand = ['customer.cash_balance'];
  const made = await fund(stripe, customer.id, 700, 'usd', {expand});
  assert.deepEqual(made.customer.cash_balance.available, {usd: 700});
  const {customers} = stripe;
  const read = await customers.retrieveCashBalanceTransaction(customer.id, made.id, {expand});
  assert.deepEqual(read, made);
});

test('lists expand from data on', async () => {
  const stripe = server.world();
  for (const amount of [100, 200, 300]) {
    await fund(stripe, (await stripe.customers.create()).id, amount);
  }
  const met = [];
  for await (const row of stripe.customers.list({limit: 2, expand: ['data.cash_balance']})) {
    met.push(row.cash_balance.available.usd);
  }
  assert.deepEqual(met, [300, 200, 100]);
});

for (const [path, code] of [
  ['livemode', undefined],
  ['nonsense', undefined],
  ['a.b.c.d.e', 'property_expansion_max_depth'],
]) {
  test(`the path ${path} is refused before anything happens`, async () => {
    const stripe = server.world();
    await assertRefused(stripe.customers.create({expand: [path]}), 400, code);
    assert.deepEqual((await stripe.customers.list()).data, []);
  });
}

test('a path that forgot data is corrected', async () => {
  const stripe = server.world();
  const {id} = await stripe.customers.create();
  const request = stripe.customers.listCashBalanceTransactions(id, {expand: ['customer']});
  const error = await assertRefused(request, 400);
  assert.match(error.message, /data\.customer/);
});

test('a replay is expanded as it was the first time', async () => {
  const stripe = server.world();
  const {id} = await stripe.customers.create();
  const expand = ['customer.cash_balance'];
  const options = {idempotencyKey: 'expanded'};
  const first = await fund(stripe, id, 700, 'usd', {expand}, options);
  await fund(stripe, id, 1);
  assertReplay(await fund(stripe, id, 700, 'usd', {expand}, options), first);
});
