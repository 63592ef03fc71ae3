// Invoices that a bank transfer pays.

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {
  TRANSFERS,
  assertBooksHold,
  assertRefused,
  fund,
  happened,
  ids,
} from '../support/asserts.js';
import {startServer} from '../support/purser.js';

const server = await startServer();

/** A customer in a world of its own. */
async function newCustomer() {
  const stripe = server.world();
  return [stripe, (await stripe.customers.create({email: 'ada@example.com'})).id];
}

/** An open invoice of these amounts, to be paid by transfer. */
async function newInvoice(stripe, customer, ...amounts) {
  const waits = {funding_type: 'bank_transfer', bank_transfer: TRANSFERS.usd};
  const {id: invoice} = await stripe.invoices.create({
    customer,
    currency: 'usd',
    collection_method: 'send_invoice',
    days_until_due: 30,
    payment_settings: {
      payment_method_types: ['customer_balance'],
      payment_method_options: {customer_balance: waits},
    },
  });
  for (const amount of amounts) {
    await stripe.invoiceItems.create({customer, invoice, amount, currency: 'usd'});
  }
  return stripe.invoices.finalizeInvoice(invoice);
}

test('a transfer with its number pays an invoice', async () => {
  const [stripe, customer] = await newCustomer();
  const invoice = await newInvoice(stripe, customer, 1000, 500);
  assert.deepEqual([invoice.status, invoice.amount_remaining], ['open', 1500]);
  const lines = stripe.invoices.listLineItems(invoice.id, {limit: 1});
  const amounts = (await lines.autoPagingToArray({limit: 9})).map(({amount}) => amount);
  assert.deepEqual(amounts.sort(), [1000, 500]);

  await fund(stripe, customer, 1600, 'usd', {reference: invoice.number});

  const done = await stripe.invoices.retrieve(invoice.id);
  assert.deepEqual([done.status, done.amount_paid, done.amount_remaining], ['paid', 1500, 0]);
  const [event] = (await stripe.events.list({type: 'invoice.paid'})).data;
  // The SDK makes numbers of decimal texts in an answer, and leaves those in an event alone.
  assert.equal(JSON.stringify(event.data.object), JSON.stringify(done));
  const told = await happened(stripe);
  for (const type of ['invoice.created', 'invoice.finalized', 'invoice.payment_succeeded']) {
    assert(told.includes(type), `${type} in ${told}`);
  }
  const [charge] = (await stripe.charges.list({customer})).data;
  assert.equal(charge.amount, 1500);
  await assertBooksHold(stripe, customer, {usd: 100});
});

test('an invoice is paid whole or not at all, the oldest first', async () => {
  const [stripe, customer] = await newCustomer();
  const older = await newInvoice(stripe, customer, 700);
  const younger = await newInvoice(stripe, customer, 900);
  const states = async () =>
    (await Promise.all([older, younger].map(({id}) => stripe.invoices.retrieve(id)))).map(
      ({status}) => status
    );
  await fund(stripe, customer, 600);
  assert.deepEqual(await states(), ['open', 'open']);
  await fund(stripe, customer, 300);
  assert.notDeepEqual(await states(), ['open', 'open']);
  await fund(stripe, customer, 700);
  assert.deepEqual(await states(), ['paid', 'paid']);
  await assertBooksHold(stripe, customer, {usd: 0});
});

test('an invoice is paid by hand or by other means', async () => {
  const [stripe, customer] = await newCustomer();
  const settings = {reconciliation_mode: 'manual'};
  await stripe.customers.updateCashBalance(customer, {settings});
  const [first, second] = [
    await newInvoice(stripe, customer, 1500),
    await newInvoice(stripe, customer, 800),
  ];
  await fund(stripe, customer, 1500);
  assert.equal((await stripe.invoices.pay(first.id)).status, 'paid');
  const elsewhere = {paid_out_of_band: true};
  assert.equal((await stripe.invoices.pay(second.id, elsewhere)).status, 'paid');
  assert.equal((await stripe.charges.list()).data.length, 1);
  await assertBooksHold(stripe, customer, {usd: 0});
});

test('an invoice that was given up is not paid', async () => {
  const [stripe, customer] = await newCustomer();
  const [voided, hopeless] = [
    await newInvoice(stripe, customer, 1500),
    await newInvoice(stripe, customer, 1500),
  ];
  assert.equal((await stripe.invoices.voidInvoice(voided.id)).status, 'void');
  assert.equal((await stripe.invoices.markUncollectible(hopeless.id)).status, 'uncollectible');
  await fund(stripe, customer, 1500, 'usd', {reference: voided.number});
  await assertRefused(stripe.invoices.pay(voided.id), 400);
  assert.deepEqual(ids((await stripe.invoices.list({status: 'void'})).data), [voided.id]);
  await assertBooksHold(stripe, customer, {usd: 1500});
});
