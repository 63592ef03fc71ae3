"""Cards: tokens, payment methods, and what customers keep of them."""

import pytest
import stripe

from support import REQUEST_ID, refusal

# No test card has it, and its check digit holds.
REAL_LOOKING = "4532015112830366"


def card(**more):
    """A test card that pays."""
    return {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034, "cvc": "314"} | more


def token(client, **more):
    given = card(**more)
    given |= {name: str(given[name]) for name in ("exp_month", "exp_year")}
    return client.v1.tokens.create({"card": given})


def attached(client, customer, name="pm_card_visa"):
    return client.v1.payment_methods.attach(name, {"customer": customer.id})


def test_a_token_is_used_once(client):
    made = token(client, name="Ada Lovelace", address_zip="10115")
    assert isinstance(made, stripe.Token)
    assert (made.type, made.used, made.card.last4) == ("card", False, "4242")
    assert (made.card.name, made.card.cvc_check) == ("Ada Lovelace", "unchecked")

    method = client.v1.payment_methods.create({"type": "card", "card": {"token": made.id}})
    assert method.billing_details.name == "Ada Lovelace"
    assert method.billing_details.address.postal_code == "10115"
    assert client.v1.tokens.retrieve(made.id).used is True
    with refusal(400, "token_already_used", "card[token]"):
        client.v1.payment_methods.create({"type": "card", "card": {"token": made.id}})


@pytest.mark.parametrize(
    "given, code, param",
    [
        ({"number": "4242424242424241"}, "incorrect_number", "number"),
        ({"number": "4242"}, "invalid_number", "number"),
        ({"exp_month": 13}, "invalid_expiry_month", "exp_month"),
        ({"exp_year": 2020}, "invalid_expiry_year", "exp_year"),
        ({"cvc": "12"}, "invalid_cvc", "cvc"),
        ({"number": REAL_LOOKING}, "card_declined", None),
    ],
)
@pytest.mark.parametrize("of", ["token", "payment_method"])
def test_what_is_wrong_with_a_card_is_a_card_error(client, of, given, code, param):
    with pytest.raises(stripe.CardError) as caught:
        match of:
            case "token":
                token(client, **given)
            case "payment_method":
                client.v1.payment_methods.create({"type": "card", "card": card(**given)})
    told = caught.value
    assert (told.http_status, told.code, told.param) == (402, code, param)
    assert REQUEST_ID.fullmatch(told.request_id)
    if "number" in given:
        assert given["number"] not in told.http_body
        want = "test_mode_live_card" if code == "card_declined" else None
        assert told.error.decline_code == want


def test_a_payment_method_is_attached_changed_and_detached(client, customer):
    made = client.v1.payment_methods.create(
        {"type": "card", "card": card(), "metadata": {"color": "blue"}}
    )
    assert isinstance(made, stripe.PaymentMethod)
    assert (made.customer, made.card.checks.cvc_check) == (None, "unchecked")

    kept = client.v1.payment_methods.attach(made.id, {"customer": customer.id})
    assert (kept.id, kept.customer, kept.card.checks.cvc_check) == (made.id, customer.id, "pass")

    changed = client.v1.payment_methods.update(
        made.id,
        {
            "billing_details": {"name": "Ada", "address": {"city": "Berlin"}},
            "card": {"exp_month": 1, "exp_year": 2036},
            "allow_redisplay": "limited",
            "metadata": {"color": "red"},
        },
    )
    assert (changed.card.exp_month, changed.card.exp_year) == (1, 2036)
    assert (changed.billing_details.name, changed.allow_redisplay) == ("Ada", "limited")
    assert changed.metadata.to_dict() == {"color": "red"}

    gone = client.v1.payment_methods.detach(made.id)
    assert gone.customer is None
    with refusal(400, None, "payment_method"):
        client.v1.payment_methods.attach(made.id, {"customer": customer.id})

    events = client.v1.events.list({"types": ["payment_method.*"]})
    told = [(event.type, event.data.object.id) for event in reversed(events.data)]
    assert told == [
        ("payment_method.attached", made.id),
        ("payment_method.updated", made.id),
        ("payment_method.detached", made.id),
    ]
    assert events.data[0].data.previous_attributes.to_dict() == {"customer": customer.id}
    before = events.data[1].data.previous_attributes.to_dict()
    assert before["card"] == {"exp_month": 12, "exp_year": 2034}


def test_another_customer_cannot_have_it(client, customer):
    kept = attached(client, customer)
    other = client.v1.customers.create()
    with refusal(400, None, "payment_method"):
        client.v1.payment_methods.attach(kept.id, {"customer": other.id})
    again = client.v1.payment_methods.attach(kept.id, {"customer": customer.id})
    assert again.to_dict() == kept.to_dict()


def test_a_declined_card_is_not_kept(client, customer):
    with pytest.raises(stripe.CardError) as caught:
        attached(client, customer, "pm_card_chargeDeclinedInsufficientFunds")
    told = caught.value
    assert (told.http_status, told.code) == (402, "card_declined")
    assert told.error.decline_code == "insufficient_funds"
    assert client.v1.customers.payment_methods.list(customer.id).data == []


def test_pages_go_through_all_payment_methods(client, customer):
    names = ["visa", "mastercard", "amex", "discover", "diners", "jcb", "unionpay"]
    made = [attached(client, customer, f"pm_card_{name}").id for name in names]
    for name in ("us", "de", "gb_debit"):
        attached(client, client.v1.customers.create(), f"pm_card_{name}")

    pages = client.v1.customers.payment_methods.list(customer.id, {"limit": 3, "type": "card"})
    listed = list(pages.auto_paging_iter())
    assert [method.id for method in listed] == made[::-1]
    assert [method.card.brand for method in listed] == names[::-1]
    newer = client.v1.payment_methods.list(
        {"customer": customer.id, "ending_before": made[2], "limit": 2}
    )
    assert [method.id for method in newer.data] == [made[4], made[3]]
    assert newer.has_more is True


def test_a_customer_is_made_with_its_default(client):
    made = client.v1.customers.create(
        {
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
            "expand": ["invoice_settings.default_payment_method"],
        }
    )
    default = made.invoice_settings.default_payment_method
    assert isinstance(default, stripe.PaymentMethod)
    assert (default.customer, default.card.last4) == (made.id, "4242")

    client.v1.payment_methods.detach(default.id)
    now = client.v1.customers.retrieve(made.id)
    assert now.invoice_settings.default_payment_method is None


def test_a_retry_makes_no_second_token(client):
    options = {"idempotency_key": "once"}
    params = {"card": card(exp_month="12", exp_year="2034")}
    first, second = (client.v1.tokens.create(params, options) for _ in range(2))
    assert first.to_dict() == second.to_dict()
