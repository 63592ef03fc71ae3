"""One merchant, and every way to be paid: what cash balances, cards, transfers to sources and
top-ups bring, and what refunds and payouts take, is in the balance and in the journal alike."""

import json
import urllib.error
import urllib.parse
import urllib.request

import pytest
import stripe

from purser import Purser
from support import all_transactions, cash, payment, refusal, wait_days

# A Monday at nine o'clock, so that no weekend is in the way of what banks do.
MONDAY = 2_051_859_605
KEEPS = {"account_number": "000123456789", "routing_number": "110000000"}
MERCHANT_BANK = KEEPS | {"object": "bank_account", "country": "US", "currency": "usd"}
SHOP = "https://shop.example/back"
CARD = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2040", "cvc": "314"}
EVENTS = {
    "charge.captured", "charge.failed", "charge.refunded", "charge.succeeded", "charge.updated",
    "customer.source.created", "payment_intent.amount_capturable_updated",
    "payment_intent.payment_failed", "payment_intent.requires_action", "payment_intent.succeeded",
    "payment_method.attached", "payout.created", "payout.paid", "refund.created",
    "source.chargeable", "source.transaction.created", "topup.canceled", "topup.created",
    "topup.succeeded",
}  # fmt: skip


@pytest.fixture
def shop(tmp_path):
    """A merchant who pays one percent for payments, and for instant payouts. The books are
    examined in the end."""
    flags = ["--fee-bps", "100", "--instant-payout-fee-bps", "100"]
    server = Purser(tmp_path, *flags).start()
    client = server.client()
    raw(client, "post", "/purser/v1/clock", to=MONDAY)
    yield client
    server.stop()


def raw(client, method, path, **params):
    """What no SDK has a method for."""
    return json.loads(client.raw_request(method, path, **params).body)


def usd(**params):
    return {"currency": "usd"} | params


def transfer(client, amount, account_number):
    """Somebody's bank sends dollars to this account."""
    told = usd(amount=amount, account_number=account_number)
    raw(client, "post", "/purser/v1/bank_transfers", **told)


class Stays(urllib.request.HTTPRedirectHandler):
    """Tells where an answer leads to, and does not go there."""

    def redirect_request(self, *_):
        return None


def press(page, outcome):
    """Presses a button of the page on which the holder of a card authenticates. Gives what it
    leads to."""
    browser = urllib.request.build_opener(Stays, urllib.request.ProxyHandler({}))
    assert b"Complete authentication" in browser.open(page).read()
    form = urllib.parse.urlencode({"outcome": outcome}).encode()
    with pytest.raises(urllib.error.HTTPError) as led:
        browser.open(page, form)
    assert led.value.status == 303
    return urllib.parse.urlsplit(led.value.headers["location"])


def pay_from_cash(client, customer):
    """5000 come by a transfer, and 3000 of them pay."""
    asked = usd(funding_type="bank_transfer", bank_transfer={"type": "us_bank_transfer"})
    made = client.v1.customers.funding_instructions.create(customer, asked)
    (address,) = [one for one in made.bank_transfer.financial_addresses if one.type == "aba"]
    transfer(client, 5000, address.aba.account_number)
    intent = client.v1.payment_intents.create(payment(customer, 3000))
    assert (intent.status, cash(client, customer)) == ("succeeded", {"usd": 2000})
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 400})
    assert refund.status == "requires_action"
    path = f"/purser/v1/refunds/{refund.id}/bank_details"
    assert raw(client, "post", path, bank_account=KEEPS)["status"] == "pending"
    return intent, refund


def by_card(client, amount, method="pm_card_visa", **more):
    asked = usd(amount=amount, payment_method=method, payment_method_types=["card"], **more)
    return client.v1.payment_intents.create(asked | {"confirm": True})


