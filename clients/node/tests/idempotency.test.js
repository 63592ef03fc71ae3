// Idempotency keys, the SDK's own retries, and crashes: money arrives exactly once.

import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {describe, test} from 'node:test';

import Stripe from 'stripe';

import {
  allTransactions,
  assertAllRefused,
  assertBooksHold,
  assertRefused,
  assertReplay,
  fund,
  ids,
  waitUntil,
} from '../support/asserts.js';
import {CUT_ANSWER, LOST_ANSWER, LOST_REQUEST, NONE, flakyProxy} from '../support/flaky-proxy.js';
import {startServer} from '../support/purser.js';

const server = await startServer();
const CONFLICT = 'StripeIdempotencyError';

/** A world with a customer, and a way into it through a broken network. */
async function setting() {
  const stripeAccount = `acct_${randomUUID().replaceAll('-', '')}`;
  const stripe = server.client({stripeAccount});
  const {id} = await stripe.customers.create();
  const broken = async (test, faults, maxNetworkRetries) => {
    const proxy = await flakyProxy(test, server.port, faults);
    return [server.client({stripeAccount, port: proxy.port, maxNetworkRetries}), proxy];
  };
  return {stripe, customer: id, broken};
}

describe('a key', () => {
  test('makes the same transfer arrive once', async () => {
    const {stripe, customer} = await setting();
    const options = {idempotencyKey: 'once'};
    const first = await fund(stripe, customer, 500, 'usd', {}, options);
    assert(!('idempotent-replayed' in first.lastResponse.headers));
    assertReplay(await fund(stripe, customer, 500, 'usd', {}, options), first);
    await assertBooksHold(stripe, customer, {usd: 500});
  });

  test('belongs to its parameters and its endpoint', async () => {
    const {stripe, customer} = await setting();
    const options = {idempotencyKey: 'mine'};
    await fund(stripe, customer, 500, 'usd', {}, options);
    const reuses = [
      fund(stripe, customer, 501, 'usd', {}, options),
      stripe.customers.create({}, options),
    ];
    await assertAllRefused(reuses, 400, undefined, undefined, CONFLICT);
    await assertBooksHold(stripe, customer, {usd: 500});
  });

  test('is not used up by a wrong parameter', async () => {
    const {stripe, customer} = await setting();
    const options = {idempotencyKey: 'second try'};
    const wrong = fund(stripe, customer, 0, 'usd', {}, options);
    await assertRefused(wrong, 400, 'parameter_invalid_integer', 'amount');
    await fund(stripe, customer, 500, 'usd', {}, options);
    await assertBooksHold(stripe, customer, {usd: 500});
  });

  test('sent twenty times at once makes one transfer', async () => {
    const {stripe, customer} = await setting();
    const options = {idempotencyKey: 'all at once', maxNetworkRetries: 10};
    const send = () => fund(stripe, customer, 500, 'usd', {}, options);
    const rows = await Promise.all(Array.from({length: 20}, send));
    assert.equal(new Set(ids(rows)).size, 1);
    await assertBooksHold(stripe, customer, {usd: 500});
  });

  test('that is in use is said to be', async () => {
    const {stripe, customer} = await setting();
    const options = {idempotencyKey: 'impatient', maxNetworkRetries: 0};
    const send = () => fund(stripe, customer, 500, 'usd', {}, options);
    const results = await Promise.allSettled(Array.from({length: 20}, send));
    const done = results.filter(({status}) => status === 'fulfilled').map(({value}) => value.id);
    for (const {reason} of results.filter(({status}) => status === 'rejected')) {
      // The SDK's class for an idempotency error is for a key that was used otherwise.
      assert(reason instanceof Stripe.errors.StripeAPIError, reason);
      assert.deepEqual([reason.statusCode, reason.rawType], [409, 'idempotency_error']);
      assert.equal(reason.code, 'idempotency_key_in_use');
      assert.equal(reason.headers['stripe-should-retry'], 'true');
    }
    assert.equal(new Set(done).size, 1);
    await assertBooksHold(stripe, customer, {usd: 500});
  });
});

describe('over a network that breaks', () => {
  for (const [name, faults, replayed] of [
    ['a lost request', [LOST_REQUEST], false],
    ['a lost answer', [LOST_ANSWER], true],
    ['a lost request and a lost answer', [LOST_REQUEST, LOST_ANSWER], true],
  ]) {
    test(`the SDK retries after ${name}, and the money arrives once`, async (t) => {
      const {stripe, customer, broken} = await setting();
      const [retrying, proxy] = await broken(t, faults, 2);
      const sent = [];
      retrying.on('request', (request) => sent.push(request.idempotency_key));

      const row = await fund(retrying, customer, 500);

      assert.equal(proxy.connections, faults.length + 1);
      assert.equal(new Set(sent).size, 1);
      assert.equal('idempotent-replayed' in row.lastResponse.headers, replayed);
      await assertBooksHold(stripe, customer, {usd: 500});
    });
  }

  test('who hears half an answer sends again with the same key', async (t) => {
    const {stripe, customer, broken} = await setting();
    const [hasty] = await broken(t, [CUT_ANSWER], 0);
    const options = {idempotencyKey: 'by hand'};
    await assert.rejects(
      fund(hasty, customer, 500, 'usd', {}, options),
      Stripe.errors.StripeConnectionError
    );
    const row = await fund(hasty, customer, 500, 'usd', {}, options);
    assert.equal(row.lastResponse.headers['idempotent-replayed'], 'true');
    await assertBooksHold(stripe, customer, {usd: 500});
  });

  test('a storm of retries still adds up', async (t) => {
    const {stripe, customer, broken} = await setting();
    const faults = Array.from({length: 8}, () => [LOST_ANSWER, NONE, LOST_REQUEST]).flat();
    const [retrying] = await broken(t, faults, 5);
    const rows = await Promise.all(Array.from({length: 60}, () => fund(retrying, customer, 25)));
    assert.equal(new Set(ids(rows)).size, 60);
    await assertBooksHold(stripe, customer, {usd: 60 * 25});
  });
});

describe('with many at once and a server that crashes', () => {
  test('transfers in all currencies form their chains', async () => {
    const {stripe, customer} = await setting();
    const currencies = ['usd', 'eur', 'gbp', 'jpy', 'mxn'];
    const rows = await Promise.all(
      Array.from({length: 100}, (_, at) => fund(stripe, customer, at + 1, currencies[at % 5]))
    );
    const expected = {};
    for (const {currency, net_amount} of rows) {
      expected[currency] = (expected[currency] ?? 0) + net_amount;
    }
    await assertBooksHold(stripe, customer, expected);
  });

  test('clients that retry know a crash as a pause only', async () => {
    const {stripe, customer} = await setting();
    const acknowledged = [];
    const keepFunding = async () => {
      for (let at = 0; at < 30; at += 1) {
        const options = {maxNetworkRetries: 10};
        acknowledged.push((await fund(stripe, customer, 25, 'usd', {}, options)).id);
      }
    };
    const writers = Promise.all(Array.from({length: 6}, keepFunding));
    for (const enough of [40, 80, 120]) {
      await waitUntil(() => acknowledged.length >= enough);
      await server.crash();
    }
    await writers;

    assert.equal(new Set(acknowledged).size, 180);
    const kept = ids(await allTransactions(stripe, customer));
    assert.deepEqual(kept.sort(), acknowledged.sort());
    await assertBooksHold(stripe, customer, {usd: 180 * 25});
  });
});
