// Funding instructions: bank accounts that a payer's bank would accept.

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {assertRefused} from '../support/asserts.js';
import * as checkDigits from '../support/check-digits.js';
import {startServer} from '../support/purser.js';

const server = await startServer();
const IBAN_LENGTHS = {DE: 22, FR: 27, IE: 22, NL: 18};
const ACCOUNTS = 20;

// For each kind of address: the networks that reach it, and what it has to look like.
const ADDRESSES = {
  aba: {
    networks: ['ach', 'domestic_wire_us'],
    check: ({account_number, routing_number, account_type, bank_name}) => {
      assert.match(account_number, /^\d{12}$/);
      assert(checkDigits.abaHolds(routing_number), routing_number);
      assert.equal(account_type, 'checking');
      assert(bank_name);
    },
  },
  swift: {
    networks: ['swift'],
    check: ({account_number, swift_code}) => {
      assert.match(account_number, /^\d{12}$/);
      assert.match(swift_code, /^[A-Z]{4}US[A-Z0-9]{2}([A-Z0-9]{3})?$/);
    },
  },
  sort_code: {
    networks: ['bacs', 'fps'],
    check: ({account_number, sort_code}) => {
      assert.match(account_number, /^\d{8}$/);
      assert.match(sort_code, /^\d{6}$/);
    },
  },
  zengin: {
    networks: ['zengin'],
    check: ({account_number, account_type, bank_code, branch_code}) => {
      assert.match(account_number, /^\d{7}$/);
      assert.match(bank_code, /^\d{4}$/);
      assert.match(branch_code, /^\d{3}$/);
      assert.match(account_type, /^(futsu|toza)$/);
    },
  },
  spei: {
    networks: ['spei'],
    check: ({bank_code, clabe}) => {
      assert(checkDigits.clabeHolds(clabe), clabe);
      assert.equal(clabe.slice(0, 3), bank_code);
    },
  },
  iban: {
    networks: ['sepa'],
    check: ({bic, country, iban}) => {
      assert.equal(iban.slice(0, 2), country);
      assert.equal(iban.length, IBAN_LENGTHS[country]);
      assert(checkDigits.ibanHolds(iban), iban);
      assert(checkDigits.nationalDigitsHold(iban), iban);
      assert.equal(bic.slice(4, 6), country);
    },
  },
};

const RAILS = [
  ['us_bank_transfer', 'usd', 'US', ['aba', 'swift']],
  ['gb_bank_transfer', 'gbp', 'GB', ['sort_code']],
  ['jp_bank_transfer', 'jpy', 'JP', ['zengin']],
  ['mx_bank_transfer', 'mxn', 'MX', ['spei']],
  ...Object.keys(IBAN_LENGTHS).map((country) => ['eu_bank_transfer', 'eur', country, ['iban']]),
];

for (const [type, currency, country, kinds] of RAILS) {
  const transfer = type.startsWith('eu') ? {type, eu_bank_transfer: {country}} : {type};
  const wish = {funding_type: 'bank_transfer', currency, bank_transfer: transfer};

  test(`${type} in ${country} gives each customer valid accounts of its own`, async () => {
    const stripe = server.world();
    const seen = new Set();
    for (let at = 0; at < ACCOUNTS; at += 1) {
      const {id} = await stripe.customers.create();
      const made = await stripe.customers.createFundingInstructions(id, wish);
      assert.deepEqual(
        [made.object, made.funding_type, made.currency, made.livemode],
        ['funding_instructions', 'bank_transfer', currency, false]
      );
      assert.deepEqual([made.bank_transfer.type, made.bank_transfer.country], [type, country]);
      const addresses = made.bank_transfer.financial_addresses;
      assert.deepEqual(addresses.map((address) => address.type), kinds);
      for (const address of addresses) {
        const {networks, check} = ADDRESSES[address.type];
        assert.deepEqual(address.supported_networks, networks);
        check(address[address.type]);
        assert(address[address.type].account_holder_name);
      }
      seen.add(JSON.stringify(addresses));
    }
    assert.equal(seen.size, ACCOUNTS);
  });

  test(`${type} in ${country} gives the same account again`, async () => {
    const stripe = server.world();
    const {id} = await stripe.customers.create();
    const first = await stripe.customers.createFundingInstructions(id, wish);
    assert.deepEqual(await stripe.customers.createFundingInstructions(id, wish), first);
    assert.equal((await stripe.customers.retrieveCashBalance(id)).available, null);
  });
}

test('one account in America has the same number at home and from abroad', async () => {
  const stripe = server.world();
  const {id} = await stripe.customers.create();
  const {bank_transfer} = await stripe.customers.createFundingInstructions(id, {
    funding_type: 'bank_transfer',
    currency: 'usd',
    bank_transfer: {type: 'us_bank_transfer'},
  });
  const [{aba}, {swift}] = bank_transfer.financial_addresses;
  assert.equal(aba.account_number, swift.account_number);
});

for (const [params, code, param] of [
  [
    {currency: 'eur', bank_transfer: {type: 'eu_bank_transfer'}},
    'parameter_missing',
    'bank_transfer[eu_bank_transfer][country]',
  ],
  [
    {currency: 'eur', bank_transfer: {type: 'eu_bank_transfer', eu_bank_transfer: {country: 'ES'}}},
    undefined,
    'bank_transfer[eu_bank_transfer][country]',
  ],
  [
    {currency: 'usd', bank_transfer: {type: 'eu_bank_transfer', eu_bank_transfer: {country: 'DE'}}},
    undefined,
    'currency',
  ],
  [{currency: 'usd', bank_transfer: {type: 'carrier_pigeon'}}, undefined, 'bank_transfer[type]'],
  [{currency: 'usd'}, 'parameter_missing', 'bank_transfer'],
]) {
  test(`the wish ${JSON.stringify(params)} is refused`, async () => {
    const stripe = server.world();
    const {id} = await stripe.customers.create();
    const wish = {funding_type: 'bank_transfer', ...params};
    await assertRefused(stripe.customers.createFundingInstructions(id, wish), 400, code, param);
  });
}
