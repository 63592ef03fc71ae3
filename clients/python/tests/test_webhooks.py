"""Webhooks: a receiver of this machine is told of events, and can tell who told it."""

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import stripe

from support import fund, pay, refusal, wait_until

SECRET = re.compile(r"whsec_[A-Za-z0-9]{32}")


class Receiver:
    """Takes whatever arrives, and keeps the bodies and signatures as they came."""

    def __init__(self):
        self.taken = []
        taken = self.taken

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                taken.append((body, self.headers))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"

    def wait_for(self, count: int) -> list:
        """What has arrived, once it is so much."""
        wait_until(lambda: len(self.taken) >= count)
        return list(self.taken)


@pytest.fixture
def receiver():
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, daemon=True)
    thread.start()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()
    thread.join()


@contextmanager
def told(client, receiver, *types):
    """An endpoint at the receiver, which is removed at the end."""
    params = {"url": receiver.url, "enabled_events": list(types)}
    endpoint = client.v1.webhook_endpoints.create(params)
    yield endpoint
    client.v1.webhook_endpoints.delete(endpoint.id)


def verified(delivery, secret: str) -> stripe.Event:
    """The event that arrived; the SDK refuses one that this secret did not sign."""
    body, headers = delivery
    return stripe.Webhook.construct_event(body, headers["Stripe-Signature"], secret)


def test_events_arrive_signed(client, customer, receiver):
    with told(client, receiver, "*") as endpoint:
        row = fund(client, customer.id, 500)
        deliveries = receiver.wait_for(2)
        events = {event.type: event for event in (verified(d, endpoint.secret) for d in deliveries)}

    assert set(events) == {
        "customer_cash_balance_transaction.created",
        "cash_balance.funds_available",
    }
    funded = events["customer_cash_balance_transaction.created"]
    assert isinstance(funded.data.object, stripe.CustomerCashBalanceTransaction)
    assert funded.data.object.to_dict() == row.to_dict()
    available = events["cash_balance.funds_available"]
    assert available.data.object.available.to_dict() == {"usd": 500}
    for event in events.values():
        listed = client.v1.events.retrieve(event.id)
        assert event.data.to_dict() == listed.data.to_dict()
        assert event.request.to_dict() == listed.request.to_dict()
        assert (event.created, event.api_version) == (listed.created, stripe.api_version)


def test_a_delivery_looks_like_one_of_stripes(client, receiver):
    with told(client, receiver, "customer.created") as endpoint:
        client.v1.customers.create({"name": "Ada"})
        (delivery,) = receiver.wait_for(1)
        body, headers = delivery
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["User-Agent"].startswith("Purser/")
    assert re.fullmatch(r"t=\d+,v1=[0-9a-f]{64}", headers["Stripe-Signature"])
    event = json.loads(body)
    assert (event["object"], event["type"]) == ("event", "customer.created")
    assert event["pending_webhooks"] == 1
    assert client.construct_event(body, headers["Stripe-Signature"], endpoint.secret).id == (
        event["id"]
    )


def test_what_was_forged_is_refused(client, receiver):
    with told(client, receiver, "customer.created") as endpoint:
        customer = client.v1.customers.create({"name": "Ada"})
        (delivery,) = receiver.wait_for(1)
    body, headers = delivery
    assert verified(delivery, endpoint.secret).data.object.id == customer.id

    other = "whsec_" + "0" * 32
    changed = body.replace(b"Ada", b"Bob")
    assert changed != body
    for forged, secret in [((body, headers), other), ((changed, headers), endpoint.secret)]:
        with pytest.raises(stripe.SignatureVerificationError):
            verified(forged, secret)


def test_an_endpoint_hears_only_what_it_asked_for(client, receiver):
    with told(client, receiver, "payment_intent.succeeded") as endpoint:
        customer = client.v1.customers.create({"name": "Ada"})
        fund(client, customer.id, 700)
        first = pay(client, customer.id, 300)
        second = pay(client, customer.id, 400)
        deliveries = receiver.wait_for(2)
    events = [verified(delivery, endpoint.secret) for delivery in deliveries]
    assert {event.type for event in events} == {"payment_intent.succeeded"}
    assert {event.data.object.id for event in events} == {first.id, second.id}


