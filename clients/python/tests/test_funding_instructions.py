"""Funding instructions: bank accounts that a payer's bank would accept."""

import re

import pytest

import check_digits
from support import refusal

# Currency, country and, for each address, the networks that reach it.
RAILS = {
    "us_bank_transfer": ("usd", "US", {"aba": ["ach", "domestic_wire_us"], "swift": ["swift"]}),
    "gb_bank_transfer": ("gbp", "GB", {"sort_code": ["bacs", "fps"]}),
    "jp_bank_transfer": ("jpy", "JP", {"zengin": ["zengin"]}),
    "mx_bank_transfer": ("mxn", "MX", {"spei": ["spei"]}),
    "eu_bank_transfer DE": ("eur", "DE", {"iban": ["sepa"]}),
    "eu_bank_transfer FR": ("eur", "FR", {"iban": ["sepa"]}),
    "eu_bank_transfer IE": ("eur", "IE", {"iban": ["sepa"]}),
    "eu_bank_transfer NL": ("eur", "NL", {"iban": ["sepa"]}),
}
IBAN_LENGTHS = {"DE": 22, "FR": 27, "IE": 22, "NL": 18}


def instructions(client, customer, rail, currency=None, **more):
    """Asks for the instructions of a rail, written as in the table above."""
    kind, _, country = rail.partition(" ")
    transfer = {"type": kind} | ({"eu_bank_transfer": {"country": country}} if country else {})
    return client.v1.customers.funding_instructions.create(
        customer,
        {
            "funding_type": "bank_transfer",
            "currency": currency or RAILS[rail][0],
            "bank_transfer": transfer | more,
        },
    )


def address(made, kind):
    """The address of one kind."""
    (found,) = [entry for entry in made.bank_transfer.financial_addresses if entry.type == kind]
    return found[kind]


@pytest.mark.parametrize("rail", RAILS)
def test_instructions_name_the_accounts_of_their_rail(client, customer, rail):
    currency, country, networks = RAILS[rail]

    made = instructions(client, customer.id, rail)

    assert (made.object, made.funding_type) == ("funding_instructions", "bank_transfer")
    assert (made.currency, made.livemode) == (currency, False)
    assert "id" not in made
    assert made.bank_transfer.type == rail.split()[0]
    assert made.bank_transfer.country == country
    entries = made.bank_transfer.financial_addresses
    assert {entry.type: entry.supported_networks for entry in entries} == networks
    assert [entry.type for entry in entries] == list(networks)
    for entry in entries:
        details = entry[entry.type]
        assert details.account_holder_name
        for place in (details.account_holder_address, details.bank_address):
            assert set(place.to_dict()) == {
                "city", "country", "line1", "line2", "postal_code", "state",
            }  # fmt: skip
            assert re.fullmatch("[A-Z]{2}", place.country)


@pytest.mark.parametrize("rail", RAILS)
def test_asking_again_gives_the_same_account(client, customer, rail):
    first = instructions(client, customer.id, rail)
    again = instructions(client, customer.id, rail)
    assert again.last_response.body == first.last_response.body
    assert "Idempotent-Replayed" not in again.last_response.headers


@pytest.mark.parametrize("rail", RAILS)
def test_every_customer_has_accounts_of_its_own(client, rail):
    customers = [client.v1.customers.create().id for _ in range(20)]
    numbers = {
        str(instructions(client, customer, rail).bank_transfer.financial_addresses)
        for customer in customers
    }
    assert len(numbers) == len(customers)


def test_a_customer_has_one_account_for_each_country(client, customer):
    numbers = {
        address(instructions(client, customer.id, rail), "iban").iban
        for rail in RAILS
        if rail.startswith("eu")
    }
    assert len(numbers) == 4


@pytest.mark.parametrize("country, length", IBAN_LENGTHS.items())
def test_ibans_have_the_check_digits_of_their_country(client, country, length):
    for _ in range(20):
        customer = client.v1.customers.create()
        made = address(instructions(client, customer.id, f"eu_bank_transfer {country}"), "iban")
        assert made.country == country == made.iban[:2]
        assert len(made.iban) == length
        assert check_digits.iban_holds(made.iban), made.iban
        assert check_digits.national_digits_hold(made.iban), made.iban
        assert re.fullmatch(f"[A-Z]{{4}}{country}[A-Z0-9]{{2}}([A-Z0-9]{{3}})?", made.bic)


