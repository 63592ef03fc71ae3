// Webhooks: a receiver of this machine is told of events, and can tell who told it.

import assert from 'node:assert/strict';
import {once} from 'node:events';
import {createServer} from 'node:http';
import {test} from 'node:test';

import Stripe from 'stripe';

import {assertRefused, fund, pay, waitUntil} from '../support/asserts.js';
import {startServer} from '../support/purser.js';

const server = await startServer();

test('events arrive signed', async (t) => {
  const stripe = server.world();
  const receiver = await startReceiver(t);
  const {id} = await stripe.customers.create({name: 'Ada'});
  const {secret} = await tell(stripe, receiver, '*');
  const row = await fund(stripe, id, 500);

  await waitUntil(() => receiver.taken.length >= 2);
  const events = receiver.taken.map(({body, signature}) =>
    stripe.webhooks.constructEvent(body, signature, secret)
  );
  const types = events.map(({type}) => type).sort();
  const created = 'customer_cash_balance_transaction.created';
  assert.deepEqual(types, ['cash_balance.funds_available', created]);
  assert.deepEqual(events.find(({type}) => type === created).data.object, plain(row));
  for (const event of events) {
    const listed = plain(await stripe.events.retrieve(event.id));
    // It was still to be delivered when it was.
    assert.equal(event.pending_webhooks, 1);
    const {pending_webhooks} = listed;
    assert.deepEqual({...event, pending_webhooks}, listed);
    assert.equal(event.api_version, Stripe.API_VERSION);
  }
});

test('what was forged is refused', async (t) => {
  const stripe = server.world();
  const receiver = await startReceiver(t);
  const {secret} = await tell(stripe, receiver, 'customer.created');
  const {id} = await stripe.customers.create({name: 'Ada'});

  await waitUntil(() => receiver.taken.length >= 1);
  const [{body, signature}] = receiver.taken;
  const {webhooks} = stripe;
  assert.equal(webhooks.constructEvent(body, signature, secret).data.object.id, id);
  assert.equal((await webhooks.constructEventAsync(body, signature, secret)).data.object.id, id);

  const changed = body.replace('Ada', 'Bob');
  assert.notEqual(changed, body);
  const other = `whsec_${'0'.repeat(32)}`;
  for (const [forged, key] of [[body, other], [changed, secret]]) {
    assert.throws(
      () => webhooks.constructEvent(forged, signature, key),
      Stripe.errors.StripeSignatureVerificationError
    );
  }
});

test('an endpoint hears only what it asked for', async (t) => {
  const stripe = server.world();
  const receiver = await startReceiver(t);
  const {secret} = await tell(stripe, receiver, 'payment_intent.succeeded');
  const {id} = await stripe.customers.create();
  await fund(stripe, id, 700);
  const intents = [await pay(stripe, id, 300), await pay(stripe, id, 400)];

  await waitUntil(() => receiver.taken.length >= 2);
  const events = receiver.taken.map(({body, signature}) =>
    stripe.webhooks.constructEvent(body, signature, secret)
  );
  assert.deepEqual(new Set(events.map(({type}) => type)), new Set(['payment_intent.succeeded']));
  const told = new Set(events.map(({data}) => data.object.id));
  assert.deepEqual(told, new Set(intents.map(({id}) => id)));
});

test('events are found by their types', async () => {
  const stripe = server.world();
  const {id} = await stripe.customers.create();
  await fund(stripe, id, 500);
  await pay(stripe, id, 200);

  const types = ['customer.created', 'payment_intent.succeeded'];
  const found = [];
  for await (const event of stripe.events.list({types, limit: 1})) found.unshift(event.type);
  assert.deepEqual(found, types);
  const all = await stripe.events.list({type: 'payment_intent.*'});
  const told = all.data.map(({type}) => type);
  assert.deepEqual(told, ['payment_intent.succeeded', 'payment_intent.created']);
  await assert.rejects(stripe.events.list({types, type: 'customer.created'}), {
    code: 'parameters_exclusive',
    statusCode: 400,
  });
});

test('an endpoint from the first day to the last', async () => {
  const {webhookEndpoints} = server.world();
  const made = await webhookEndpoints.create({
    url: 'http://127.0.0.1:9/none',
    enabled_events: ['charge.refunded'],
    metadata: {team: 'till'},
  });
  const {secret, ...rest} = plain(made);
  assert.match(secret, /^whsec_[A-Za-z0-9]{32}$/);
  assert.deepEqual(plain(await webhookEndpoints.retrieve(made.id)), rest);

  const changed = await webhookEndpoints.update(made.id, {disabled: true, metadata: {team: ''}});
  assert.deepEqual(plain(changed), {...rest, metadata: {}, status: 'disabled'});
  assert.deepEqual((await webhookEndpoints.list()).data, [changed]);

  assert.equal((await webhookEndpoints.del(made.id)).deleted, true);
  assert.deepEqual((await webhookEndpoints.list()).data, []);
  const request = webhookEndpoints.retrieve(made.id);
  await assertRefused(request, 404, 'resource_missing', 'webhook_endpoint');
});

/** Takes whatever arrives, and keeps the bodies and signatures as they came. */
async function startReceiver(t) {
  const taken = [];
  const listener = createServer(async (request, response) => {
    const chunks = await request.toArray();
    const body = Buffer.concat(chunks).toString('utf8');
    taken.push({body, signature: request.headers['stripe-signature']});
    response.end();
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.after(() => {
    listener.close();
    listener.closeAllConnections();
  });
  return {taken, url: `http://127.0.0.1:${listener.address().port}/hooks`};
}

/** Adds an endpoint at the receiver. */
function tell(stripe, {url}, ...enabled_events) {
  return stripe.webhookEndpoints.create({url, enabled_events});
}

/** An answer without what the SDK adds to it. */
function plain(answer) {
  return JSON.parse(JSON.stringify(answer));
}
