// Cards: tokens, payment methods, and what customers keep of them.

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {assertRefused} from '../support/asserts.js';
import {startServer} from '../support/purser.js';

const server = await startServer();

const CARD = {number: '4242424242424242', exp_month: 12, exp_year: 2034, cvc: '314'};
const CARD_ERROR = 'StripeCardError';
// No test card has it, and its check digit holds.
const REAL_LOOKING = '4532015112830366';

test('a token is used once', async () => {
  const stripe = server.world();
  const card = {...CARD, exp_month: '12', exp_year: '2034', name: 'Ada'};
  const token = await stripe.tokens.create({card});
  assert.deepEqual([token.type, token.used, token.card.last4], ['card', false, '4242']);

  const asked = {type: 'card', card: {token: token.id}};
  const method = await stripe.paymentMethods.create(asked);
  assert.equal(method.billing_details.name, 'Ada');
  assert.equal((await stripe.tokens.retrieve(token.id)).used, true);
  const again = stripe.paymentMethods.create(asked);
  await assertRefused(again, 400, 'token_already_used', 'card[token]');
});

test('what is wrong with a card is a card error, and a number is not repeated', async () => {
  const stripe = server.world();
  const cases = [
    [{number: '4242424242424241'}, 'incorrect_number', 'number'],
    [{number: '4242'}, 'invalid_number', 'number'],
    [{exp_month: 13}, 'invalid_expiry_month', 'exp_month'],
    [{exp_year: 2020}, 'invalid_expiry_year', 'exp_year'],
    [{cvc: '12'}, 'invalid_cvc', 'cvc'],
    [{number: REAL_LOOKING}, 'card_declined', undefined],
  ];
  for (const [given, code, param] of cases) {
    const request = stripe.paymentMethods.create({type: 'card', card: {...CARD, ...given}});
    const error = await assertRefused(request, 402, code, param, CARD_ERROR);
    assert(!JSON.stringify(error.raw).includes(REAL_LOOKING));
  }
});

test('a payment method is attached, changed and detached', async () => {
  const stripe = server.world();
  const customer = await stripe.customers.create();
  const made = await stripe.paymentMethods.create({type: 'card', card: CARD});
  assert.equal(made.customer, null);

  const kept = await stripe.paymentMethods.attach(made.id, {customer: customer.id});
  assert.equal(kept.customer, customer.id);
  assert.equal(kept.card.checks.cvc_check, 'pass');
  const changed = await stripe.paymentMethods.update(made.id, {
    billing_details: {address: {city: 'Berlin'}},
    card: {exp_month: 1, exp_year: 2036},
    metadata: {color: 'red'},
  });
  assert.equal(changed.billing_details.address.city, 'Berlin');
  assert.deepEqual([changed.card.exp_month, changed.card.exp_year], [1, 2036]);

  const listed = await stripe.customers.listPaymentMethods(customer.id, {type: 'card'});
  assert.deepEqual(
    listed.data.map((method) => method.id),
    [made.id]
  );
  const gone = await stripe.paymentMethods.detach(made.id);
  assert.equal(gone.customer, null);
  const again = stripe.paymentMethods.attach(made.id, {customer: customer.id});
  await assertRefused(again, 400, undefined, 'payment_method');
});

test('a declined card is not kept, and makes no customer', async () => {
  const stripe = server.world();
  const email = 'eve@example.com';
  const asked = {email, payment_method: 'pm_card_chargeDeclinedInsufficientFunds'};
  const request = stripe.customers.create(asked);
  const error = await assertRefused(request, 402, 'card_declined', undefined, CARD_ERROR);
  assert.equal(error.decline_code, 'insufficient_funds');
  assert.deepEqual((await stripe.customers.list({email})).data, []);
});

test('a customer is made with its default', async () => {
  const stripe = server.world();
  const customer = await stripe.customers.create({
    payment_method: 'pm_card_visa',
    invoice_settings: {default_payment_method: 'pm_card_visa'},
    expand: ['invoice_settings.default_payment_method'],
  });
  const method = customer.invoice_settings.default_payment_method;
  assert.deepEqual([method.customer, method.card.last4], [customer.id, '4242']);

  await stripe.paymentMethods.detach(method.id);
  const now = await stripe.customers.retrieve(customer.id);
  assert.equal(now.invoice_settings.default_payment_method, null);
});
