"""Servers and clients. Tests share one server and each opens an account of its own in it."""

import os
import uuid

import pytest

# Nothing here leaves the machine, whatever proxy the environment names.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"

from purser import BINARY, Purser


def pytest_configure(config):
    if not BINARY.is_file():
        raise pytest.UsageError(f"there is no {BINARY}: build it, or set PURSER_BIN")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A sandbox that all tests share."""
    server = Purser(tmp_path_factory.mktemp("purser")).start()
    yield server
    server.stop()


@pytest.fixture
def own_server(tmp_path):
    """A sandbox that this test alone uses, and may kill."""
    server = Purser(tmp_path).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def moving_server(tmp_path_factory):
    """A sandbox whose clock tests move, so that nobody may rely on its time."""
    server = Purser(tmp_path_factory.mktemp("purser")).start()
    yield server
    server.stop()


@pytest.fixture
def account():
    """An account that nobody else uses: in the sandbox naming one opens an empty world."""
    return f"acct_{uuid.uuid4().hex}"


@pytest.fixture
def client(server, account):
    """A client in a world of its own."""
    return server.client(stripe_account=account)


@pytest.fixture
def traveler(moving_server, account):
    """A client in a world of its own, whose clock can be moved."""
    return moving_server.client(stripe_account=account)


@pytest.fixture
def customer(client):
    """A new customer in the client's world."""
    return client.v1.customers.create({"email": "ada@example.com", "name": "Ada"})
