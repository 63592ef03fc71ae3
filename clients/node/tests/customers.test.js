// Customers: making, reading, changing and deleting them.

import assert from 'node:assert/strict';
import {test} from 'node:test';

import Stripe from 'stripe';

import {assertRefused, fund} from '../support/asserts.js';
import {startServer} from '../support/purser.js';

const server = await startServer();

const FULL = {
  address: {
    city: 'Berlin',
    country: 'DE',
    line1: 'Unter den Linden 1',
    line2: '3. OG',
    postal_code: '10117',
    state: 'BE',
  },
  business_name: 'Analytical Engines',
  description: 'Counts on engines',
  email: 'ada@example.com',
  individual_name: 'Ada King',
  invoice_settings: {
    custom_fields: [
      {name: 'PO', value: '7'},
      {name: 'Team', value: 'Engines'},
    ],
    footer: 'Thank you',
  },
  metadata: {crm: '42', tier: 'gold'},
  name: 'Zoë Müller & 株式会社 100%+🪙',
  next_invoice_sequence: 7,
  phone: '+49 30 1234567',
  preferred_locales: ['de', 'en'],
  shipping: {
    address: {city: 'Hamburg', country: 'DE', line1: 'Am Sandtorkai 1'},
    name: 'Charles',
    phone: '+49 40 7654321',
  },
  tax_exempt: 'reverse',
};

test('a customer comes back as it was made', async () => {
  const stripe = server.world();
  const made = await stripe.customers.create(FULL);

  assert.match(made.id, /^cus_[A-Za-z0-9]{14}$/);
  assert.equal(made.livemode, false);
  assertContains(made, FULL);
  assert.deepEqual(await stripe.customers.retrieve(made.id), made);
});

test('a customer made from nothing is empty', async () => {
  const made = await server.world().customers.create();
  for (const field of ['address', 'description', 'email', 'name', 'phone', 'shipping']) {
    assert.equal(made[field], null);
  }
  assert.deepEqual(made.metadata, {});
  assert(!('cash_balance' in made));
});

test('every answer carries the headers that support staff ask for', async () => {
  const made = await server.world().customers.create({}, {idempotencyKey: 'my-key-1'});
  const {statusCode, requestId, apiVersion, idempotencyKey} = made.lastResponse;
  assert.equal(statusCode, 200);
  assert.match(requestId, /^req_[A-Za-z0-9]{14}$/);
  assert.equal(apiVersion, Stripe.API_VERSION);
  assert.equal(idempotencyKey, 'my-key-1');
});

for (const [field, value, unset] of [
  ['address', FULL.address, null],
  ['description', 'words', null],
  ['email', 'ada@example.com', null],
  ['name', 'Ada', null],
  ['phone', '+49 30 1234567', null],
  ['shipping', FULL.shipping, null],
  ['metadata', {a: '1', b: '2'}, {}],
  ['tax_exempt', 'exempt', 'none'],
]) {
  test(`an empty text unsets ${field}`, async () => {
    const stripe = server.world();
    const made = await stripe.customers.create({[field]: value});
    assertContains(made[field], value);
    const changed = await stripe.customers.update(made.id, {[field]: ''});
    assert.deepEqual(changed, {...made, [field]: unset});
    assert.deepEqual(await stripe.customers.retrieve(made.id), changed);
  });
}

for (const [change, merged] of [
  [{c: '3'}, {a: '1', b: '2', c: '3'}],
  [{a: 'one'}, {a: 'one', b: '2'}],
  [{a: ''}, {b: '2'}],
  [{a: null}, {b: '2'}],
  [{}, {a: '1', b: '2'}],
  ['', {}],
]) {
  test(`metadata ${JSON.stringify(change)} merges to ${JSON.stringify(merged)}`, async () => {
    const stripe = server.world();
    const made = await stripe.customers.create({metadata: {a: '1', b: '2'}});
    const changed = await stripe.customers.update(made.id, {metadata: change});
    assert.deepEqual(changed.metadata, merged);
  });
}

test('an update changes what it names and nothing else', async () => {
  const stripe = server.world();
  const made = await stripe.customers.create(FULL);
  const changed = await stripe.customers.update(made.id, {name: 'Countess Lovelace'});
  assert.deepEqual(changed, {...made, name: 'Countess Lovelace'});
});

test('a deleted customer is a tombstone of three fields', async () => {
  const stripe = server.world();
  const {id} = await stripe.customers.create(FULL);
  const tombstone = {id, object: 'customer', deleted: true};

  assert.deepEqual(await stripe.customers.del(id), tombstone);
  assert.deepEqual(await stripe.customers.retrieve(id), tombstone);
  assert.deepEqual((await stripe.customers.list()).data, []);
  await assertRefused(stripe.customers.del(id), 404, 'resource_missing', 'id');
  await assertRefused(stripe.customers.update(id, {name: 'G'}), 400, 'resource_missing', 'id');
  await assertRefused(fund(stripe, id, 100), 404, 'resource_missing', 'customer');
});

test('a customer with money cannot be deleted', async () => {
  const stripe = server.world();
  const customer = await stripe.customers.create();
  await fund(stripe, customer.id, 100);
  const error = await assertRefused(stripe.customers.del(customer.id), 400);
  assert.match(error.message, /cash balance/);
  assert.deepEqual(await stripe.customers.retrieve(customer.id), customer);
});

test('objects written by an older client come out in the served version', async () => {
  const stripe = server.world({apiVersion: '2023-08-16'});
  const made = await stripe.customers.create({name: 'Ada'});
  assert.equal(made.lastResponse.apiVersion, '2023-08-16');
  assert.equal(made.name, 'Ada');
});

/** `whole` has at least what `part` has; hashes may have more. */
function assertContains(whole, part) {
  if (part === null || typeof part !== 'object' || Array.isArray(part)) {
    assert.deepEqual(whole, part);
    return;
  }
  for (const [name, value] of Object.entries(part)) assertContains(whole[name], value);
}
