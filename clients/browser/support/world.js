// Money in the states that pages show, made through the official SDK.

const PAYER = {name: 'Nordlicht GmbH', email: 'buchhaltung@nordlicht.example'};

/** Asks for something that only Purser has. */
export function own(stripe, path, params) {
  return stripe.rawRequest('POST', path, params ?? {});
}

/** A payment that waits for a transfer. */
export function payment(stripe, customer, amount, currency) {
  const types = {usd: 'us', eur: 'eu', gbp: 'gb', jpy: 'jp', mxn: 'mx'};
  const type = `${types[currency]}_bank_transfer`;
  const country = currency === 'eur' ? {eu_bank_transfer: {country: 'DE'}} : {};
  return stripe.paymentIntents.create({
    amount,
    currency,
    customer,
    confirm: true,
    payment_method_types: ['customer_balance'],
    payment_method_data: {type: 'customer_balance'},
    payment_method_options: {
      customer_balance: {funding_type: 'bank_transfer', bank_transfer: {type, ...country}},
    },
  });
}

/** A transfer that arrives. */
export function fund(stripe, customer, amount, currency) {
  return stripe.testHelpers.customers.fundCashBalance(customer, {amount, currency});
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

/** Somebody with a bit of everything. */
export async function everything(stripe) {
  await openBank(stripe);
  const customer = await stripe.customers.create({...PAYER, metadata: {project: '<b>Aurora</b>'}});
  const paid = await payment(stripe, customer.id, 125_000, 'eur');
  await fund(stripe, customer.id, 125_000, 'eur');
  await own(stripe, '/purser/v1/clock', {advance_s: 5 * 86_400});
  const refund = await stripe.refunds.create({payment_intent: paid.id, amount: 2_500});
  const payout = await stripe.payouts.create({amount: 40_000, currency: 'eur'});
  const waiting = await payment(stripe, customer.id, 99_900, 'eur');
  await fund(stripe, customer.id, 20_000, 'eur');
  await fund(stripe, customer.id, 7_700, 'usd');
  const canceled = await payment(stripe, customer.id, 1_000, 'gbp');
  await stripe.paymentIntents.cancel(canceled.id);
  const endpoint = await stripe.webhookEndpoints.create({
    url: 'http://127.0.0.1:9/nobody',
    enabled_events: ['*'],
  });
  await fund(stripe, customer.id, 300, 'jpy');
  return {customer, paid, waiting, refund, payout, endpoint};
}
