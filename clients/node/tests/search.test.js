// Searches: the query language, and the SDK's own paging.

import assert from 'node:assert/strict';
import {describe, test} from 'node:test';

import {assertRefused, fund, ids} from '../support/asserts.js';
import {startServer} from '../support/purser.js';

const server = await startServer();
const MANY = 25;

describe('searches', () => {
  test('customers are met once, newest first, in pages of any size', async () => {
    const stripe = server.world();
    const made = [];
    for (let at = 0; at < MANY; at += 1) {
      const params = {email: `ada${at}@example.com`, metadata: {plan: 'gold'}};
      made.unshift((await stripe.customers.create(params)).id);
    }
    const query = "metadata['plan']:'GOLD'";
    for (const limit of [undefined, 7, 100]) {
      const met = [];
      for await (const row of stripe.customers.search({query, limit})) met.push(row.id);
      assert.deepEqual(met, made);
    }
    const one = await stripe.customers.search({query, limit: 1, expand: ['total_count']});
    assert.deepEqual(
      {object: one.object, total_count: one.total_count, has_more: one.has_more},
      {object: 'search_result', total_count: MANY, has_more: true}
    );
    const found = await stripe.customers.search({query: 'email:"ada7@example.com"'});
    assert.deepEqual(ids(found.data), [made.at(-8)]);
  });

  test('a payment and its charge are found by what they are', async () => {
    const stripe = server.world();
    const customer = await stripe.customers.create({email: 'ada@example.com'});
    await fund(stripe, customer.id, 1000);
    const intent = await stripe.paymentIntents.create({
      amount: 1000,
      currency: 'usd',
      customer: customer.id,
      confirm: true,
      payment_method_types: ['customer_balance'],
      payment_method_data: {type: 'customer_balance'},
    });
    for (const query of [`customer:'${customer.id}'`, "amount>999 AND -currency:'eur'"]) {
      assert.deepEqual(ids((await stripe.paymentIntents.search({query})).data), [intent.id]);
      assert.deepEqual(ids((await stripe.charges.search({query})).data), [intent.latest_charge]);
    }
  });

  test('a query that is none is refused', async () => {
    const stripe = server.world();
    const search = stripe.customers.search({query: 'name:ada'});
    const error = await assertRefused(search, 400, undefined, 'query');
    assert.match(error.message, /at character 6/);
  });
});
