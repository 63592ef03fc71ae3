"""One server for all tests, and one connection of each kind for every test."""

import os

import pytest

# Nothing here leaves the machine, whatever proxy the environment names.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"

from connection import KINDS, Connection
from running_purser import BINARY, RunningPurser


def pytest_configure(config):
    if not BINARY.is_file():
        raise pytest.UsageError(f"there is no {BINARY}: build it, or set PURSER_BIN")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A sandbox that all tests share."""
    running = RunningPurser(tmp_path_factory.mktemp("purser")).start()
    yield running
    running.stop()


@pytest.fixture(scope="session", params=KINDS, ids=["-".join(kind) for kind in KINDS])
def connection(request, server):
    """A way to the server's tools: over HTTP and over stdio, as clients of both vintages."""
    with Connection(server.url, *request.param) as opened:
        yield opened
