"""The kinds of remote that the conformance suite asks: how each is opened, broken, and reached behind its back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mlvgit.core.digest import Digest, object_name
from mlvgit.records.settings import Remote as Named
from mlvgit.remotes.base import Patience, Remote
from mlvgit.remotes.gcs import GcsRemote
from mlvgit.remotes.table import open_remote
from tests.contracts.faults import Proxy, proxy
from tests.contracts.servers import (
    ACCOUNT,
    ACCOUNT_KEY,
    BUCKET,
    CONTAINER,
    KEY,
    SECRET,
    azurite,
    fake_gcs,
    need_azurite,
    rclone,
    seaweedfs,
)
from tests.contracts.sshd import Server, sshd

HURRY = Patience(connect=2, silence=1, request=2, retries=2)
"""Limits for tests in which they are reached."""
NO_USE = HURRY._replace(silence=0.2, retries=1)
"""The same for one that nobody answers for."""
NOWHERE, NO_MACHINE = "http://127.0.0.1:9", "http://127.0.0.1:1"


class Kind(NamedTuple):
    """A kind of remote under test.

    Attributes:
        name: as the parameter of a test.
        open: opens the remote, waited for so long.
        unreachable: one of this kind, by the name of `gone`, that nobody answers for.
        put: the door behind it: writes bytes under a name below its prefix.
        proxy: stands in front of its server; None where there is no server.
    """

    name: str
    open: Callable[[Patience], Remote]
    unreachable: Remote
    put: Callable[[str, bytes], Any]
    proxy: Proxy | None = None

    @property
    def remote(self) -> Remote:
        return self.open(Patience(retries=2))

    def overwrite(self, digest: Digest, data: bytes) -> None:
        self.put(object_name(digest.sha256), data)


class Servers:
    """Real servers behind a proxy each, started when first wanted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._running: dict[str, Proxy] = {}
        self._ssh: Server | None = None

    def of(self, name: str) -> Proxy:
        """Return the proxy in front of the server of a kind, calm."""
        if name not in self._running:
            front = self._stack.enter_context(proxy())
            folder = self._folder / name
            folder.mkdir()
            if name == "s3":
                front.target = int(self._stack.enter_context(seaweedfs(folder)).rpartition(":")[2])
            elif name == "gcs":
                front.target = self._stack.enter_context(fake_gcs(folder, front.address))
            else:
                front.target = self._stack.enter_context({"rclone": rclone, "azure": azurite}[name](folder))
            self._running[name] = front
        self._running[name].calm()
        return self._running[name]

    def ssh(self) -> Server:
        """Return the SSH server."""
        if self._ssh is None:
            folder = self._folder / "ssh"
            folder.mkdir(exist_ok=True)
            self._ssh = self._stack.enter_context(sshd(folder))
        return self._ssh

    def close(self) -> None:
        self._stack.close()


def folder_kind(tmp_path: Path) -> Kind:
    shelf = tmp_path / "shelf"
    (tmp_path / "file").write_bytes(b"no folder")

    def put(name: str, data: bytes) -> None:
        path = shelf / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(data)

    gone = open_remote(Named("gone", (tmp_path / "file" / "below").as_uri()), tmp_path)
    return Kind("folder", lambda patience: open_remote(Named("shelf", str(shelf)), tmp_path, patience), gone, put)


def ssh_kind(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kind:
    monkeypatch.setenv("GIT_SSH_COMMAND", server.command())
    url = server.url(tmp_path / "shelf")
    return Kind(
        "ssh",
        lambda patience: open_remote(Named("lab", url), tmp_path, patience),
        open_remote(Named("gone", "ssh://127.0.0.1:9/x"), tmp_path),
        folder_kind(tmp_path).put,
    )


def s3_kind(name: str, front: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kind:
    from obstore.store import S3Store

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    url = f"s3://{BUCKET}/{tmp_path.name}"
    store = S3Store(
        BUCKET,
        endpoint=f"http://127.0.0.1:{front.target}",
        region="us-east-1",
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )
    return Kind(
        name,
        lambda patience: open_remote(Named("bucket", url, front.address), tmp_path, patience),
        open_remote(Named("gone", url, NOWHERE), tmp_path, NO_USE),
        lambda each, data: _put(store, f"{tmp_path.name}/{each}", data),
        front,
    )


def azure_kind(front: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kind:
    from obstore.store import AzureStore

    parts = {"AccountName": ACCOUNT, "AccountKey": ACCOUNT_KEY}
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", ";".join(f"{key}={value}" for key, value in parts.items()))
    url = f"az://{CONTAINER}/{tmp_path.name}"
    store = AzureStore(
        CONTAINER,
        account_name=ACCOUNT,
        account_key=ACCOUNT_KEY,
        endpoint=f"http://127.0.0.1:{front.target}/{ACCOUNT}",
        client_options={"allow_http": True},
    )
    return Kind(
        "azure",
        lambda patience: open_remote(Named("bucket", url, f"{front.address}/{ACCOUNT}"), tmp_path, patience),
        open_remote(Named("gone", url, f"{NOWHERE}/{ACCOUNT}"), tmp_path, NO_USE),
        lambda each, data: _put(store, f"{tmp_path.name}/{each}", data),
        front,
    )


def gcs_kind(front: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kind:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.storage import Client

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", front.address)
    url = f"gs://{BUCKET}/{tmp_path.name}"
    nobody = Client(None, AnonymousCredentials(), client_options={"api_endpoint": NOWHERE})
    bucket = Client(
        None, AnonymousCredentials(), client_options={"api_endpoint": f"http://127.0.0.1:{front.target}"}
    ).bucket(BUCKET)
    return Kind(
        "gcs",
        lambda patience: open_remote(Named("bucket", url), tmp_path, patience),
        GcsRemote("gone", url, BUCKET, "x", NO_USE, nobody),
        lambda each, data: bucket.blob(f"{tmp_path.name}/{each}").upload_from_string(data),
        front,
    )


def open_kind(name: str, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kind:
    """Return a kind by its name; its server is started when it is the first of its name."""
    if name == "folder":
        return folder_kind(tmp_path)
    if name == "ssh":
        return ssh_kind(servers.ssh(), tmp_path, monkeypatch)
    if name == "azure":
        need_azurite()
    front = servers.of(name)
    if name == "azure":
        return azure_kind(front, tmp_path, monkeypatch)
    if name == "gcs":
        return gcs_kind(front, tmp_path, monkeypatch)
    return s3_kind(name, front, tmp_path, monkeypatch)


def nobody(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Take all credentials away, and let nobody look for them beyond this machine."""
    import os

    for each in list(os.environ):
        if each.startswith(("AWS_", "AZURE_", "GOOGLE_", "STORAGE_EMULATOR")):
            monkeypatch.delenv(each)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", NO_MACHINE)
    monkeypatch.setenv("AZURE_MSI_ENDPOINT", NO_MACHINE)
    monkeypatch.setenv("NO_GCE_CHECK", "true")


def servers_in(folder: Path) -> Iterator[Servers]:
    """Run servers as a fixture does."""
    made = Servers(folder)
    try:
        yield made
    finally:
        made.close()


def _put(store: Any, name: str, data: bytes) -> None:
    import obstore

    obstore.put(store, name, data)
