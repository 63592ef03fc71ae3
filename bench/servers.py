"""The two programs that are measured: building, starting, stopping them, and talking to them."""

import contextlib
import json
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILL_CONNECTIONS = 64
START_LIMIT_S = 60


class Failed(Exception):
    """Why there is nothing to measure, in a sentence."""


def say(text):
    print(f"{time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)


def build(wanted=True):
    """Builds both programs for release. Gives the directory that has them, and cargo's target."""
    asked = ["cargo", "metadata", "--format-version", "1", "--no-deps"]
    metadata = subprocess.run(asked, cwd=ROOT, check=True, capture_output=True).stdout
    target = pathlib.Path(json.loads(metadata)["target_directory"])
    if wanted:
        say("building for release")
        command = "cargo build --release --bin purser --example ceiling -p purser"
        if subprocess.run(shlex.split(command), cwd=ROOT).returncode:
            raise Failed("the release build failed")
    return target / "release", target


def file_system(path):
    """The kind of file system that a directory is on."""
    mounts = [line.split() for line in open("/proc/mounts")]
    inside = [m for m in mounts if os.path.join(path.resolve(), "").startswith(
        os.path.join(m[1], ""))]
    return max(inside, key=lambda m: len(m[1]))[2]


class Service:
    """A program that prints the address it listens on."""

    def __init__(self, command, log):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PURSER_")}
        self.log = log
        with open(log, "ab") as errors:
            self.process = subprocess.Popen(command, env=clean, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=errors, text=True)
        watchdog = threading.Timer(START_LIMIT_S, self.process.kill)
        watchdog.start()
        found = None
        while not found and (line := self.process.stdout.readline()):
            found = re.search(r"http://(127\.0\.0\.1):(\d+)", line)
        watchdog.cancel()
        if not found:
            tail = pathlib.Path(log).read_text(errors="replace")[-2000:]
            raise Failed(f"{command[0]} did not start:\n{tail}")
        self.url, self.address = found.group(0), (found.group(1), int(found.group(2)))

    def stop(self, how=signal.SIGTERM):
        """Ends the program and waits until it is gone."""
        self.process.send_signal(how)
        try:
            self.process.wait(START_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failed(f"{self.process.args[0]} did not stop within {START_LIMIT_S} s") from None

    def memory_mib(self, field):
        """VmRSS or VmHWM."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+) kB", status).group(1)) / 1024

    def counted(self):
        """How often the server answered each operation with each status."""
        pattern = r'^purser_requests_total\{operation="(\w+)",status="(\d+)"\} (\d+)'
        return {(operation, int(status)): int(count)
                for operation, status, count in re.findall(pattern, self.metrics(), re.M)}

    def deliveries(self):
        """How often webhook endpoints took an event."""
        pattern = r'^purser_webhook_deliveries_total\{outcome="succeeded"\} (\d+)'
        return sum(map(int, re.findall(pattern, self.metrics(), re.M)))

    def metrics(self):
        _, text = fetch(self.address, b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        return text.decode()


def read_answer(stream):
    """Status and body of the next answer on a socket."""
    head, body = read_whole(stream)
    return int(head[9:12]), body


def read_whole(stream):
    """Head and body of the next answer on a socket."""
    data = b""
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += receive(stream)
    length = int(re.search(rb"content-length: (\d+)", data[:end], re.I).group(1))
    while len(data) < end + 4 + length:
        data += receive(stream)
    return data[:end], data[end + 4:]


def receive(stream):
    if not (data := stream.recv(65536)):
        raise Failed("the server closed a connection")
    return data


def fetch(address, request):
    with socket.create_connection(address, timeout=30) as stream:
        stream.sendall(request)
        return read_answer(stream)


def fetch_raw(address, request):
    """Like `fetch`, with the whole head in place of the status."""
    with socket.create_connection(address, timeout=30) as stream:
        stream.sendall(request)
        return read_whole(stream)


def fetch_each(address, requests):
    """Sends requests over kept-alive connections, many at once; gives the answers in order."""
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(socket.create_connection(address, timeout=30))
                   for _ in range(FILL_CONNECTIONS)]
        for stream in streams:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(requests), len(streams)):
            batch = list(zip(streams, requests[start:start + len(streams)]))
            for stream, request in batch:
                stream.sendall(request)
            for stream, _ in batch:
                status, body = read_answer(stream)
                if status != 200:
                    raise Failed(f"filling the store: {status} {body.decode(errors='replace')}")
                yield json.loads(body)
