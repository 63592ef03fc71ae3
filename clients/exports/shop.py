"""A shop on a Purser: moves money in every way that the ledger knows."""

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

KEY = "sk_test_exports"
TIMEOUT_S = 60
DAY_S = 24 * 60 * 60
# Bank accounts of tests: one keeps what it gets, one sends it back.
KEEPS, SENDS_BACK = "000123456789", "000111111113"
TRANSFERS = {
    "usd": [("type", "us_bank_transfer")],
    "eur": [("type", "eu_bank_transfer"), ("eu_bank_transfer][country", "DE")],
    "jpy": [("type", "jp_bank_transfer")],
}


class Shop:
    """Requests to one server."""

    def __init__(self, url: str):
        self.url = url

    def ask(self, path: str, method: str = "POST", **params: Any) -> dict[str, Any]:
        """An answer of the API; `a__b` is the parameter `a[b]`."""
        pairs = [
            ("".join([(names := name.split("__"))[0], *(f"[{part}]" for part in names[1:])]), value)
            for name, value in params.items()
        ]
        return self._send(path, method, pairs)

    def _send(self, path: str, method: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        text = urllib.parse.urlencode(pairs)
        url, body = self.url + path, text.encode()
        if method == "GET":
            url, body = f"{url}?{text}", None
        headers = {"Authorization": f"Bearer {KEY}"}
        request = urllib.request.Request(url, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return json.load(answer)

    def file(self, name: str, **query: str) -> str:
        """An export, as the dashboard gives it."""
        url = f"{self.url}/dashboard/exports/{name}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
            return answer.read().decode()

    def wait_days(self, days: int) -> None:
        """Moves the clock."""
        self.ask("/purser/v1/clock", advance_s=days * DAY_S)

    def customer(self, name: str) -> str:
        """A new customer."""
        email = "customer@example.com"
        mode = {"cash_balance__settings__reconciliation_mode": "automatic"}
        return self.ask("/v1/customers", name=name, email=email, **mode)["id"]

    def fund(self, customer: str, amount: int, currency: str, **more: str) -> None:
        """Money arrives."""
        path = f"/v1/test_helpers/customers/{customer}/fund_cash_balance"
        self.ask(path, amount=amount, currency=currency, **more)

    def pay(self, customer: str, amount: int, currency: str) -> str:
        """A payment from the cash balance, or one that waits for the rest."""
        kind = "payment_method_options[customer_balance]"
        pairs = [
            ("amount", amount), ("currency", currency), ("customer", customer),
            ("confirm", "true"), ("payment_method_types[]", "customer_balance"),
            ("payment_method_data[type]", "customer_balance"),
            (f"{kind}[funding_type]", "bank_transfer"),
            *((f"{kind}[bank_transfer][{name}]", value) for name, value in TRANSFERS[currency]),
        ]  # fmt: skip
        return self._send("/v1/payment_intents", "POST", pairs)["id"]

    def refund(self, intent: str, amount: int) -> str:
        """A refund to the customer's bank."""
        return self.ask("/v1/refunds", payment_intent=intent, amount=amount)["id"]

    def bank_details(self, refund: str, number: str) -> None:
        """The customer says where a refund goes to."""
        path = f"/purser/v1/refunds/{refund}/bank_details"
        bank = {"bank_account__account_number": number, "bank_account__routing_number": "110000000"}
        self.ask(path, **bank)

    def bank_account(self, number: str) -> str:
        """A bank account of the merchant's."""
        account = self.ask("/v1/account", "GET")["id"]
        details = {
            "object": "bank_account", "country": "US", "currency": "usd",
            "account_number": number, "routing_number": "110000000",
        }  # fmt: skip
        params = {f"external_account__{name}": value for name, value in details.items()}
        return self.ask(f"/v1/accounts/{account}/external_accounts", **params)["id"]

    def charge(self, amount: int, source: str, **more: str) -> str:
        """A card is charged, or a source."""
        params = {"amount": amount, "currency": "usd", "source": source}
        return self.ask("/v1/charges", **params, **more)["id"]

    def receiver(self, amount: int) -> str:
        """A source that received so much."""
        params = {"type": "ach_credit_transfer", "currency": "usd"}
        return self.ask("/v1/sources", **params, owner__email=f"amount_{amount}@example.com")["id"]

    def payout(self, amount: int, bank_account: str, *, instant: bool = False) -> str:
        """Money for the merchant."""
        pairs = [
            ("amount", amount), ("currency", "usd"), ("destination", bank_account),
            ("method", "instant" if instant else "standard"),
        ]  # fmt: skip
        return self._send("/v1/payouts", "POST", pairs)["id"]


def trade(shop: Shop) -> None:
    """Everything that can happen to money, in three currencies."""
    for currency, amount in [("usd", 12_345), ("eur", 9_999), ("jpy", 5_000)]:
        # One who pays in full, one who pays a part and gives up, one who forgets the money.
        payer = shop.customer('=1+1, "Ada"')
        shop.fund(payer, amount, currency)
        paid = shop.pay(payer, amount - 7, currency)
        half = shop.customer("Zoë; Ω")
        shop.fund(half, amount // 2, currency)
        shop.ask(f"/v1/payment_intents/{shop.pay(half, amount, currency)}/cancel")
        shop.fund(shop.customer("Gone"), 701, currency)
        shop.ask(f"/purser/v1/payment_intents/{paid}/refund_to_cash_balance", amount=100)

    buyer = shop.customer("Bea")
    shop.fund(buyer, 40_000, "usd")
    bought = shop.pay(buyer, 30_000, "usd")
    shop.bank_details(shop.refund(bought, 1_001), KEEPS)
    shop.bank_details(shop.refund(bought, 1_002), SENDS_BACK)
    shop.ask(f"/v1/refunds/{shop.refund(bought, 1_003)}/cancel")
    give_back = {"origin": "customer_balance", "customer": buyer, "currency": "usd"}
    back = shop.ask("/v1/refunds", amount=500, **give_back)["id"]
    shop.ask(f"/v1/refunds/{back}/cancel")
    shop.bank_details(shop.ask("/v1/refunds", amount=600, **give_back)["id"], KEEPS)
    cheat = shop.customer("Mallory")
    shop.pay(cheat, 1_000, "usd")
    shop.fund(cheat, 1_000, "usd", reference="reversal_2")
    shop.wait_days(10)

    keeps, sends_back = shop.bank_account(KEEPS), shop.bank_account(SENDS_BACK)
    shop.payout(2_000, keeps)
    shop.payout(2_001, sends_back)
    shop.ask(f"/v1/payouts/{shop.payout(2_002, keeps)}/cancel")
    returned = shop.payout(2_003, keeps)
    shop.wait_days(10)
    shop.ask(f"/v1/payouts/{returned}/reverse")
    cards(shop, keeps)
    shop.wait_days(100)
    # Something that has not come to an end.
    shop.pay(buyer, 25_000, "usd")
    shop.refund(bought, 77)
    shop.payout(88, keeps)
    shop.charge(1_234, "tok_visa")
    shop.receiver(333)
    shop.charge(222, shop.receiver(222))


def cards(shop: Shop, bank_account: str) -> None:
    """Money of cards, of transfers to sources, and out of the merchant's bank."""
    shop.ask("/v1/refunds", charge=shop.charge(2_100, "tok_visa"), amount=100)
    shop.ask("/v1/refunds", charge=shop.charge(2_200, "tok_refundFail"), amount=200)
    shop.charge(2_300, "tok_createDispute")
    shop.charge(2_400, "tok_bypassPending")
    shop.charge(1_500, shop.receiver(1_500))
    shop.ask(f"/purser/v1/sources/{shop.receiver(444)}/return", amount=400)
    shop.ask("/v1/topups", amount=5_000, currency="usd", source="btok_us_verified")
    shop.wait_days(10)
    of_sources = {"currency": "usd", "destination": bank_account, "source_type": "bank_account"}
    shop.ask("/v1/payouts", amount=700, **of_sources)
    shop.payout(800, bank_account, instant=True)
