"""hledger and beancount read the journal, agree with it, and with the API."""

import csv
import io
import re
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from beancount import loader
from beancount.core import data

TIMEOUT_S = 60
DIGITS = {"usd": 2, "eur": 2, "jpy": 0}
BEAN_CHECK = Path(sys.executable).parent / "bean-check"
# What the accounts of the API are called in the files.
NAMES = {
    "bank": "Assets:Bank",
    "bank_available": "Liabilities:Merchant:BankAvailable",
    "bank_pending": "Liabilities:Merchant:BankPending",
    "card_network": "Assets:CardNetwork",
    "customer_cash": "Liabilities:Customers:Cash",
    "fees": "Income:Fees",
    "merchant_available": "Liabilities:Merchant:Available",
    "merchant_pending": "Liabilities:Merchant:Pending",
    "payment_intent": "Liabilities:Customers:Payments",
    "payouts_in_transit": "Liabilities:Merchant:PayoutsInTransit",
    "refunds_in_transit": "Liabilities:RefundsInTransit",
    "source": "Liabilities:Customers:Sources",
}
# Every way in which money can move.
KINDS = {
    "adjusted_for_overdraft", "applied_to_payment", "card_charged", "card_disputed",
    "card_refund_undone", "card_refunded", "funded", "funding_reversed",
    "payment_completed", "payout", "payout_canceled", "payout_failed", "payout_paid",
    "payout_reversed", "refund_initiated", "refund_paid", "refund_undone",
    "refunded_from_payment", "return_canceled", "return_initiated", "settled",
    "source_charged", "source_funded", "source_returned", "topped_up",
    "transferred_to_balance", "unapplied_from_payment",
}  # fmt: skip


def table(text):
    """The rows of a CSV file, which uses one kind of line ends."""
    assert text.count("\n") == text.count("\r\n") and text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def api_balances(shop):
    """What the API says that accounts hold: by name and currency, without those at zero."""
    found = {}
    for row in shop.ask("/purser/v1/ledger_accounts", "GET")["data"]:
        amount = Decimal(row["balance"]).scaleb(-DIGITS[row["currency"]])
        found[NAMES[row["account"]], row["currency"].upper()] = amount
    return {key: amount for key, amount in found.items() if amount}


def rolled_up(balances):
    """The same of accounts in a file: all customers are one."""
    sums = defaultdict(Decimal)
    for (account, currency), amount in balances.items():
        parts = account.split(":")
        if parts[1] == "Customers":
            account = ":".join([*parts[:2], parts[-1]])
        sums[account, currency] += amount
    return {key: amount for key, amount in sums.items() if amount}


