// One merchant, and every way to be paid: what cash balances, cards, transfers to sources and
// top-ups bring, and what refunds and payouts take, is in the balance and in the journal alike.

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {assertRefused, ids, payment, waitDays} from '../support/asserts.js';
import {startServer} from '../support/purser.js';

const server = await startServer('--fee-bps', '100', '--instant-payout-fee-bps', '100');

// A Monday at nine o'clock, so that no weekend is in the way of what banks do.
const MONDAY = 2_051_859_605;
const KEEPS = {account_number: '000123456789', routing_number: '110000000'};
const MERCHANT_BANK = {...KEEPS, object: 'bank_account', country: 'US', currency: 'usd'};
const SHOP = 'https://shop.example/back';
const CARD = {number: '4242424242424242', exp_month: '12', exp_year: '2040', cvc: '314'};
const CARD_ERROR = 'StripeCardError';
const EVENTS = [
  'charge.captured',
  'charge.failed',
  'charge.refunded',
  'charge.succeeded',
  'charge.updated',
  'customer.source.created',
  'payment_intent.amount_capturable_updated',
  'payment_intent.payment_failed',
  'payment_intent.requires_action',
  'payment_method.attached',
  'payout.paid',
  'source.chargeable',
  'source.transaction.created',
  'topup.canceled',
  'topup.succeeded',
];

const usd = (params) => ({currency: 'usd', ...params});

/** Somebody's bank sends dollars to this account. */
function transfer(stripe, amount, account_number) {
  return stripe.rawRequest('POST', '/purser/v1/bank_transfers', usd({amount, account_number}));
}

/** Presses a button of the page on which the holder of a card authenticates. */
async function press(page, outcome) {
  assert.match(await (await fetch(page)).text(), /Complete authentication/);
  const body = new URLSearchParams({outcome});
  const led = await fetch(page, {method: 'POST', body, redirect: 'manual'});
  assert.equal(led.status, 303);
  return new URL(led.headers.get('location'));
}

/** 5000 come by a transfer, and 3000 of them pay; 400 go back to the customer's bank. */
async function payFromCash(stripe, customer) {
  const bank_transfer = {type: 'us_bank_transfer'};
  const asked = usd({funding_type: 'bank_transfer', bank_transfer});
  const made = await stripe.customers.createFundingInstructions(customer, asked);
  const {aba} = made.bank_transfer.financial_addresses.find(({type}) => type === 'aba');
  await transfer(stripe, 5000, aba.account_number);
  const intent = await stripe.paymentIntents.create(payment(customer, 3000));
  const refund = await stripe.refunds.create({payment_intent: intent.id, amount: 400});
  assert.deepEqual([intent.status, refund.status], ['succeeded', 'requires_action']);
  const path = `/purser/v1/refunds/${refund.id}/bank_details`;
  await stripe.rawRequest('POST', path, {bank_account: KEEPS});
  return {intent, refund};
}

function byCard(stripe, amount, payment_method, more = {}) {
  const asked = usd({amount, payment_method, payment_method_types: ['card'], confirm: true});
  return stripe.paymentIntents.create({...asked, ...more});
}

/** 1000 are paid at the second try. */
async function declinedThenPaid(stripe) {
  const intents = stripe.paymentIntents;
  const intent = await intents.create(usd({amount: 1000, payment_method_types: ['card']}));
  const declined = {payment_method: 'pm_card_chargeDeclinedInsufficientFunds'};
  const tried = intents.confirm(intent.id, declined);
  const error = await assertRefused(tried, 402, 'card_declined', undefined, CARD_ERROR);
  assert.equal(error.decline_code, 'insufficient_funds');
  assert.match(error.charge, /^ch_/);
  const {id, status, last_payment_error} = error.payment_intent;
  assert.deepEqual([id, status], [intent.id, 'requires_payment_method']);
  assert.equal(last_payment_error.decline_code, 'insufficient_funds');
  const paid = await intents.confirm(intent.id, {payment_method: 'pm_card_visa'});
  assert.deepEqual([paid.status, paid.last_payment_error], ['succeeded', null]);
  return paid;
}

