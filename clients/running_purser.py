"""A Purser to test agents against: starts the real binary, and ends it.

The server listens on a free port of this machine and keeps its data in a folder of its own.
PURSER_BIN names the binary, else it is target/debug/purser of this repository.
"""

import json
import os
import re
import subprocess
import threading
from pathlib import Path
from typing import Any, Self

START_TIMEOUT_S = 30
VERB_TIMEOUT_S = 30

BINARY = Path(
    os.environ.get("PURSER_BIN") or Path(__file__).resolve().parent / "../target/debug/purser"
).resolve()
_URL = re.compile(r"http://127\.0\.0\.1:\d+")


class RunningPurser:
    """One server and its database."""

    def __init__(self, folder: Path):
        self.store = f"sqlite:{folder / 'purser.db'}"
        self.log = folder / "purser.log"
        self.process: subprocess.Popen | None = None
        self.url = ""

    def start(self, *flags: str) -> Self:
        """Starts the server with these flags and waits until it says where it listens."""
        command = [BINARY, "serve", "--listen", "127.0.0.1:0", "--store", self.store, *flags]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment()
            )
        # A server that never speaks is killed, which ends its output and so the loop.
        deadline = threading.Timer(START_TIMEOUT_S, self.process.kill)
        deadline.start()
        try:
            for line in self.process.stdout:
                if found := _URL.search(line):
                    self.url = found[0]
                    return self
        finally:
            deadline.cancel()
        raise RuntimeError(f"{BINARY} did not start; it said:\n{self.log.read_text()}")

    def make_key(self, *flags: str) -> dict[str, Any]:
        """A new key with these flags of `purser keys create`; `key` is its secret."""
        return self._verb("keys", "create", "--store", self.store, "--name", "agent", *flags)

    def approvals(self, *words: str) -> dict[str, Any]:
        """What a person does about approvals, with a key that has no limits."""
        return self._verb("approvals", *words, "--url", self.url)

    def _verb(self, *words: str) -> dict[str, Any]:
        done = subprocess.run(
            [BINARY, *words, "--json"], env=environment(), timeout=VERB_TIMEOUT_S,
            capture_output=True, text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def run(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        """What a command writes that has to work."""
        command = [BINARY, *words]
        return subprocess.run(
            command, env=environment(), timeout=VERB_TIMEOUT_S, capture_output=True, check=True
        )

    def stop(self) -> None:
        """Ends the server."""
        self.process.kill()
        self.process.wait(START_TIMEOUT_S)
        self.process.stdout.close()


def environment() -> dict[str, str]:
    """The environment without settings for Purser, which would win over what a test means."""
    return {name: text for name, text in os.environ.items() if not name.startswith("PURSER_")}
