// What several tests say: a refusal, a payment, a chain of balances, waiting for something.

import assert from 'node:assert/strict';
import {setTimeout as pause} from 'node:timers/promises';

import Stripe from 'stripe';

const INVALID_REQUEST = 'StripeInvalidRequestError';
/** The code of an error about an intent that is too far, or not far enough. */
export const UNEXPECTED_STATE = 'payment_intent_unexpected_state';
/** The transfer that a payment waits for, by currency. */
export const TRANSFERS = {
  usd: {type: 'us_bank_transfer'},
  eur: {type: 'eu_bank_transfer', eu_bank_transfer: {country: 'DE'}},
  gbp: {type: 'gb_bank_transfer'},
  jpy: {type: 'jp_bank_transfer'},
  mxn: {type: 'mx_bank_transfer'},
};
const DAY_S = 24 * 60 * 60;
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

/** Parameters of a payment from the cash balance that fails when the balance is too low. */
export function paymentAtOnce(customer, amount, currency = 'usd') {
  return {
    amount,
    currency,
    customer,
    confirm: true,
    payment_method_types: ['customer_balance'],
    payment_method_data: {type: 'customer_balance'},
  };
}

/** Parameters of a payment from the cash balance that waits for a transfer if it must. */
export function payment(customer, amount, currency = 'usd') {
  const waits = {funding_type: 'bank_transfer', bank_transfer: TRANSFERS[currency]};
  const payment_method_options = {customer_balance: waits};
  return {...paymentAtOnce(customer, amount, currency), payment_method_options};
}

/** Makes a payment and confirms it. */
export function pay(stripe, customer, amount, currency = 'usd', more = {}) {
  return stripe.paymentIntents.create({...payment(customer, amount, currency), ...more});
}

/** A payment that succeeded, with money that came for it. */
export async function paid(stripe, customer, amount, currency = 'usd') {
  await fund(stripe, customer, amount, currency);
  const intent = await pay(stripe, customer, amount, currency);
  assert.equal(intent.status, 'succeeded');
  return intent;
}

/** What the customer of a waiting payment is told. */
export function awaited({status, next_action}) {
  const wanted = ['requires_action', 'display_bank_transfer_instructions'];
  assert.deepEqual([status, next_action?.type], wanted);
  return next_action.display_bank_transfer_instructions;
}

/** Moves the clock of the sandbox, which no Stripe SDK knows of. */
export async function waitDays(stripe, days) {
  const advance_s = Math.trunc(days * DAY_S);
  const clock = await stripe.rawRequest('POST', '/purser/v1/clock', {advance_s});
  assert.equal(clock.object, 'purser.clock');
}

/** The types of the events after this one, or of all, oldest first. */
export async function happened(stripe, ending_before) {
  const events = await stripe.events.list({limit: 100, ...(ending_before && {ending_before})});
  return events.data.map(({type}) => type).reverse();
}

/** The id of the newest event. */
export async function latestEvent(stripe) {
  return (await stripe.events.list({limit: 1})).data[0].id;
}

/** Type, amount and balance after it of each transaction of a customer, oldest first. */
export async function history(stripe, customer) {
  const rows = await allTransactions(stripe, customer);
  return rows.map(({type, net_amount, ending_balance}) => [type, net_amount, ending_balance]);
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