/** 900 of 1500 are captured. */
async function capturedInPart(stripe) {
  const intents = stripe.paymentIntents;
  const held = await byCard(stripe, 1500, 'pm_card_visa', {capture_method: 'manual'});
  assert.deepEqual([held.status, held.amount_capturable], ['requires_capture', 1500]);
  const tooMuch = intents.capture(held.id, {amount_to_capture: 1501});
  await assertRefused(tooMuch, 400, 'amount_too_large', 'amount_to_capture');
  const taken = await intents.capture(held.id, {amount_to_capture: 900});
  assert.deepEqual([taken.status, taken.amount_received], ['succeeded', 900]);
  return taken;
}

/** The holder of a card authenticates, and 700 are paid. */
async function authenticated(stripe) {
  const back = {return_url: SHOP};
  const asked = await byCard(stripe, 700, 'pm_card_threeDSecure2Required', back);
  assert.deepEqual([asked.status, asked.next_action.type], ['requires_action', 'redirect_to_url']);
  const led = await press(asked.next_action.redirect_to_url.url, 'succeeded');
  assert.equal(led.origin + led.pathname, SHOP);
  assert.equal(led.searchParams.get('payment_intent'), asked.id);
  assert.equal(led.searchParams.get('redirect_status'), 'succeeded');
  assert.equal((await stripe.paymentIntents.retrieve(asked.id)).status, 'succeeded');
  return asked;
}

/** A card that came as a token pays 1200, which are captured later. Another one is declined. */
async function chargeByToken(stripe, customer) {
  const {charges} = stripe;
  const made = await charges.create(usd({amount: 1200, customer, capture: false}));
  assert.deepEqual([made.captured, made.balance_transaction], [false, null]);
  const expand = ['balance_transaction', 'customer'];
  const taken = await charges.capture(made.id, {expand});
  assert.deepEqual([taken.captured, taken.balance_transaction.net], [true, 1188]);
  assert.equal(taken.source.id, taken.customer.default_source);
  await charges.update(made.id, {description: 'Tea'});
  assert.equal((await charges.retrieve(made.id)).description, 'Tea');

  const tried = charges.create(usd({amount: 100, source: 'tok_chargeDeclinedExpiredCard'}));
  const error = await assertRefused(tried, 402, 'expired_card', 'exp_month', CARD_ERROR);
  const failed = await charges.retrieve(error.charge);
  assert.deepEqual([failed.status, failed.failure_code], ['failed', 'expired_card']);
  return {taken, failed};
}

/** 2500 come to a source, of which 1600 are charged. */
async function chargeReceiver(stripe) {
  const {sources} = stripe;
  const owner = {email: 'eve@example.com'};
  const {id, ach_credit_transfer} = await sources.create(
    usd({type: 'ach_credit_transfer', owner})
  );
  await transfer(stripe, 2500, ach_credit_transfer.account_number);
  const filled = await sources.retrieve(id);
  assert.deepEqual([filled.status, filled.receiver.amount_received], ['chargeable', 2500]);
  const charge = await stripe.charges.create(usd({amount: 1600, source: id}));
  assert.match(charge.id, /^py_/);
  const changed = await sources.update(id, {metadata: {order: '7'}});
  assert.deepEqual([changed.receiver.amount_charged, changed.metadata.order], [1600, '7']);
  const received = (await sources.listSourceTransactions(id)).data;
  assert.deepEqual(
    received.map(({amount, source}) => [amount, source]),
    [[2500, id]]
  );
  return charge;
}

/** A source that is a card is the customer's for a while. */
async function keepASource(stripe, customer) {
  const usage = 'reusable';
  const {id} = await stripe.sources.create({type: 'card', token: 'tok_visa', usage});
  const kept = await stripe.customers.createSource(customer, {source: id});
  assert.deepEqual([kept.object, kept.customer], ['source', customer]);
  const metadata = {use: 'rent'};
  const changed = await stripe.customers.updateSource(customer, id, {metadata});
  assert.deepEqual(changed.metadata, metadata);
  const listed = await stripe.customers.listSources(customer, {limit: 1}).autoPagingToArray({
    limit: 10,
  });
  assert.equal(listed.length, 2);
  assert.equal((await stripe.customers.retrieveSource(customer, id)).id, id);
  assert.equal((await stripe.customers.deleteSource(customer, id)).status, 'consumed');
}

