// Money in the states that pages show, made through the official SDK.

import {fund, pay} from '../../node/support/asserts.js';

const PAYER = {name: 'Nordlicht GmbH', email: 'buchhaltung@nordlicht.example'};

/** Asks for something that only Purser has. */
export function own(stripe, path, params) {
  return stripe.rawRequest('POST', path, params ?? {});
}

/** A merchant with a bank account in Germany. */
export async function openBank(stripe) {
  const {id} = await stripe.accounts.retrieveCurrent();
  return stripe.accounts.createExternalAccount(id, {
    external_account: {
      object: 'bank_account',
      country: 'DE',
      currency: 'eur',
      account_number: 'DE89370400440532013000',
    },
  });
}

/** A payment by card that was confirmed. */
function byCard(stripe, payment_method, more = {}) {
  return stripe.paymentIntents.create({
    amount: 4_200,
    currency: 'eur',
    confirm: true,
    payment_method,
    payment_method_types: ['card'],
    return_url: 'https://shop.example/back',
    ...more,
  });
}

/** Cards in the states that pages show: charged, set aside, declined, refunded, to authenticate. */
export async function cards(stripe, customer) {
  await stripe.customers.createSource(customer, {source: 'tok_mastercard'});
  const method = await stripe.paymentMethods.create({type: 'card', card: {token: 'tok_amex'}});
  await stripe.paymentMethods.attach(method.id, {customer});
  await byCard(stripe, 'pm_card_visa', {customer});
  await byCard(stripe, 'pm_card_chargeDeclined').catch(() => {});
  const held = await byCard(stripe, 'pm_card_visa', {capture_method: 'manual'});
  await byCard(stripe, 'pm_card_threeDSecure2Required');
  const terms = {amount: 1_900, currency: 'eur', source: 'tok_visa'};
  const charge = await stripe.charges.create({...terms, description: 'Two lamps'});
  await stripe.refunds.create({charge: charge.id, amount: 400});
  await stripe.charges.create({...terms, source: 'tok_chargeDeclined'}).catch(() => {});
  const aside = await stripe.charges.create({...terms, capture: false});
  await stripe.topups.create({amount: 9_000, currency: 'usd', description: 'For refunds'});
  return {held, aside};
}

/** Somebody with a bit of everything. */
export async function everything(stripe) {
  await openBank(stripe);
  const customer = await stripe.customers.create({...PAYER, metadata: {project: '<b>Aurora</b>'}});
  const paid = await pay(stripe, customer.id, 125_000, 'eur');
  await fund(stripe, customer.id, 125_000, 'eur');
  await own(stripe, '/purser/v1/clock', {advance_s: 5 * 86_400});
  const refund = await stripe.refunds.create({payment_intent: paid.id, amount: 2_500});
  const payout = await stripe.payouts.create({amount: 40_000, currency: 'eur'});
  const waiting = await pay(stripe, customer.id, 99_900, 'eur');
  await fund(stripe, customer.id, 20_000, 'eur');
  await fund(stripe, customer.id, 7_700, 'usd');
  const canceled = await pay(stripe, customer.id, 1_000, 'gbp');
  await stripe.paymentIntents.cancel(canceled.id);
  const endpoint = await stripe.webhookEndpoints.create({
    url: 'http://127.0.0.1:9/nobody',
    enabled_events: ['*'],
  });
  await fund(stripe, customer.id, 300, 'jpy');
  await cards(stripe, customer.id);
  return {customer, paid, waiting, refund, payout, endpoint};
}
