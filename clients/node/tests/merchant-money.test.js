// The merchant's money: its balance, the transactions of it, bank accounts and payouts.

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {
  assertRefused,
  fund,
  happened,
  ids,
  latestEvent,
  paid,
  pay,
  waitDays,
} from '../support/asserts.js';
import {startServer} from '../support/purser.js';

const server = await startServer();
const KEEPS = '000123456789';
const NO_ACCOUNT = '000111111116';

/** A world whose merchant may pay out 3000, and has 500 that is not settled yet. */
async function newMerchant() {
  const stripe = server.world();
  const {id} = await stripe.customers.create({email: 'ada@example.com'});
  await paid(stripe, id, 3000);
  await waitDays(stripe, 2);
  await paid(stripe, id, 500);
  return stripe;
}

async function addBankAccount(stripe, account_number = KEEPS) {
  const {id} = await stripe.accounts.retrieveCurrent();
  const external_account = {
    object: 'bank_account',
    country: 'US',
    currency: 'usd',
    account_number,
    routing_number: '110000000',
  };
  return stripe.accounts.createExternalAccount(id, {external_account});
}

/** What is available and what is pending. */
async function balance(stripe) {
  const {available, pending} = await stripe.balance.retrieve();
  return [available, pending].map((bucket) => bucket.reduce((sum, it) => sum + it.amount, 0));
}

test('a payment settles in two days', async () => {
  const stripe = server.world();
  const {id} = await stripe.customers.create();
  const {latest_charge} = await paid(stripe, id, 3000);
  const [line] = (await stripe.balanceTransactions.list()).data;
  assert.deepEqual([line.type, line.net, line.source], ['payment', 3000, latest_charge]);
  assert.deepEqual([line.status, await balance(stripe)], ['pending', [0, 3000]]);
  const before = await latestEvent(stripe);
  await waitDays(stripe, 2);
  assert.equal((await stripe.balanceTransactions.retrieve(line.id)).status, 'available');
  assert.deepEqual(await balance(stripe), [3000, 0]);
  assert.deepEqual(await happened(stripe, before), ['balance.available']);
});

test('balance transactions are listed and paged', async () => {
  const stripe = server.world();
  const {id} = await stripe.customers.create({email: 'ada@example.com'});
  await fund(stripe, id, 1300);
  const charges = [];
  for (let at = 0; at < 13; at += 1) {
    charges.unshift((await pay(stripe, id, 100)).latest_charge);
  }
  await stripe.refunds.create({charge: charges[0]});
  const sources = async (params) => {
    const found = stripe.balanceTransactions.list({limit: 5, ...params});
    return (await found.autoPagingToArray({limit: 99})).map(({source}) => source);
  };
  assert.deepEqual(await sources({type: 'payment', currency: 'usd'}), charges);
  assert.deepEqual(await sources({source: charges[3]}), [charges[3]]);
  assert.equal((await sources({})).length, 14);
  assert.deepEqual(await sources({type: 'payout'}), []);
});

test('bank accounts come and go', async () => {
  const stripe = server.world();
  const {accounts} = stripe;
  const first = await addBankAccount(stripe);
  const {account} = first;
  assert.match(first.id, /^ba_[A-Za-z0-9]{24}$/);
  assert.deepEqual([first.last4, first.default_for_currency], ['6789', true]);
  assert.deepEqual(await accounts.retrieveExternalAccount(account, first.id), first);
  const second = await addBankAccount(stripe, NO_ACCOUNT);
  assert.equal(second.default_for_currency, false);
  const default_for_currency = true;
  await accounts.updateExternalAccount(account, second.id, {default_for_currency});
  const listed = accounts.listExternalAccounts(account, {limit: 1});
  assert.deepEqual(ids(await listed.autoPagingToArray({limit: 9})), [second.id, first.id]);
  assert.equal((await accounts.deleteExternalAccount(account, first.id)).deleted, true);
  const gone = accounts.retrieveExternalAccount(account, first.id);
  await assertRefused(gone, 404, 'resource_missing', 'id');
});

test('a payout arrives', async () => {
  const stripe = await newMerchant();
  const destination = await addBankAccount(stripe);
  const payout = await stripe.payouts.create({amount: 2000, currency: 'usd'});
  assert.match(payout.id, /^po_[A-Za-z0-9]{24}$/);
  assert.deepEqual(
    [payout.status, payout.destination, payout.automatic],
    ['pending', destination.id, false]
  );
  assert.deepEqual(await balance(stripe), [1000, 500]);
  await waitDays(stripe, 7);
  const expand = ['destination', 'balance_transaction'];
  const arrived = await stripe.payouts.retrieve(payout.id, {expand});
  assert.deepEqual([arrived.status, arrived.destination.last4], ['paid', '6789']);
  assert.deepEqual(
    [arrived.balance_transaction.type, arrived.balance_transaction.amount],
    ['payout', -2000]
  );
  const told = (await happened(stripe)).filter((type) => type.startsWith('payout.'));
  assert.deepEqual(told, ['payout.created', 'payout.updated', 'payout.paid']);
});

test('a payout is given up, fails, or is taken back', async () => {
  const stripe = await newMerchant();
  await addBankAccount(stripe);
  const bad = await addBankAccount(stripe, NO_ACCOUNT);
  const send = (more) => stripe.payouts.create({amount: 1000, currency: 'usd', ...more});
  const first = await send();
  const canceled = await stripe.payouts.cancel(first.id);
  assert.equal(canceled.status, 'canceled');
  await assertRefused(stripe.payouts.cancel(first.id), 400);
  const [failing, arriving] = [await send({destination: bad.id}), await send()];
  await waitDays(stripe, 7);

  const failed = await stripe.payouts.retrieve(failing.id);
  assert.deepEqual([failed.status, failed.failure_code], ['failed', 'no_account']);
  const lines = [canceled, failed].map(({failure_balance_transaction: id}) =>
    stripe.balanceTransactions.retrieve(id)
  );
  const types = (await Promise.all(lines)).map(({type, amount}) => [type, amount]);
  assert.deepEqual(types, [['payout_cancel', 1000], ['payout_failure', 1000]]);
  const back = await stripe.payouts.reverse(arriving.id);
  assert.deepEqual([back.amount, back.original_payout], [-1000, arriving.id]);
  await waitDays(stripe, 7);
  assert.deepEqual(await balance(stripe), [3500, 0]);
  const found = await stripe.payouts.list({status: 'failed'});
  assert.deepEqual(ids(found.data), [failing.id]);
});

test('what cannot be paid out is refused', async () => {
  const stripe = await newMerchant();
  const send = (amount, more) => stripe.payouts.create({amount, currency: 'usd', ...more});
  await assertRefused(send(100), 400, 'payouts_not_allowed');
  await addBankAccount(stripe);
  await assertRefused(send(3001), 400, 'balance_insufficient');
  await assertRefused(send(0), 400, 'parameter_invalid_integer', 'amount');
  const nowhere = send(1, {destination: 'ba_unknown'});
  await assertRefused(nowhere, 404, 'resource_missing', 'destination');
  assert.deepEqual(await balance(stripe), [3000, 500]);
});