/** 5000 come from the merchant's bank; 100 more are given up. */
async function topUp(stripe) {
  const {topups} = stripe;
  const made = await topups.create(usd({amount: 5000, description: 'For refunds'}));
  const other = await topups.create(usd({amount: 100}));
  assert.equal((await topups.cancel(other.id)).status, 'canceled');
  assert.deepEqual((await topups.update(made.id, {metadata: {week: '2'}})).metadata, {week: '2'});
  const listed = await topups.list({limit: 1}).autoPagingToArray({limit: 10});
  assert.deepEqual(ids(listed), [other.id, made.id]);
  return made;
}

/** 4000 of cards, and 1000 of transfers, leave as usual; 2000 leave at once, for 20. */
async function payOut(stripe) {
  const {id} = await stripe.accounts.retrieveCurrent();
  await stripe.accounts.createExternalAccount(id, {external_account: MERCHANT_BANK});
  const made = [
    await stripe.payouts.create(usd({amount: 4000})),
    await stripe.payouts.create(usd({amount: 1000, source_type: 'bank_account'})),
    await stripe.payouts.create(usd({amount: 2000, method: 'instant'})),
  ];
  assert.deepEqual(
    made.map(({status}) => status),
    ['pending', 'pending', 'in_transit']
  );
  const tooMuch = stripe.payouts.create(usd({amount: 100_000}));
  await assertRefused(tooMuch, 400, 'balance_insufficient');
  return made;
}

/** The accounts of the ledger that hold something, and those that the journal adds up to. */
async function books(stripe) {
  const {data} = await stripe.rawRequest('GET', '/purser/v1/ledger_accounts');
  const told = data.map(({account, balance}) => [account, balance]);
  const posted = {};
  for (let after = '', more = true; more; ) {
    const page = await stripe.rawRequest('GET', `/purser/v1/journal?limit=100${after}`);
    for (const {postings} of page.data) {
      for (const {account, debit, credit} of postings) {
        posted[account] = (posted[account] ?? 0) + debit - credit;
      }
    }
    more = page.has_more;
    after = `&starting_after=${page.data.at(-1).id}`;
  }
  const holding = (rows) => Object.fromEntries(rows.filter(([, amount]) => amount !== 0));
  return [holding(told), holding(Object.entries(posted))];
}

const sum = (amounts) => Object.values(amounts).reduce((all, amount) => all + amount, 0);

/** The balance is that of its transactions, and that of the ledger, whose journal adds up. */
async function assertAllAgree(stripe, available, pending, ledger) {
  const balance = await stripe.balance.retrieve();
  for (const [bucket, types] of [
    [balance.available, available],
    [balance.pending, pending],
  ]) {
    assert.deepEqual(bucket, [usd({amount: sum(types), source_types: types})]);
  }
  const sums = {available: 0, pending: 0};
  for await (const {amount, fee, net, status} of stripe.balanceTransactions.list({limit: 3})) {
    assert.equal(net, amount - fee);
    sums[status] += net;
  }
  assert.deepEqual(sums, {available: sum(available), pending: sum(pending)});
  assert.deepEqual(await books(stripe), [ledger, ledger]);
  assert.equal(sum(ledger), 0);
}

/** The ids of everything that is found, page by page. */
async function found(search, query) {
  return ids(await search({query, limit: 2}).autoPagingToArray({limit: 100}));
}