def pay_by_card(client, customer):
    """2000, of which 500 go back; 1000 at the second try; 900 of 1500; 700 by an authenticated
    card."""
    method = client.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer})
    kept = client.v1.customers.payment_methods
    assert kept.retrieve(customer, method.id) == client.v1.payment_methods.retrieve(method.id)
    first = by_card(client, 2000, method.id, customer=customer)
    refund = client.v1.refunds.create({"payment_intent": first.id, "amount": 500})
    assert (first.status, refund.status) == ("succeeded", "succeeded")

    intents = client.v1.payment_intents
    second = intents.create(usd(amount=1000, payment_method_types=["card"]))
    with pytest.raises(stripe.CardError) as caught:
        declined = {"payment_method": "pm_card_chargeDeclinedInsufficientFunds"}
        intents.confirm(second.id, declined)
    told = caught.value
    assert (told.http_status, told.code) == (402, "card_declined")
    assert told.error.decline_code == "insufficient_funds"
    assert told.error.charge.startswith("ch_")
    failed = told.error.payment_intent
    assert isinstance(failed, stripe.PaymentIntent)
    assert (failed.id, failed.status) == (second.id, "requires_payment_method")
    assert failed.last_payment_error.decline_code == "insufficient_funds"
    second = intents.confirm(second.id, {"payment_method": "pm_card_visa"})
    assert (second.status, second.last_payment_error) == ("succeeded", None)

    held = by_card(client, 1500, capture_method="manual", metadata={"part": "yes"})
    assert (held.status, held.amount_capturable) == ("requires_capture", 1500)
    with refusal(400, param="amount_to_capture", code="amount_too_large"):
        intents.capture(held.id, {"amount_to_capture": 1501})
    held = intents.capture(held.id, {"amount_to_capture": 900})
    assert (held.status, held.amount_received, held.amount_capturable) == ("succeeded", 900, 0)

    asked = by_card(client, 700, "pm_card_threeDSecure2Required", return_url=SHOP)
    assert (asked.status, asked.next_action.type) == ("requires_action", "redirect_to_url")
    led = press(asked.next_action.redirect_to_url.url, "succeeded")
    query = dict(urllib.parse.parse_qsl(led.query))
    assert led._replace(query="").geturl() == SHOP
    assert (query["payment_intent"], query["redirect_status"]) == (asked.id, "succeeded")
    assert intents.retrieve(asked.id).status == "succeeded"
    return [asked, held, second, first]


def charge_by_token(client, customer):
    """A card that came as a token pays 1200, which are captured later. Another one is declined."""
    charges = client.v1.charges
    asked = usd(amount=1200, customer=customer, capture=False, metadata={"by": "token"})
    charge = charges.create(asked)
    assert (charge.captured, charge.balance_transaction) == (False, None)
    charge = charges.capture(charge.id, {"expand": ["balance_transaction", "customer"]})
    assert isinstance(charge, stripe.Charge)
    assert isinstance(charge.balance_transaction, stripe.BalanceTransaction)
    assert (charge.captured, charge.balance_transaction.net) == (True, 1188)
    assert charge.source.id == charge.customer.default_source
    assert charges.update(charge.id, {"description": "Tea"}).description == "Tea"
    assert charges.retrieve(charge.id).description == "Tea"

    with pytest.raises(stripe.CardError) as caught:
        charges.create(usd(amount=100, source="tok_chargeDeclinedExpiredCard"))
    assert (caught.value.http_status, caught.value.code) == (402, "expired_card")
    failed = charges.retrieve(caught.value.error.charge)
    assert (failed.status, failed.failure_code) == ("failed", "expired_card")
    return charge, failed


def charge_a_receiver(client):
    """2500 come to a source, of which 1600 are charged."""
    sources = client.v1.sources
    made = sources.create(usd(type="ach_credit_transfer", owner={"email": "eve@example.com"}))
    transfer(client, 2500, made.ach_credit_transfer.account_number)
    filled = sources.retrieve(made.id)
    assert (filled.status, filled.receiver.amount_received) == ("chargeable", 2500)
    charge = client.v1.charges.create(usd(amount=1600, source=made.id))
    assert (charge.status, charge.id[:3]) == ("succeeded", "py_")
    changed = sources.update(made.id, {"metadata": {"order": "7"}})
    assert (changed.receiver.amount_charged, changed.metadata.order) == (1600, "7")
    (received,) = sources.transactions.list(made.id)
    assert (received.amount, received.source) == (2500, made.id)
    return charge


def top_up(client):
    """5000 come from the merchant's bank; 100 more are given up."""
    topups = client.v1.topups
    made = topups.create(usd(amount=5000, description="For refunds"))
    other = topups.create(usd(amount=100))
    assert isinstance(made, stripe.Topup)
    assert topups.cancel(other.id).status == "canceled"
    assert topups.update(made.id, {"metadata": {"week": "2"}}).metadata.week == "2"
    assert [one.id for one in topups.list({"limit": 1}).auto_paging_iter()] == [other.id, made.id]
    return made


def pay_out(client):
    """4000 of cards, and 1000 of transfers, leave as usual; 2000 leave at once, for 20."""
    account = client.v1.accounts.retrieve_current().id
    bank = {"external_account": MERCHANT_BANK}
    client.v1.accounts.external_accounts.create(account, bank)
    create = client.v1.payouts.create
    made = [
        create(usd(amount=4000)),
        create(usd(amount=1000, source_type="bank_account")),
        create(usd(amount=2000, method="instant")),
    ]
    assert [one.status for one in made] == ["pending", "pending", "in_transit"]
    with refusal(400, "balance_insufficient"):
        create(usd(amount=100_000))
    return made


def bucket(moneys):
    """The amount and the source types of the only currency."""
    (money,) = moneys
    assert money.currency == "usd"
    return money.amount, money.source_types.to_dict()


