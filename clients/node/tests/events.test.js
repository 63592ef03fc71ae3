// Events: what happened, in order, with the request that caused it.

import assert from 'node:assert/strict';
import {test} from 'node:test';

import Stripe from 'stripe';

import {fund} from '../support/asserts.js';
import {startServer} from '../support/purser.js';

const server = await startServer();

test('each change leaves its events', async () => {
  const stripe = server.world();
  const {id} = await stripe.customers.create({name: 'Ada'});
  await stripe.customers.update(id, {name: 'Countess'});
  await fund(stripe, id, 500, 'usd', {reference: 'reversal_1'});
  await stripe.customers.del(id);

  const types = [];
  for await (const event of stripe.events.list({limit: 2})) types.unshift(event.type);
  assert.deepEqual(types, [
    'customer.created',
    'customer.updated',
    'customer_cash_balance_transaction.created',
    'cash_balance.funds_available',
    'customer_cash_balance_transaction.created',
    'customer.deleted',
  ]);
});

test('an event tells what, why and how much', async () => {
  const stripe = server.world();
  const {id} = await stripe.customers.create();
  const row = await fund(stripe, id, 500);
  const [available, created] = (await stripe.events.list({limit: 2})).data;

  assert.deepEqual(created.data.object, row);
  assert.deepEqual(available.data.object, await stripe.customers.retrieveCashBalance(id));
  for (const event of [available, created]) {
    assert.equal(event.api_version, Stripe.API_VERSION);
    assert.equal(event.request.id, row.lastResponse.requestId);
    assert.equal(event.request.idempotency_key, row.lastResponse.idempotencyKey);
    assert.deepEqual(await stripe.events.retrieve(event.id), event);
  }
});

test('an update tells what was before', async () => {
  const stripe = server.world();
  const {id} = await stripe.customers.create({name: 'Ada'});
  await stripe.customers.update(id, {name: 'Countess', metadata: {tier: 'gold'}});
  const [event] = (await stripe.events.list({limit: 1})).data;
  assert.deepEqual(event.data.previous_attributes, {name: 'Ada', metadata: {tier: null}});
});
