"""Customers: making, reading, changing and deleting them."""

import pytest
import stripe

from support import REQUEST_ID, fund, refusal

FULL = {
    "address": {
        "city": "Berlin",
        "country": "DE",
        "line1": "Unter den Linden 1",
        "line2": "3. OG",
        "postal_code": "10117",
        "state": "BE",
    },
    "business_name": "Analytical Engines",
    "description": "Counts on engines",
    "email": "ada@example.com",
    "individual_name": "Ada King",
    "invoice_prefix": "ADA01",
    "invoice_settings": {
        "custom_fields": [{"name": "PO", "value": "7"}, {"name": "Team", "value": "Engines"}],
        "footer": "Thank you",
        "rendering_options": {"amount_tax_display": "exclude_tax"},
    },
    "metadata": {"crm": "42", "tier": "gold"},
    "name": "Ada Lovelace",
    "next_invoice_sequence": 7,
    "phone": "+49 30 1234567",
    "preferred_locales": ["de", "en"],
    "shipping": {
        "address": {"city": "Hamburg", "country": "DE", "line1": "Am Sandtorkai 1"},
        "name": "Charles",
        "phone": "+49 40 7654321",
    },
    "tax_exempt": "reverse",
}


def test_a_customer_comes_back_as_it_was_made(client):
    made = client.v1.customers.create(FULL)

    assert made.object == "customer"
    assert made.id.startswith("cus_") and len(made.id) == 18
    assert made.livemode is False
    assert_contains(made.to_dict(), FULL)
    assert client.v1.customers.retrieve(made.id) == made


def test_a_customer_made_from_nothing_is_empty(client):
    made = client.v1.customers.create()

    for field in ("address", "description", "email", "name", "phone", "shipping"):
        assert made[field] is None
    assert made.metadata.to_dict() == {}
    assert made.balance == 0
    assert made.tax_exempt == "none"
    # These are shown only when they are asked for, or when there are any.
    for field in ("cash_balance", "sources", "subscriptions", "deleted"):
        assert field not in made


def test_every_answer_carries_the_headers_that_support_staff_ask_for(client):
    made = client.v1.customers.create({}, {"idempotency_key": "my-key-1"})
    answer = made.last_response

    assert answer.code == 200
    assert REQUEST_ID.fullmatch(answer.request_id)
    assert answer.idempotency_key == "my-key-1"
    assert answer.headers["Stripe-Version"] == stripe.api_version
    assert "Stripe-Should-Retry" not in answer.headers


def test_an_older_version_of_the_api_is_accepted_and_echoed(client):
    made = client.v1.customers.create({}, {"stripe_version": "2023-08-16"})
    assert made.last_response.headers["Stripe-Version"] == "2023-08-16"


@pytest.mark.parametrize(
    "text",
    [
        "Zoë Müller-Lüdenscheidt",
        "株式会社パーサー",
        "🪙 coins & notes",
        "a=b&c=d%20e+f#g?h/i",
        "quotes \" ' and \\ backslash",
        "[brackets][]",
        "two\nlines",
    ],
)
def test_text_comes_back_letter_by_letter(client, text):
    made = client.v1.customers.create({"description": text, "metadata": {"note": text}})
    read = client.v1.customers.retrieve(made.id)
    assert (read.description, read.metadata["note"]) == (text, text)


@pytest.mark.parametrize(
    "field, value, unset",
    [
        ("address", FULL["address"], None),
        ("description", "words", None),
        ("email", "ada@example.com", None),
        ("name", "Ada", None),
        ("phone", "+49 30 1234567", None),
        ("shipping", FULL["shipping"], None),
        ("tax_exempt", "exempt", "none"),
        ("metadata", {"a": "1", "b": "2"}, {}),
    ],
)
def test_an_empty_text_unsets_a_field(client, field, value, unset):
    made = client.v1.customers.create({field: value})
    assert_contains(made.to_dict()[field], value)

    changed = client.v1.customers.update(made.id, {field: ""})

    assert changed.to_dict()[field] == unset
    assert client.v1.customers.retrieve(made.id) == changed


@pytest.mark.parametrize("field", ["custom_fields", "footer", "rendering_options"])
def test_an_empty_text_unsets_a_setting_of_invoices_and_no_other(client, field):
    made = client.v1.customers.create(FULL)
    changed = client.v1.customers.update(made.id, {"invoice_settings": {field: ""}})

    expected = made.invoice_settings.to_dict() | {field: None}
    assert changed.invoice_settings.to_dict() == expected


def test_an_update_changes_what_it_names_and_nothing_else(client):
    made = client.v1.customers.create(FULL)
    changed = client.v1.customers.update(made.id, {"name": "Countess Lovelace"})

    assert changed.name == "Countess Lovelace"
    assert changed.to_dict() == made.to_dict() | {"name": "Countess Lovelace"}


