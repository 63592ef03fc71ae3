"""Each test has a home of its own, so that nothing is read from or left in the real one."""

import os

import pytest

# Nothing here leaves the machine, whatever proxy the environment names.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"

from mock import Answer, Mock, entry
from running_purser import BINARY, RunningPurser

from ocp_agent import OCPAgent


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("OCP_REGISTRY_URL", raising=False)
    monkeypatch.delenv("OCP_AUTH_STRIPE", raising=False)
    return folder


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The real server, for the tests that need it."""
    if not BINARY.is_file():
        pytest.fail(f"there is no {BINARY}: build it, or set PURSER_BIN")
    running = RunningPurser(tmp_path_factory.mktemp("purser")).start()
    yield running
    running.stop()


@pytest.fixture
def mock():
    server = Mock()
    yield server
    server.close()


@pytest.fixture
def other():
    """A second server, and so another origin."""
    server = Mock()
    yield server
    server.close()


@pytest.fixture
def naps():
    """How long the agent waited between attempts; it does not really wait."""
    return []


@pytest.fixture
def make_agent(mock, naps):
    """Makes agents that look names up at the mock."""
    def make(**options):
        made = OCPAgent(**{"registry_url": mock.url, "enable_cache": False} | options)
        for transport in (made.transport, made.registry.transport):
            transport.sleep = naps.append
        return made
    return make


@pytest.fixture
def agent(make_agent):
    return make_agent()


@pytest.fixture
def serve(mock):
    """Puts tools into the registry under a name, with this server as their API."""
    def put(name="stripe", *tools, base_url=None, **headers):
        data = entry(base_url or mock.url, name, list(tools) or None)
        mock.answers[f"GET /registry/{name}"] = Answer(data=data, headers=headers)
        return data
    return put
