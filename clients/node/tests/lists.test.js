// Lists: filters, pages, and the SDK's own paging in both directions.

import assert from 'node:assert/strict';
import {before, describe, test} from 'node:test';

import {assertRefused, fund, ids, waitUntil} from '../support/asserts.js';
import {startServer} from '../support/purser.js';

const server = await startServer();
const MANY = 105;

describe('lists with many rows', () => {
  // For each list: how to ask for it, and the ids in it, newest first.
  const crowds = {};

  before(async () => {
    const stripe = server.world();
    const rich = await stripe.customers.create({email: 'rich@example.com'});
    const customers = [rich.id];
    const transactions = [];
    for (let at = 0; at < MANY; at += 1) {
      transactions.unshift((await fund(stripe, rich.id, 100 + at)).id);
      const email = at % 2 ? 'odd@example.com' : 'even@example.com';
      customers.unshift((await stripe.customers.create({email})).id);
    }
    crowds.customers = {list: (params) => stripe.customers.list(params), all: customers};
    crowds.transactions = {
      list: (params) => stripe.customers.listCashBalanceTransactions(rich.id, params),
      all: transactions,
    };
  });

  for (const name of ['customers', 'transactions']) {
    for (const limit of [undefined, 35, 100]) {
      const pages = limit ? `pages of ${limit}` : 'pages as they come';

      test(`${name} in ${pages} are met once, newest first`, async () => {
        const {list, all} = crowds[name];
        const met = [];
        for await (const row of list({limit})) met.push(row.id);
        assert.deepEqual(met, all);
      });

      test(`${name} in ${pages} are met backward, oldest first`, async () => {
        const {list, all} = crowds[name];
        const met = [];
        for await (const row of list({limit, ending_before: all.at(-1)})) met.push(row.id);
        assert.deepEqual(met, all.slice(0, -1).reverse());
      });
    }

    test(`all ${name} can be had as an array, and so can the first ones`, async () => {
      const {list, all} = crowds[name];
      const rows = await list({limit: 50}).autoPagingToArray({limit: 10_000});
      assert.deepEqual(ids(rows), all);
      const some = await list({limit: 50}).autoPagingToArray({limit: 60});
      assert.deepEqual(ids(some), all.slice(0, 60));
    });

    test(`a visitor of ${name} may stop`, async () => {
      const {list, all} = crowds[name];
      const met = [];
      await list({limit: 10}).autoPagingEach((row) => {
        met.push(row.id);
        return met.length < 25;
      });
      assert.deepEqual(met, all.slice(0, 25));
    });

    test(`pages of ${name} say whether there is more`, async () => {
      const {list, all} = crowds[name];
      for (const [cursor, rows, has_more] of [
        [{}, all.slice(0, 10), true],
        [{starting_after: all.at(-11)}, all.slice(-10), false],
        [{ending_before: all[30]}, all.slice(20, 30), true],
        [{ending_before: all[10]}, all.slice(0, 10), false],
      ]) {
        const page = await list({limit: 10, ...cursor});
        assert.deepEqual([ids(page.data), page.has_more], [rows, has_more]);
      }
    });

    test(`limits and cursors of ${name} are checked`, async () => {
      const {list, all} = crowds[name];
      assert.equal((await list({limit: 0})).data.length, 1);
      assert.equal((await list({limit: 1000})).data.length, 100);
      for (const cursor of ['starting_after', 'ending_before']) {
        await assertRefused(list({[cursor]: 'cus_unknown'}), 400, 'resource_missing', cursor);
      }
      await assertRefused(list({starting_after: all[9], ending_before: all[20]}), 400);
      await assertRefused(list({limit: 'many'}), 400, 'parameter_invalid_integer', 'limit');
    });
  }

  test('customers are found by their exact email', async () => {
    const {list, all} = crowds.customers;
    for (const [email, rows] of [
      ['odd@example.com', all.slice(0, -1).filter((_, at) => at % 2 === 1)],
      ['even@example.com', all.slice(0, -1).filter((_, at) => at % 2 === 0)],
      ['rich@example.com', all.slice(-1)],
      ['even@example', []],
    ]) {
      const found = await list({email, limit: 20}).autoPagingToArray({limit: 999});
      assert.deepEqual(ids(found), rows, email);
    }
  });
});

test('customers are found by when they were made', async () => {
  const stripe = server.world();
  const early = await stripe.customers.create();
  await waitUntil(() => Date.now() >= (early.created + 1) * 1000);
  const late = await stripe.customers.create();

  for (const [created, found] of [
    [early.created, [early]],
    [late.created, [late]],
    [{gt: early.created}, [late]],
    [{gte: early.created}, [late, early]],
    [{lt: late.created}, [early]],
    [{lte: late.created}, [late, early]],
    [{gte: early.created, lt: late.created}, [early]],
    [{gt: late.created}, []],
    [{lt: early.created}, []],
  ]) {
    const listed = await stripe.customers.list({created});
    assert.deepEqual(ids(listed.data), ids(found), JSON.stringify(created));
  }
});

test('deleting every customer while paging misses none', async () => {
  const stripe = server.world();
  const made = [];
  for (let at = 0; at < 23; at += 1) made.unshift((await stripe.customers.create()).id);
  const deleted = [];
  for await (const {id} of stripe.customers.list({limit: 5})) {
    await stripe.customers.del(id);
    deleted.push(id);
  }
  assert.deepEqual(deleted, made);
  assert.deepEqual((await stripe.customers.list()).data, []);
});