def assert_all_agree(client, available, pending, ledger):
    """The balance is that of its transactions, and that of the ledger, whose journal adds up."""
    balance = client.v1.balance.retrieve()
    assert isinstance(balance, stripe.Balance)
    assert bucket(balance.available) == (sum(available.values()), available)
    assert bucket(balance.pending) == (sum(pending.values()), pending)

    sums = {"available": 0, "pending": 0}
    for line in client.v1.balance_transactions.list({"limit": 3}).auto_paging_iter():
        assert line.net == line.amount - line.fee
        assert sum(part.amount for part in line.fee_details) == line.fee
        sums[line.status] += line.net
    assert sums == {"available": sum(available.values()), "pending": sum(pending.values())}

    accounts = raw(client, "get", "/purser/v1/ledger_accounts")["data"]
    held = {one["account"]: one["balance"] for one in accounts if one["balance"]}
    assert held == ledger
    assert sum(held.values()) == 0

    posted, after = {}, ""
    while True:
        page = raw(client, "get", f"/purser/v1/journal?limit=100{after}")
        for entry in page["data"]:
            signed = [line["debit"] - line["credit"] for line in entry["postings"]]
            assert sum(signed) == 0, entry
            for line, amount in zip(entry["postings"], signed):
                posted[line["account"]] = posted.get(line["account"], 0) + amount
        if not page["has_more"]:
            break
        after = f"&starting_after={page['data'][-1]['id']}"
    assert {name: amount for name, amount in posted.items() if amount} == ledger


def found(search, query):
    """The ids of everything that is found, page by page."""
    return [row.id for row in search({"query": query, "limit": 2}).auto_paging_iter()]


def test_every_way_to_be_paid_ends_in_books_that_agree(shop):
    customers = shop.v1.customers
    ada = customers.create({"email": "ada@example.com", "name": "Ada"})
    token = shop.v1.tokens.create({"card": CARD})
    card = customers.payment_sources.create(ada.id, {"source": token.id})
    assert shop.v1.tokens.retrieve(token.id).used

    from_cash, cash_refund = pay_from_cash(shop, ada.id)
    intents = pay_by_card(shop, ada.id)
    by_token, failed = charge_by_token(shop, ada.id)
    assert by_token.source.id == card.id
    by_transfer = charge_a_receiver(shop)
    topup = top_up(shop)
    wait_days(shop, 4)
    assert shop.v1.topups.retrieve(topup.id).status == "succeeded"
    assert shop.v1.refunds.retrieve(cash_refund.id).status == "succeeded"
    # Of 3000, 2000, 1000, 900, 700 and 1200, less one percent each, and of 500 and 400 that went
    # back; and of 5000 that were put there.
    cards = 2970 + 1980 + 990 + 891 + 693 + 1188 - 500 - 400 + 5000
    fees = 30 + 20 + 10 + 9 + 7 + 12 + 16
    ledger = {
        "bank": 5000 + 2500 + 5800 - 500 - 400 + 5000,
        "customer_cash": -2000,
        "source": -900,
        "merchant_available": -cards,
        "bank_available": -1584,
        "fees": -fees,
    }
    settled = {"card": cards, "bank_account": 1584}
    nothing = {"card": 0, "bank_account": 0}
    assert_all_agree(shop, settled, nothing, ledger)

    payouts = pay_out(shop)
    wait_days(shop, 4)
    assert [shop.v1.payouts.retrieve(one.id).status for one in payouts] == ["paid"] * 3
    last = shop.v1.charges.create(usd(amount=600, source="tok_visa"))
    ledger |= {
        "bank": ledger["bank"] - 7000,
        "card_network": 600,
        "merchant_available": -(cards - 6020),
        "merchant_pending": -594,
        "bank_available": -584,
        "fees": -(fees + 20 + 6),
    }
    left = {"card": cards - 6020, "bank_account": 584}
    assert_all_agree(shop, left, nothing | {"card": 594}, ledger)
    assert all_transactions(shop, ada.id)[-1].ending_balance == 2000

    assert found(shop.v1.payment_intents.search, "status:'succeeded'") == [
        *(one.id for one in intents), from_cash.id,
    ]  # fmt: skip
    assert found(shop.v1.charges.search, "amount<1300 AND -status:'failed'")[:1] == [last.id]
    assert found(shop.v1.charges.search, "status:'failed'")[:1] == [failed.id]
    assert found(shop.v1.charges.search, "amount:1600") == [by_transfer.id]
    assert found(customers.search, "email:'ada@example.com'") == [ada.id]
    listed = shop.v1.charges.list({"limit": 2, "customer": ada.id}).auto_paging_iter()
    assert {one.customer for one in listed} == {ada.id}
    told = {event.type for event in shop.v1.events.list({"limit": 100}).auto_paging_iter()}
    assert EVENTS <= told, EVENTS - told
