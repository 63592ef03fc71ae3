"""A network that fails in chosen ways: a TCP proxy that breaks its first connections.

Each fault in the list spoils one connection, in the order in which connections come; when the
list is used up, the proxy only passes bytes on.
"""

import enum
import socket
import threading
from typing import Self

CHUNK_BYTES = 1 << 16


class Fault(enum.Enum):
    """What happens to one connection."""

    NONE = "bytes pass in both directions"
    LOST_REQUEST = "the request never reaches the server"
    LOST_ANSWER = "the server answers, and the connection breaks before the client hears it"
    CUT_ANSWER = "the client hears the first half of the answer"


class FlakyProxy:
    """Listens on a free port; use it in a `with` statement."""

    def __init__(self, port: int, faults: list[Fault]):
        self._server = ("127.0.0.1", port)
        self._faults = iter(faults)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        _close(self._listener)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            fault = next(self._faults, Fault.NONE)
            threading.Thread(target=self._carry, args=(client, fault), daemon=True).start()

    def _carry(self, client: socket.socket, fault: Fault) -> None:
        server = socket.create_connection(self._server)
        try:
            if fault is Fault.LOST_REQUEST:
                client.recv(CHUNK_BYTES)
                return
            threading.Thread(target=_pump, args=(client, server), daemon=True).start()
            while answer := server.recv(CHUNK_BYTES):
                # The server speaks only after it has executed the request.
                if fault is Fault.LOST_ANSWER:
                    return
                if fault is Fault.CUT_ANSWER:
                    client.sendall(answer[: len(answer) // 2])
                    return
                client.sendall(answer)
        except OSError:
            pass
        finally:
            _close(client)
            _close(server)


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(CHUNK_BYTES):
            target.sendall(data)
    except OSError:
        pass
    finally:
        # The other direction may still be at work: end it, and let it close the sockets.
        _shut(target)


def _shut(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def _close(end: socket.socket) -> None:
    # Without a shutdown a thread that waits on the socket would keep the connection open.
    _shut(end)
    end.close()
