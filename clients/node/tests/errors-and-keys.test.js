// Errors with their classes, and who may ask: keys, modes, scopes and worlds.

import assert from 'node:assert/strict';
import {describe, test} from 'node:test';

import {assertAllRefused, assertRefused, fund, ids} from '../support/asserts.js';
import {startServer} from '../support/purser.js';

const sandbox = await startServer();
const production = await startServer('--production');

const AUTHENTICATION = 'StripeAuthenticationError';
const PERMISSION = 'StripePermissionError';

describe('errors', () => {
  for (const [params, code, param] of [
    [{email: 'nobody'}, 'email_invalid', 'email'],
    [{foo: '1'}, 'parameter_unknown', 'foo'],
    [{shipping: {foo: '1'}}, 'parameter_unknown', 'shipping[foo]'],
    [{shipping: {name: 'Ada'}}, 'parameter_missing', 'shipping[address]'],
    [{tax_exempt: 'perhaps'}, undefined, 'tax_exempt'],
    [{metadata: {['k'.repeat(41)]: 'v'}}, undefined, 'metadata'],
    [{metadata: {k: 'v'.repeat(501)}}, undefined, 'metadata'],
  ]) {
    test(`a customer from ${JSON.stringify(params).slice(0, 60)} is refused`, async () => {
      const stripe = sandbox.world();
      const error = await assertRefused(stripe.customers.create(params), 400, code, param);
      assert.equal(error.rawType, 'invalid_request_error');
      assert.equal(error.headers['stripe-should-retry'], 'false');
      const page = code && `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}`;
      assert.equal(error.doc_url, page);
    });
  }

  test('what does not exist is missing', async () => {
    const stripe = sandbox.world();
    const requests = [
      stripe.customers.retrieve('cus_unknown'),
      stripe.customers.update('cus_unknown', {name: 'G'}),
      stripe.customers.del('cus_unknown'),
      stripe.events.retrieve('evt_unknown'),
      stripe.balanceTransactions.retrieve('txn_unknown'),
    ];
    await assertAllRefused(requests, 404, 'resource_missing', 'id');
    await assertRefused(stripe.rawRequest('GET', '/v1/nonsense'), 404);
  });
});

describe('keys', () => {
  test('a key that nobody made is refused', async () => {
    for (const [server, key] of [
      [sandbox, 'sk_live_4eC39HqLyjWDarjtT1zdp7dc'],
      [sandbox, 'nonsense'],
      [production, 'sk_test_4eC39HqLyjWDarjtT1zdp7dc'],
    ]) {
      const request = server.client({}, key).customers.list();
      const error = await assertRefused(request, 401, undefined, undefined, AUTHENTICATION);
      assert(!error.message.includes('HqLyjWDarjtT'));
    }
  });

  test('a made key works until it is revoked', async () => {
    const made = await production.makeKey('soon gone');
    const stripe = production.client({}, made.key);
    assert.equal((await stripe.customers.create()).livemode, false);
    await production.command('keys', 'revoke', made.id);
    const request = stripe.customers.list();
    await assertRefused(request, 401, 'api_key_expired', undefined, AUTHENTICATION);
  });

  test('a restricted key does what its scopes say', async () => {
    const made = await production.makeKey('reader', {scopes: ['customers:read']});
    const stripe = production.client({}, made.key);
    assert.equal((await stripe.customers.list()).object, 'list');
    const requests = [
      stripe.customers.create(),
      stripe.customers.retrieveCashBalance('cus_any'),
      stripe.balance.retrieve(),
      stripe.events.list(),
    ];
    for (const error of await assertAllRefused(requests, 403, undefined, undefined, PERMISSION)) {
      assert.match(error.message, /permission/);
    }
  });

  test('live and test mode do not meet', async () => {
    const live = production.client({}, (await production.makeKey('l', {mode: 'live'})).key);
    const tests = production.client({}, (await production.makeKey('t')).key);
    const real = await live.customers.create();
    assert.equal(real.livemode, true);
    const request = tests.customers.retrieve(real.id);
    const error = await assertRefused(request, 404, 'resource_missing', 'id');
    assert.match(error.message, /a similar object exists in live mode/);
    await assertRefused(fund(live, real.id, 100), 400);
  });

  test('production opens no other account', async () => {
    const {key} = await production.makeKey('owner');
    const request = production.client({stripeAccount: 'acct_other'}, key).customers.list();
    await assertRefused(request, 403, 'account_invalid', undefined, PERMISSION);
  });
});

describe('worlds', () => {
  test('worlds share nothing', async () => {
    const [here, there] = [sandbox.world(), sandbox.world()];
    const {id} = await here.customers.create();
    assert.deepEqual(ids((await here.customers.list()).data), [id]);
    assert.deepEqual((await there.customers.list()).data, []);
    await assertRefused(there.customers.retrieve(id), 404, 'resource_missing', 'id');
    await assertRefused(fund(there, id, 100), 404, 'resource_missing', 'customer');
  });

  test('a single request can go to another world, and so do its pages', async () => {
    const stripe = sandbox.client();
    const options = {stripeAccount: 'acct_node_one_request'};
    const made = [];
    for (let at = 0; at < 7; at += 1) made.unshift((await stripe.customers.create({}, options)).id);
    const rows = await stripe.customers.list({limit: 3}, options).autoPagingToArray({limit: 99});
    assert.deepEqual(ids(rows), made);
    await assertRefused(stripe.customers.retrieve(made[0]), 404, 'resource_missing', 'id');
  });

  test('an account says who it is', async () => {
    const stripe = sandbox.client({stripeAccount: 'acct_node_account'});
    const own = await stripe.accounts.retrieveCurrent();
    assert.deepEqual([own.object, own.id], ['account', 'acct_node_account']);
    assert.deepEqual(await stripe.accounts.retrieve('acct_node_account'), own);
    const nobody = stripe.accounts.retrieve('acct_nobody');
    await assertRefused(nobody, 403, 'account_invalid', undefined, PERMISSION);
  });

  test('a name that no account can have is refused', async () => {
    const request = sandbox.client({stripeAccount: 'nobody'}).customers.list();
    await assertRefused(request, 403, 'account_invalid', undefined, PERMISSION);
  });
});
