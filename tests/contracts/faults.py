"""A proxy on loopback in front of a real server, which answers as the field does: not at all, too late, in part, elsewhere."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# What is done to a request: a status, (status, headers, body), or one of "reset", "drop", "stall", "cut", "drip".
Fault = int | tuple[int, str, bytes] | str


class Proxy:
    """Passes requests on, each on a connection of its own, except where a fault is armed.

    Attributes:
        address: as http://127.0.0.1:PORT.
        target: the port behind it.
        next: faults for the requests to come, one each.
        every: the fault of all others, if any.
        heads: the heads of the requests that came.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.target = 0
        self.next: deque[Fault | None] = deque()
        self.every: Fault | None = None
        self.heads: list[bytes] = []

    def calm(self) -> None:
        self.next.clear()
        self.every = None
        self.heads.clear()

    def run(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, client: socket.socket) -> None:
        with client, _hung_up(client), suppress(OSError):
            data = b""
            while b"\r\n\r\n" not in data:
                if not (more := client.recv(65536)):
                    return
                data += more
            head, _, body = data.partition(b"\r\n\r\n")
            self.heads.append(head)
            fault = self.next.popleft() if self.next else self.every
            if fault is None or fault in ("cut", "drip"):
                self._pass(client, head, body, fault)
            elif fault == "reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif fault == "stall":
                while client.recv(65536):
                    pass
            elif not isinstance(fault, str):
                _drain(client, head, len(body))
                status, headers, answer = (fault, "", b"") if isinstance(fault, int) else fault
                client.sendall(
                    f"HTTP/1.1 {status} Fault\r\n{headers}Content-Length: {len(answer)}\r\nConnection: close\r\n\r\n".encode()
                    + answer
                )

    def _pass(self, client: socket.socket, head: bytes, body: bytes, fault: Fault | None) -> None:
        head = re.sub(rb"(?im)^connection:.*\r\n", b"", head + b"\r\n").rstrip(b"\r\n")
        with socket.create_connection(("127.0.0.1", self.target)) as server:
            server.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
            threading.Thread(target=_pump, args=(client, server), daemon=True).start()
            if fault is None:
                _pump(server, client)
                return
            answer = b"".join(iter(lambda: server.recv(65536), b""))
            end = answer.index(b"\r\n\r\n") + 4
            if fault == "cut":
                client.sendall(answer[: end + 10])
                return
            client.sendall(answer[:end])
            for start in range(end, len(answer), step := max(1, (len(answer) - end + 4) // 5)):
                time.sleep(0.3)
                client.sendall(answer[start : start + step])


@contextmanager
def _hung_up(client: socket.socket) -> Iterator[None]:
    """Hang up at the end; to close alone does not, while another thread reads."""
    try:
        yield
    finally:
        linger = client.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)
        if linger == bytes(8):  # else closing is to be a reset
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 18):
            sink.sendall(data)


def _drain(client: socket.socket, head: bytes, got: int) -> None:
    """Read a request to its end, or closing would take the answer back."""
    if b"100-continue" in head.lower():
        client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    match = re.search(rb"(?im)^content-length:\s*(\d+)", head)
    left = (int(match[1]) if match else 0) - got
    while left > 0 and (data := client.recv(min(left, 1 << 18))):
        left -= len(data)


@contextmanager
def proxy() -> Iterator[Proxy]:
    """Run a proxy; its target may be set later."""
    made = Proxy()
    threading.Thread(target=made.run, daemon=True).start()
    try:
        yield made
    finally:
        made.close()
