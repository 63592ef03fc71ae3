"""One server on which everything has happened that can happen to money."""

import os
import shutil

import pytest

# Nothing here leaves the machine, whatever proxy the environment names.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"

from running_purser import BINARY, RunningPurser
from shop import Shop, trade


def pytest_configure(config):
    if not BINARY.is_file():
        raise pytest.UsageError(f"there is no {BINARY}: build it, or set PURSER_BIN")
    if shutil.which("hledger") is None:
        raise pytest.UsageError("there is no hledger: apt-get install hledger")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A sandbox that takes fees."""
    running = RunningPurser(tmp_path_factory.mktemp("purser"))
    running.start("--fee-bps", "150", "--fee-fixed", "30")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def shop(server):
    """A shop after a busy quarter."""
    shop = Shop(server.url)
    trade(shop)
    return shop
