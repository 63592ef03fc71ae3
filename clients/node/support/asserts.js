// What several tests say: a refusal, a chain of balances, waiting for something.

import assert from 'node:assert/strict';
import {setTimeout as pause} from 'node:timers/promises';

import Stripe from 'stripe';

const INVALID_REQUEST = 'StripeInvalidRequestError';
const POLL_MS = 5;
const WAIT_TIMEOUT_MS = 20_000;

/** The request ends in exactly this error of the SDK, complete with what helps a developer. */
export async function assertRefused(request, status, code, param, type = INVALID_REQUEST) {
  const error = await request.then(
    () => assert.fail('the request succeeded'),
    (error) => error
  );
  assert(error instanceof Stripe.errors[type], error);
  assert.equal(error.type, type);
  assert.deepEqual(
    {status: error.statusCode, code: error.code, param: error.param},
    {status, code, param},
    error.message
  );
  assert(error.message);
  assert.match(error.requestId, /^req_[A-Za-z0-9]{14}$/);
  return error;
}

/** All these requests end in the same error. */
export function assertAllRefused(requests, ...expected) {
  return Promise.all(requests.map((request) => assertRefused(request, ...expected)));
}

/** Simulates a bank transfer from the customer. */
export function fund(stripe, customer, amount, currency = 'usd', more = {}, options = {}) {
  const params = {amount, currency, ...more};
  return stripe.testHelpers.customers.fundCashBalance(customer, params, options);
}

/** Every transaction of a customer, oldest first. */
export async function allTransactions(stripe, customer) {
  const listed = stripe.customers.listCashBalanceTransactions(customer, {limit: 100});
  return (await listed.autoPagingToArray({limit: 10_000})).reverse();
}

/**
 * Each currency's transactions form a chain that ends in what is available, and no money is
 * missing or made.
 */
export async function assertBooksHold(stripe, customer, expected) {
  const transactions = await allTransactions(stripe, customer);
  assert.equal(new Set(ids(transactions)).size, transactions.length);
  const sums = {};
  for (const {currency, net_amount, ending_balance} of transactions) {
    sums[currency] = (sums[currency] ?? 0) + net_amount;
    assert.equal(ending_balance, sums[currency]);
  }
  const {available} = await stripe.customers.retrieveCashBalance(customer);
  assert.deepEqual(sums, expected);
  assert.deepEqual({...available}, expected);
}

/** An answer is the first one again. */
export function assertReplay(again, first) {
  const {headers} = again.lastResponse;
  assert.equal(headers['idempotent-replayed'], 'true');
  assert.equal(headers['original-request'], first.lastResponse.requestId);
  assert.notEqual(again.lastResponse.requestId, first.lastResponse.requestId);
  assert.deepEqual(again, first);
}

/** The ids of objects. */
export function ids(objects) {
  return objects.map(({id}) => id);
}

/** Waits until a condition holds, or fails. */
export async function waitUntil(holds) {
  const deadline = Date.now() + WAIT_TIMEOUT_MS;
  while (!holds()) {
    assert(Date.now() < deadline, `still waiting after ${WAIT_TIMEOUT_MS} ms`);
    await pause(POLL_MS);
  }
}
