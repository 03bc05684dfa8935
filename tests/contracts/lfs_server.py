"""A real Git LFS server on loopback, giftless, in an environment of its own; and a proxy before it that fails on demand.

giftless declares none of its dependencies, and needs old ones: they are pinned here and installed once, below `.ci/`.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import http.client
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.contracts.servers import free_ports

# pyjwt 2.10 and later refuse the server's own tokens.
PINS = [
    "azure-storage-blob==12.31.1",
    "boto3==1.44.8",
    "cachetools==8.0.2",
    "cryptography==50.0.2",
    "figcan==0.0.4",
    "flask==2.3.3",
    "flask-classful==0.16.0",
    "flask-marshmallow==1.4.0",
    "giftless==0.6.2",
    "google-cloud-storage==3.17.1",
    "importlib-metadata==10.2.0",
    "marshmallow==3.26.2",
    "marshmallow-enum==1.5.1",
    "pyjwt==2.9.0",
    "python-dateutil==2.9.0.post0",
    "python-dotenv==1.2.4",
    "pyyaml==6.0.4",
    "requests==2.34.2",
    "typing-extensions==4.16.0",
    "waitress==3.0.2",
    "webargs==8.4.0",
    "werkzeug==2.3.8",
]
KEY = "the-server's-own-key-of-32-letters-or-more"


def _environment() -> Path:
    """Return the folder of programs of giftless's environment, installing it once; two at a time wait for each other."""
    names = "\n".join(PINS) + sys.version
    folder = ROOT / ".ci" / f"giftless-{hashlib.sha256(names.encode()).hexdigest()[:8]}"
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / "giftless.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "whole").exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            pip = [folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *PINS]
            done = subprocess.run(pip, capture_output=True, text=True, timeout=280)
            if done.returncode:
                pytest.skip(f"giftless, the LFS server of the tests, cannot be installed: {done.stderr[-500:]}")
            (folder / "whole").touch()
    return folder / "bin"


class Giftless:
    """A server that runs.

    Attributes:
        url: of the server.
        storage: where it keeps objects, by organisation, repository and SHA-256.
    """

    def __init__(self, port: int, storage: Path) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.storage = storage

    def endpoint(self, repository: str = "team/data") -> str:
        return f"{self.url}/{repository}.git/info/lfs"

    def objects(self, repository: str = "team/data") -> Path:
        return self.storage / f"{repository}"


@contextmanager
def giftless(folder: Path, *, private: bool = False) -> Iterator[Giftless]:
    """Run a server below `folder`.

    Args:
        private: let only those in who come with a token of `token()`.
    """
    programs = _environment()
    storage = folder / "objects"
    jwt = {"factory": "giftless.auth.jwt:factory", "options": {"algorithm": "HS256", "private_key": KEY}}
    config: dict[str, Any] = {
        "TRANSFER_ADAPTERS": {
            "basic": {
                "factory": "giftless.transfer.basic_streaming:factory",
                "options": {
                    "storage_class": "giftless.storage.local_storage:LocalStorage",
                    "storage_options": {"path": str(storage)},
                    "action_lifetime": 900,
                },
            }
        },
        "AUTH_PROVIDERS": [jwt] if private else ["giftless.auth.allow_anon:read_write"],
        "PRE_AUTHORIZED_ACTION_PROVIDER": jwt,
    }
    (folder / "giftless.json").write_text(json.dumps(config))  # JSON is YAML
    (port,) = free_ports(1)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [programs / "waitress-serve", f"--listen=127.0.0.1:{port}", "--threads=16", "giftless.wsgi_entrypoint:app"],
            env={"PATH": os.environ["PATH"], "GIFTLESS_CONFIG_FILE": str(folder / "giftless.json")},
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(port, server, folder / "log")
        yield Giftless(port, storage)
    finally:
        server.kill()
        server.wait()


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"giftless did not start:\n{log.read_text(errors='replace')[-3000:]}")


def token(*scopes: str) -> str:
    """Return a token that a private server accepts, as the password of the user `_jwt`."""
    claims = {"sub": "ada", "name": "ada", "exp": int(time.time()) + 3600, "scopes": list(scopes) or ["obj:*/*/*"]}
    parts = [json.dumps({"alg": "HS256", "typ": "JWT"}).encode(), json.dumps(claims).encode()]
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    mark = hmac.new(KEY.encode(), signed, hashlib.sha256).digest()
    return (signed + b"." + base64.urlsafe_b64encode(mark).rstrip(b"=")).decode()


class Seen:
    """One request as it came to the proxy."""

    def __init__(self, method: str, path: str, headers: dict[str, str]) -> None:
        self.method = method
        self.path = path
        self.headers = headers


Fault = Callable[["Passing"], bool]
"""Does something in place of passing a request on; says whether it did."""


class Proxy(ThreadingHTTPServer):
    """Passes everything on to a server, but for what its faults do; they are asked in turn, each once it is done is gone."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), Passing)
        self.behind = port
        self.seen: list[Seen] = []
        self.faults: list[Fault] = []
        self.always: list[Fault] = []
        self.scheme = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}"

    def speak_tls(self, certificate: Path) -> None:
        """Speak TLS from now on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.scheme = "https"

    def endpoint(self, repository: str = "team/data") -> str:
        return f"{self.url}/{repository}.git/info/lfs"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that break off are what is tested."""


@contextmanager
def proxy(port: int) -> Iterator[Proxy]:
    """Run a proxy before the server on a port of this machine."""
    with Proxy(port) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def certificate(folder: Path) -> Path:
    """Make a certificate of 127.0.0.1 that only those trust who are told to."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl, which makes the certificate of the server, is not here")
    path = folder / "certificate.pem"
    words = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=lfs",
    ]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", folder / "public.pem"]
    subprocess.run([program, *words, *names], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + (folder / "public.pem").read_bytes())
    return path


class Passing(BaseHTTPRequestHandler):
    """One request on its way."""

    server: Proxy
    protocol_version = "HTTP/1.1"

    def _pass(self) -> None:
        self.server.seen.append(Seen(self.command, self.path, dict(self.headers.items())))
        for fault in list(self.server.always):
            if fault(self):
                return
        for fault in list(self.server.faults):
            if fault(self):
                self.server.faults.remove(fault)
                return
        self.forward()

    do_GET = do_PUT = do_POST = _pass  # noqa: N815

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def fetch(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """Let the server behind answer."""
        behind = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=60)
        try:
            behind.request(self.command, self.path, self.body(), dict(self.headers.items()))
            answer = behind.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            behind.close()

    def forward(self) -> None:
        self.reply(*self.fetch())

    def reply(self, status: int, headers: list[tuple[str, str]], body: bytes, *, length: int | None = None) -> None:
        """Answer; with `length`, more is promised than comes."""
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        if length is not None:
            self.close_connection = True

    def reset(self) -> None:
        """Break the connection off, as a machine that goes down does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