def test_a_disabled_endpoint_hears_nothing(client, receiver):
    def attempts(event):
        path = f"/purser/v1/events/{event.id}/attempts"
        return json.loads(client.raw_request("get", path).body)["data"]

    with told(client, receiver, "customer.created") as endpoint:
        endpoints = client.v1.webhook_endpoints
        assert endpoints.update(endpoint.id, {"disabled": True}).status == "disabled"
        client.v1.customers.create({"name": "unheard"})
        assert endpoints.update(endpoint.id, {"disabled": False}).status == "enabled"
        client.v1.customers.create({"name": "heard"})
        heard, unheard = client.v1.events.list()
        wait_until(lambda: attempts(heard))
        assert attempts(unheard) == []
        deliveries = receiver.wait_for(1)
    names = [verified(delivery, endpoint.secret).data.object.name for delivery in deliveries]
    assert names == ["heard"]


def test_what_was_delivered_is_no_longer_pending(client, receiver):
    with told(client, receiver, "customer.created"):
        client.v1.customers.create({"name": "Ada"})
        receiver.wait_for(1)
        listed = {"types": ["customer.created"], "delivery_success": True}
        wait_until(lambda: client.v1.events.list(listed).data)
        (event,) = client.v1.events.list(listed).data
        assert event.pending_webhooks == 0
        assert client.v1.events.list({"delivery_success": False}).data == []


def test_a_rolled_secret_signs_beside_the_new_one(client, receiver):
    with told(client, receiver, "customer.created") as endpoint:
        path = f"/purser/v1/webhook_endpoints/{endpoint.id}/roll_secret"
        rolled = json.loads(client.raw_request("post", path).body)
        assert SECRET.fullmatch(rolled["secret"]) and rolled["secret"] != endpoint.secret
        client.v1.customers.create({"name": "Ada"})
        (delivery,) = receiver.wait_for(1)
    assert verified(delivery, endpoint.secret) == verified(delivery, rolled["secret"])


def test_events_are_found_by_their_types(client, customer):
    fund(client, customer.id, 500)
    pay(client, customer.id, 200)
    events = client.v1.events

    wanted = {"types": ["customer.created", "payment_intent.succeeded"]}
    assert [event.type for event in events.list(wanted)] == [
        "payment_intent.succeeded",
        "customer.created",
    ]
    paged = events.list({**wanted, "limit": 1}).auto_paging_iter()
    assert [event.id for event in paged] == [event.id for event in events.list(wanted)]
    assert [event.type for event in events.list({"type": "payment_intent.*"})] == [
        "payment_intent.succeeded",
        "payment_intent.created",
    ]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        events.list({**wanted, "type": "customer.created"})
    assert (caught.value.http_status, caught.value.code) == (400, "parameters_exclusive")


def test_an_endpoint_from_the_first_day_to_the_last(client):
    endpoints = client.v1.webhook_endpoints
    params = {"url": "http://127.0.0.1:9/none", "enabled_events": ["charge.refunded"]}
    made = endpoints.create({**params, "description": "Shop", "metadata": {"team": "till"}})
    assert SECRET.fullmatch(made.secret)
    assert (made.object, made.status, made.livemode) == ("webhook_endpoint", "enabled", False)

    found = endpoints.retrieve(made.id)
    assert "secret" not in found
    assert found.to_dict() == {k: v for k, v in made.to_dict().items() if k != "secret"}
    assert [endpoint.id for endpoint in endpoints.list()] == [made.id]

    changed = endpoints.update(made.id, {"enabled_events": ["*"], "metadata": {"team": ""}})
    assert (changed.enabled_events, changed.metadata.to_dict()) == (["*"], {})
    assert changed.url == made.url and "secret" not in changed

    gone = endpoints.delete(made.id)
    assert gone.deleted and gone.id == made.id
    assert endpoints.list().data == []
    with refusal(404, "resource_missing", "webhook_endpoint"):
        endpoints.retrieve(made.id)