def test_clabes_have_their_control_digit(client):
    for _ in range(20):
        customer = client.v1.customers.create()
        made = address(instructions(client, customer.id, "mx_bank_transfer"), "spei")
        assert check_digits.clabe_holds(made.clabe), made.clabe
        assert made.clabe.startswith(made.bank_code) and len(made.bank_code) == 3
        assert made.bank_name


def test_an_american_account_can_be_reached_at_home_and_from_abroad(client, customer):
    made = instructions(client, customer.id, "us_bank_transfer")
    aba, swift = address(made, "aba"), address(made, "swift")
    assert check_digits.aba_holds(aba.routing_number), aba.routing_number
    assert re.fullmatch("[0-9]{12}", aba.account_number)
    assert re.fullmatch("[A-Z]{4}US[A-Z0-9]{2}([A-Z0-9]{3})?", swift.swift_code)
    assert swift.account_number == aba.account_number
    assert aba.account_type == swift.account_type == "checking"
    assert aba.bank_name == swift.bank_name


def test_a_british_account_has_a_sort_code(client, customer):
    made = address(instructions(client, customer.id, "gb_bank_transfer"), "sort_code")
    assert re.fullmatch("[0-9]{6}", made.sort_code)
    assert re.fullmatch("[0-9]{8}", made.account_number)


def test_a_japanese_account_has_bank_branch_and_number(client, customer):
    made = address(instructions(client, customer.id, "jp_bank_transfer"), "zengin")
    assert re.fullmatch("[0-9]{4}", made.bank_code)
    assert re.fullmatch("[0-9]{3}", made.branch_code)
    assert re.fullmatch("[0-9]{7}", made.account_number)
    assert made.account_type in ("futsu", "toza")
    assert made.bank_name and made.branch_name


@pytest.mark.parametrize(
    "rail, kind",
    [
        ("eu_bank_transfer DE", "iban"),
        ("gb_bank_transfer", "sort_code"),
        ("mx_bank_transfer", "spei"),
        ("jp_bank_transfer", "zengin"),
    ],
)
def test_the_kind_of_address_can_be_chosen(client, customer, rail, kind):
    made = instructions(client, customer.id, rail, requested_address_types=[kind])
    assert [entry.type for entry in made.bank_transfer.financial_addresses] == [kind]


def test_asking_for_an_account_opens_no_balance(client, customer):
    instructions(client, customer.id, "eu_bank_transfer DE")
    assert client.v1.customers.cash_balance.retrieve(customer.id).available is None


@pytest.mark.parametrize(
    "params, code, param",
    [
        (
            {"currency": "eur", "bank_transfer": {"type": "eu_bank_transfer"}},
            "parameter_missing",
            "bank_transfer[eu_bank_transfer][country]",
        ),
        (
            {
                "currency": "eur",
                "bank_transfer": {
                    "type": "eu_bank_transfer",
                    "eu_bank_transfer": {"country": "ES"},
                },
            },
            None,
            "bank_transfer[eu_bank_transfer][country]",
        ),
        (
            {
                "currency": "usd",
                "bank_transfer": {
                    "type": "eu_bank_transfer",
                    "eu_bank_transfer": {"country": "DE"},
                },
            },
            None,
            "currency",
        ),
        ({"currency": "gbp", "bank_transfer": {"type": "us_bank_transfer"}}, None, "currency"),
        ({"currency": "usd", "bank_transfer": {"type": "carrier_pigeon"}}, None,
         "bank_transfer[type]"),
        ({"currency": "usd"}, "parameter_missing", "bank_transfer"),
        ({"bank_transfer": {"type": "us_bank_transfer"}}, "parameter_missing", "currency"),
        (
            {"currency": "usd", "bank_transfer": {"type": "us_bank_transfer"},
             "funding_type": "cash"},
            None,
            "funding_type",
        ),
    ],
)  # fmt: skip
def test_wrong_wishes_are_refused(client, customer, params, code, param):
    with refusal(400, code, param):
        client.v1.customers.funding_instructions.create(
            customer.id, {"funding_type": "bank_transfer"} | params
        )


def test_nobody_has_no_account(client):
    with refusal(404, "resource_missing", "customer"):
        instructions(client, "cus_unknown", "gb_bank_transfer")