@pytest.mark.parametrize(
    "change, merged",
    [
        ({"c": "3"}, {"a": "1", "b": "2", "c": "3"}),
        ({"a": "one"}, {"a": "one", "b": "2"}),
        ({"a": ""}, {"b": "2"}),
        ({"a": "", "c": "3"}, {"b": "2", "c": "3"}),
        ({"unknown": ""}, {"a": "1", "b": "2"}),
        ({}, {"a": "1", "b": "2"}),
        ("", {}),
    ],
)
def test_metadata_is_merged(client, change, merged):
    made = client.v1.customers.create({"metadata": {"a": "1", "b": "2"}})
    changed = client.v1.customers.update(made.id, {"metadata": change})
    assert changed.metadata.to_dict() == merged


def test_metadata_takes_numbers_and_truth_values_as_text(client):
    made = client.v1.customers.create({"metadata": {"count": 3, "on": True}})
    assert made.metadata.to_dict() == {"count": "3", "on": "true"}


def test_metadata_has_room_for_50_names_of_40_and_values_of_500_characters(client):
    most = {f"{at:02}".ljust(40, "k"): "ü" * 500 for at in range(50)}
    made = client.v1.customers.create({"metadata": most})
    assert made.metadata.to_dict() == most

    with refusal(400, param="metadata"):
        client.v1.customers.update(made.id, {"metadata": {"one more": "1"}})


@pytest.mark.parametrize(
    "metadata",
    [{"k" * 41: "v"}, {"k": "v" * 501}, {str(at): "v" for at in range(51)}],
    ids=["a name too long", "a value too long", "too many"],
)
def test_metadata_beyond_its_limits_is_refused(client, metadata):
    with refusal(400, param="metadata"):
        client.v1.customers.create({"metadata": metadata})


@pytest.mark.parametrize(
    "params, code, param",
    [
        ({"email": "nobody"}, "email_invalid", "email"),
        ({"foo": "1"}, "parameter_unknown", "foo"),
        ({"shipping": {"foo": "1"}}, "parameter_unknown", "shipping[foo]"),
        ({"shipping": {"name": "Ada"}}, "parameter_missing", "shipping[address]"),
        ({"shipping": "home"}, None, "shipping"),
        ({"metadata": "gold"}, None, "metadata"),
        ({"tax_exempt": "perhaps"}, None, "tax_exempt"),
        ({"description": "d" * 5001}, None, "description"),
        ({"next_invoice_sequence": "first"}, "parameter_invalid_integer", "next_invoice_sequence"),
        (
            {"cash_balance": {"settings": {"reconciliation_mode": "sometimes"}}},
            None,
            "cash_balance[settings][reconciliation_mode]",
        ),
    ],
)
def test_a_wrong_parameter_is_named(client, params, code, param):
    with refusal(400, code, param):
        client.v1.customers.create(params)
    assert client.v1.customers.list().data == []


def test_a_deleted_customer_is_a_tombstone_of_three_fields(client, customer):
    tombstone = {"id": customer.id, "object": "customer", "deleted": True}

    assert client.v1.customers.delete(customer.id).to_dict() == tombstone
    assert client.v1.customers.retrieve(customer.id).to_dict() == tombstone
    assert client.v1.customers.list().data == []


def test_a_deleted_customer_takes_part_in_nothing(client, customer):
    client.v1.customers.delete(customer.id)

    with refusal(404, "resource_missing", "id"):
        client.v1.customers.delete(customer.id)
    with refusal(400, "resource_missing", "id"):
        client.v1.customers.update(customer.id, {"name": "Ghost"})
    with refusal(404, "resource_missing", "customer"):
        client.v1.customers.cash_balance.retrieve(customer.id)
    with refusal(404, "resource_missing", "customer"):
        fund(client, customer.id, 100)


def test_a_customer_with_money_cannot_be_deleted(client, customer):
    fund(client, customer.id, 100)

    with refusal(400) as caught:
        client.v1.customers.delete(customer.id)

    assert "cash balance" in caught.value.user_message
    assert client.v1.customers.retrieve(customer.id) == customer


def test_a_customer_whose_money_is_gone_can_be_deleted(client, customer):
    fund(client, customer.id, 100, reference="reversal_1")
    assert client.v1.customers.cash_balance.retrieve(customer.id).available.to_dict() == {"usd": 0}

    assert client.v1.customers.delete(customer.id).deleted is True


@pytest.mark.parametrize("verb", ["retrieve", "update", "delete"])
def test_an_unknown_customer_is_missing(client, verb):
    with refusal(404, "resource_missing", "id") as caught:
        getattr(client.v1.customers, verb)("cus_unknown")
    assert caught.value.user_message == "No such customer: 'cus_unknown'"


def assert_contains(whole, part):
    """`whole` has at least what `part` has; hashes may have more."""
    if not isinstance(part, dict):
        assert whole == part
        return
    for name, value in part.items():
        assert_contains(whole[name], value)
