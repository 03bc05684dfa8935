"""Real servers on loopback for the conformance suite: found on PATH, started on free ports, killed at the end."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KEY, SECRET, BUCKET = "AKIATEST", "SECRETTEST", "tbucket"


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
    weed = shutil.which("weed", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert weed, "the S3 server of the tests is missing: pip install -e '.[test]'"
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
