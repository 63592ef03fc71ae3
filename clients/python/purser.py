"""A Purser to test against: starts the real binary, kills it, and starts it again.

A server listens on a free port of this machine and keeps its data in a folder of its own. Tests
meet it through the official SDK only; nothing here speaks HTTP.
"""

import json
import os
import re
import signal
import subprocess
import threading
from pathlib import Path
from typing import Self

import stripe

TEST_KEY = "sk_test_python_clients"
START_TIMEOUT_S = 30
COMMAND_TIMEOUT_S = 30

HERE = Path(__file__).resolve().parent
BINARY = Path(os.environ.get("PURSER_BIN") or HERE / "../../target/debug/purser").resolve()
URL = re.compile(r"http://127\.0\.0\.1:(\d+)")


class Purser:
    """One server and its database."""

    def __init__(self, folder: Path, *options: str):
        self.store = f"sqlite:{folder / 'purser.db'}"
        self.log = folder / "purser.log"
        self.options = options
        self.process = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Starts the server; after a kill it comes back at the same address."""
        listen = f"127.0.0.1:{self.port}"
        command = [BINARY, "serve", "--listen", listen, "--store", self.store, *self.options]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, text=True, env=_environment()
            )
        self.port = self._announced_port()
        return self

    def kill(self) -> None:
        """Ends the server as a power cut would: kill -9, no warning."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(COMMAND_TIMEOUT_S)
        self.process.stdout.close()

    def crash(self) -> None:
        """Kills the server and starts it again."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """Kills the server for good and has the books it leaves behind examined."""
        self.kill()
        findings = self.command("doctor", check=False)
        assert findings.returncode == 0, f"purser doctor:\n{findings.stdout}{findings.stderr}"

    def client(self, key: str = TEST_KEY, *, url: str = "", **settings) -> stripe.StripeClient:
        """A client as a user makes one; `settings` are those of StripeClient."""
        base = {"api": url or self.url}
        return stripe.StripeClient(key, base_addresses=base, **settings)

    def make_key(
        self,
        name: str,
        mode: str = "test",
        scopes: tuple[str, ...] = (),
        limits: tuple[str, ...] = (),
    ) -> dict:
        """Makes an API key with `purser keys`; scopes make it a restricted one, and limits, such as
        `--max-per-call=usd=500`, one for agents."""
        restricted = ["--restricted", *(f"--scope={scope}" for scope in scopes)] if scopes else []
        words = ["keys", "create", "--name", name, "--mode", mode, *restricted, *limits, "--json"]
        return json.loads(self.command(*words).stdout)

    def command(self, *words: str, check: bool = True) -> subprocess.CompletedProcess:
        """Runs the binary on this server's database."""
        return subprocess.run(
            [BINARY, *words, "--store", self.store],
            capture_output=True,
            text=True,
            check=check,
            timeout=COMMAND_TIMEOUT_S,
            env=_environment(),
        )

    def _announced_port(self) -> int:
        # A server that never speaks is killed, which ends its output and so the loop.
        deadline = threading.Timer(START_TIMEOUT_S, self.process.kill)
        deadline.start()
        try:
            for line in self.process.stdout:
                if found := URL.search(line):
                    return int(found[1])
        finally:
            deadline.cancel()
        raise RuntimeError(f"{BINARY} did not start; it said:\n{self.log.read_text()}")


def _environment() -> dict[str, str]:
    """The environment without settings for Purser, which would win over what a test means."""
    return {name: text for name, text in os.environ.items() if not name.startswith("PURSER_")}