def run(*command):
    """A tool's exit code and output."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    return done.returncode, done.stdout + done.stderr


def hledger_balances(path):
    code, text = run("hledger", "-f", path, "balance", "--flat", "-N", "-O", "csv", "--layout=bare")
    assert code == 0, text
    rows = list(csv.DictReader(io.StringIO(text)))
    return {(row["account"], row["commodity"]): Decimal(row["balance"]) for row in rows}


def beancount_balances(path):
    entries, errors, _ = loader.load_file(str(path))
    assert not errors
    sums = defaultdict(Decimal)
    for entry in data.filter_txns(entries):
        for posting in entry.postings:
            sums[posting.account, posting.units.currency] += posting.units.number
    return sums


@pytest.mark.parametrize("accounts", ["totals", "customers"])
def test_hledger_agrees(shop, tmp_path, accounts):
    path = tmp_path / "books.hledger"
    text = shop.file("journal.hledger", accounts=accounts)
    path.write_text(text)
    for checks in (["--strict"], ["accounts", "commodities", "assertions", "ordereddates"]):
        code, told = run("hledger", "-f", path, "check", *checks)
        assert code == 0, told
    assert rolled_up(hledger_balances(path)) == api_balances(shop)

    # An entry that is not there any more is missed.
    path.write_text(re.sub(r"\n\d\S+ \* \(\d+\) funded.*\n.*\n.*\n", "\n", text, count=1))
    code, told = run("hledger", "-f", path, "check")
    assert code != 0 and "assertion" in told


@pytest.mark.parametrize("accounts", ["totals", "customers"])
def test_beancount_agrees(shop, tmp_path, accounts):
    path = tmp_path / "books.beancount"
    text = shop.file("journal.beancount", accounts=accounts)
    path.write_text(text)
    assert run(BEAN_CHECK, path) == (0, "")
    assert rolled_up(beancount_balances(path)) == api_balances(shop)

    # A cent that is wrong is found.
    path.write_text(re.sub(r"(balance Assets:Bank +\d+\.\d)\d", r"\g<1>x", text).replace("x", "9"))
    code, told = run(BEAN_CHECK, path)
    assert code != 0 and "Balance failed" in told


def test_parts_of_the_journal_are_read_too(shop, tmp_path):
    """A currency, a customer and a span; only whole books say what accounts hold."""
    customer = table(shop.file("transactions.csv"))[0]
    parts = [
        {"currency": "jpy"},
        {"customer": customer["customer"], "accounts": "customers"},
        {"from": customer["created"][:10], "to": customer["created"][:10]},
        {"from": "2070-01-01", "accounts": "customers"},
    ]
    for query in parts:
        for name, check, says_what_is_held in [
            ("hledger", ["hledger", "check", "--strict", "-f"], " =* "),
            ("beancount", [BEAN_CHECK], " balance "),
        ]:
            path = tmp_path / f"part.{name}"
            path.write_text(shop.file(f"journal.{name}", **query))
            assert run(*check, path)[0] == 0, (query, name)
            assert (says_what_is_held in path.read_text()) == ("currency" in query)


def test_the_table_of_the_journal_balances(shop):
    rows = table(shop.file("journal.csv"))
    assert {row["kind"] for row in rows} == KINDS
    entries, held = defaultdict(Decimal), defaultdict(Decimal)
    for row in rows:
        amount = Decimal(row["debit"]) - Decimal(row["credit"])
        minor = int(row["debit_minor"]) - int(row["credit_minor"])
        assert amount.scaleb(DIGITS[row["currency"]]) == minor != 0
        entries[row["entry"], row["currency"]] += amount
        owned = row["account"] in ("customer_cash", "payment_intent", "source")
        assert bool(row["owner"]) == owned
        held[NAMES[row["account"]], row["currency"].upper()] += amount
    assert set(entries.values()) == {0}
    assert {key: amount for key, amount in held.items() if amount} == api_balances(shop)
    assert [row["entry"] for row in rows] == sorted((row["entry"] for row in rows), key=int)


def test_the_table_of_transactions_is_what_the_api_shows(shop):
    rows = table(shop.file("transactions.csv"))
    assert [row["created"] for row in rows] == sorted(row["created"] for row in rows)
    for customer in {row["customer"] for row in rows}:
        path = f"/v1/customers/{customer}/cash_balance_transactions"
        shown = shop.ask(path, "GET", limit=100)
        assert not shown["has_more"]
        own = [row for row in rows if row["customer"] == customer]
        assert own == table(shop.file("transactions.csv", customer=customer))
        for row, want in zip(own, reversed(shown["data"]), strict=True):
            for name in ("id", "type", "currency"):
                assert row[name] == want[name]
            for name in ("net_amount", "ending_balance"):
                assert int(row[f"{name}_minor"]) == want[name]
                assert Decimal(row[name]).scaleb(DIGITS[row["currency"]]) == want[name]
            cause = want.get(want["type"], {})
            for name in ("payment_intent", "refund", "balance_transaction"):
                assert row[name] == (cause.get(name) or "")
    names = {row["customer_name"] for row in rows}
    assert {"'=1+1, \"Ada\"", "Zoë; Ω"} <= names


def test_the_command_line_writes_the_same(server, shop):
    for what, form, name in [
        ("transactions", "csv", "transactions.csv"),
        ("journal", "csv", "journal.csv"),
        ("journal", "hledger", "journal.hledger"),
        ("journal", "beancount", "journal.beancount"),
    ]:
        done = server.run("export", what, "--format", form, "--store", server.store)
        assert done.stdout.decode() == shop.file(name)
        assert done.stderr == b""
