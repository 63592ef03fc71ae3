"""Who asks: keys in the sandbox, and keys with a mode and scopes in production."""

import pytest
import stripe

from purser import Purser
from support import fund, refusal


@pytest.mark.parametrize("key", ["sk_test_123", "sk_test_" + "x" * 90])
def test_every_test_key_opens_the_sandbox(server, account, key):
    client = server.client(key, stripe_account=account)
    assert client.v1.customers.list().data == []


@pytest.mark.parametrize("key", ["sk_live_123", "rk_test_123", "pk_test_123", "nonsense"])
def test_any_other_key_must_be_a_made_one(server, key):
    with refusal(401, error=stripe.AuthenticationError) as caught:
        server.client(key).v1.customers.list()
    assert key not in caught.value.user_message.split()


def test_an_unknown_key_shows_up_masked(server):
    with refusal(401, error=stripe.AuthenticationError) as caught:
        server.client("sk_live_4eC39HqLyjWDarjtT1zdp7dc").v1.customers.list()
    assert caught.value.user_message.endswith("sk_live_****p7dc")


def test_a_made_live_key_works_in_the_sandbox_too_but_simulates_nothing(server):
    live = server.client(server.make_key("live", mode="live")["key"])
    customer = live.v1.customers.create()
    assert customer.livemode is True
    with refusal(400):
        fund(live, customer.id, 100)
    assert live.v1.customers.cash_balance.retrieve(customer.id).available is None


@pytest.fixture(scope="module")
def production(tmp_path_factory):
    """A server for production, where only made keys work."""
    server = Purser(tmp_path_factory.mktemp("production"), "--production").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def owner(production):
    """A client with a key that may do everything in test mode."""
    return production.client(production.make_key("owner")["key"])


def restricted(production, *scopes):
    made = production.make_key("restricted", scopes=scopes)
    assert made["key"].startswith("rk_test_")
    assert made["scopes"] == list(scopes)
    return production.client(made["key"])


def test_production_knows_no_invented_key(production):
    with refusal(401, error=stripe.AuthenticationError):
        production.client("sk_test_123").v1.customers.list()


def test_production_serves_made_keys_until_they_are_revoked(production):
    made = production.make_key("soon gone")
    client = production.client(made["key"])
    assert client.v1.customers.create().livemode is False

    production.command("keys", "revoke", made["id"])

    with refusal(401, "api_key_expired", error=stripe.AuthenticationError):
        client.v1.customers.create()


# What can be asked, and the scope that it needs.
ACTS = [
    ("customers:read", lambda api, customer: api.customers.retrieve(customer)),
    ("customers:read", lambda api, customer: api.customers.list()),
    ("customers:write", lambda api, customer: api.customers.create()),
    ("customers:write", lambda api, customer: api.customers.update(customer, {})),
    ("cash_balance:read", lambda api, customer: api.customers.cash_balance.retrieve(customer)),
    ("cash_balance:write", lambda api, customer: api.customers.cash_balance.update(customer, {})),
    ("balance:read", lambda api, customer: api.balance.retrieve()),
    ("account:read", lambda api, customer: api.accounts.retrieve_current()),
    ("events:read", lambda api, customer: api.events.list()),
]


@pytest.mark.parametrize(
    "scopes, grants",
    [
        (["customers:read"], {"customers:read"}),
        (["customers:write"], {"customers:read", "customers:write"}),
        (["customers:read", "cash_balance:write"],
         {"customers:read", "cash_balance:read", "cash_balance:write"}),
        (["balance:read"], {"balance:read"}),
        (["*:read"], {need for need, _ in ACTS if need.endswith(":read")}),
        (["*:write"], {need for need, _ in ACTS}),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_restricted_key_does_what_its_scopes_say(production, owner, scopes, grants):
    customer = owner.v1.customers.create().id
    client = restricted(production, *scopes)
    for need, act in ACTS:
        if need in grants:
            act(client.v1, customer)
        else:
            with refusal(403, error=stripe.PermissionError) as caught:
                act(client.v1, customer)
            assert "permission" in caught.value.user_message
            assert need in caught.value.user_message


def test_a_refused_write_writes_nothing(production, owner):
    before = owner.v1.customers.list()
    with refusal(403, error=stripe.PermissionError):
        restricted(production, "customers:read").v1.customers.create({"email": "x@example.com"})
    assert owner.v1.customers.list() == before


def test_live_and_test_mode_do_not_meet(production, owner):
    live = production.client(production.make_key("live", mode="live")["key"])
    tested, real = owner.v1.customers.create(), live.v1.customers.create()
    assert (tested.livemode, real.livemode) == (False, True)

    for client, foreign, there, here in [
        (owner, real.id, "live", "test"),
        (live, tested.id, "test", "live"),
    ]:
        assert foreign not in [row.id for row in client.v1.customers.list()]
        with refusal(404, "resource_missing", "id") as caught:
            client.v1.customers.retrieve(foreign)
        assert caught.value.user_message == (
            f"No such customer: '{foreign}'; a similar object exists in {there} mode, "
            f"but a {here} mode key was used to make this request."
        )


def test_the_same_idempotency_key_is_another_one_in_the_other_mode(production, owner):
    live = production.client(production.make_key("live", mode="live")["key"])
    options = {"idempotency_key": "in two modes"}
    tested = owner.v1.customers.create({"name": "test"}, options)
    real = live.v1.customers.create({"name": "live"}, options)
    assert tested.id != real.id
    assert "Idempotent-Replayed" not in real.last_response.headers


def test_production_simulates_no_transfer_with_a_live_key(production):
    live = production.client(production.make_key("live", mode="live")["key"])
    customer = live.v1.customers.create()
    with refusal(400):
        fund(live, customer.id, 100)


def test_production_opens_no_other_account(production, owner):
    for options in ({"stripe_account": "acct_other"}, {"stripe_context": "acct_other"}):
        with refusal(403, "account_invalid", error=stripe.PermissionError):
            owner.v1.customers.list({}, options)
    own = owner.v1.accounts.retrieve_current().id
    assert owner.v1.accounts.retrieve_current(options={"stripe_account": own}).id == own