/** Everything that pays, and what can be told of it before it is settled. */
async function everyWay(stripe, customer) {
  const {customers, paymentMethods, paymentIntents, tokens} = stripe;
  const token = await tokens.create({card: CARD});
  const card = await customers.createSource(customer, {source: token.id});
  assert.equal((await tokens.retrieve(token.id)).used, true);
  const method = await paymentMethods.attach('pm_card_mastercard', {customer});
  const kept = await customers.retrievePaymentMethod(customer, method.id);
  assert.deepEqual(kept, await paymentMethods.retrieve(method.id));
  const all = await paymentMethods.list({customer, type: 'card'});
  assert(ids(all.data).includes(method.id));

  const cash = await payFromCash(stripe, customer);
  const first = await byCard(stripe, 2000, method.id, {customer});
  const refund = await stripe.refunds.create({payment_intent: first.id, amount: 500});
  assert.deepEqual([first.status, refund.status], ['succeeded', 'succeeded']);
  const second = await declinedThenPaid(stripe);
  const third = await capturedInPart(stripe);
  const fourth = await authenticated(stripe);
  const {taken, failed} = await chargeByToken(stripe, customer);
  assert.equal(taken.source.id, card.id);
  const byTransfer = await chargeReceiver(stripe);
  await keepASource(stripe, customer);
  const paid = ids([fourth, third, second, first, cash.intent]);
  assert.deepEqual(await found((it) => paymentIntents.search(it), "status:'succeeded'"), paid);
  const charges = (it) => stripe.charges.search(it);
  assert.deepEqual(await found(charges, 'amount:1600'), [byTransfer.id]);
  assert.equal((await found(charges, "status:'failed'"))[0], failed.id);
  return cash.refund;
}

test('every way to be paid ends in books that agree', async () => {
  const stripe = server.client();
  await stripe.rawRequest('POST', '/purser/v1/clock', {to: MONDAY});
  const {id} = await stripe.customers.create({email: 'ada@example.com', name: 'Ada'});
  const cashRefund = await everyWay(stripe, id);
  const topup = await topUp(stripe);
  await waitDays(stripe, 4);
  assert.equal((await stripe.topups.retrieve(topup.id)).status, 'succeeded');
  assert.equal((await stripe.refunds.retrieve(cashRefund.id)).status, 'succeeded');
  // Of 3000, 2000, 1000, 900, 700 and 1200, less one percent each, and of 500 and 400 that went
  // back; and of 5000 that were put there.
  const card = 2970 + 1980 + 990 + 891 + 693 + 1188 - 500 - 400 + 5000;
  const fees = 30 + 20 + 10 + 9 + 7 + 12 + 16;
  const ledger = {
    bank: 5000 + 2500 + 5800 - 500 - 400 + 5000,
    customer_cash: -2000,
    source: -900,
    merchant_available: -card,
    bank_available: -1584,
    fees: -fees,
  };
  const nothing = {card: 0, bank_account: 0};
  await assertAllAgree(stripe, {card, bank_account: 1584}, nothing, ledger);

  const payouts = await payOut(stripe);
  await waitDays(stripe, 4);
  for (const payout of payouts) {
    assert.equal((await stripe.payouts.retrieve(payout.id)).status, 'paid');
  }
  await stripe.charges.create(usd({amount: 600, source: 'tok_visa'}));
  Object.assign(ledger, {
    bank: ledger.bank - 7000,
    card_network: 600,
    merchant_available: -(card - 6020),
    merchant_pending: -594,
    bank_available: -584,
    fees: -(fees + 20 + 6),
  });
  const left = {card: card - 6020, bank_account: 584};
  await assertAllAgree(stripe, left, {...nothing, card: 594}, ledger);

  const customers = await found((it) => stripe.customers.search(it), "email:'ada@example.com'");
  assert.deepEqual(customers, [id]);
  const events = await stripe.events.list({limit: 100}).autoPagingToArray({limit: 1000});
  const told = new Set(events.map(({type}) => type));
  assert.deepEqual(
    EVENTS.filter((type) => !told.has(type)),
    []
  );
});

test('a live key has no cards to charge', async () => {
  const {key} = await server.makeKey('live', {mode: 'live'});
  const stripe = server.client({}, key);
  const charge = stripe.charges.create(usd({amount: 100, source: 'tok_visa'}));
  const error = await assertRefused(charge, 400, undefined, undefined);
  assert.match(error.message, /no acquirer/);
});
