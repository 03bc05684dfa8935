"""What every kind of remote promises, asked of each: a folder, and real S3 and SSH servers on loopback."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mlvgit.core.digest import Digest, object_name
from mlvgit.errors import IntegrityError, RemoteError, SettingsError
from mlvgit.records.settings import Remote as Named
from mlvgit.remotes.base import OBJECTS, Patience, Remote
from mlvgit.remotes.table import open_remote
from tests.contracts.servers import BUCKET, KEY, SECRET, seaweedfs
from tests.contracts.sshd import Server, sshd

PATIENCE = Patience(retries=1)


class Kind:
    """A kind of remote under test: the remote, one that cannot be reached, and the door behind it."""

    def __init__(self, remote: Remote, unreachable: Remote, overwrite: Callable[[Digest, bytes], Any]) -> None:
        self.remote = remote
        self.unreachable = unreachable
        self.overwrite = overwrite


@pytest.fixture(scope="module")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with seaweedfs(tmp_path_factory.mktemp("weed")) as endpoint:
        yield endpoint


def folder_kind(tmp_path: Path) -> Kind:
    shelf = tmp_path / "shelf"
    (tmp_path / "file").write_bytes(b"no folder")

    def overwrite(digest: Digest, data: bytes) -> None:
        path = shelf / object_name(digest.sha256)
        path.chmod(0o644)
        path.write_bytes(data)

    return Kind(
        open_remote(Named("shelf", str(shelf)), tmp_path),
        open_remote(Named("gone", (tmp_path / "file" / "below").as_uri()), tmp_path),
        overwrite,
    )


def s3_kind(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kind:
    import obstore

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    remote: Any = open_remote(Named("bucket", f"s3://{BUCKET}/{tmp_path.name}", endpoint), tmp_path, PATIENCE)
    return Kind(
        remote,
        open_remote(Named("gone", f"s3://{BUCKET}/x", "http://127.0.0.1:9"), tmp_path, PATIENCE),
        lambda digest, data: obstore.put(remote._store(), remote._key(digest, OBJECTS), data),
    )


@pytest.fixture(scope="module")
def ssh_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


def ssh_kind(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kind:
    monkeypatch.setenv("GIT_SSH_COMMAND", server.command())
    return Kind(
        open_remote(Named("lab", server.url(tmp_path / "shelf")), tmp_path),
        open_remote(Named("gone", "ssh://127.0.0.1:9/x"), tmp_path),
        folder_kind(tmp_path).overwrite,
    )


@pytest.fixture(params=["folder", "s3", "ssh"])
def kind(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kind:
    if request.param == "folder":
        return folder_kind(tmp_path)
    if request.param == "ssh":
        return ssh_kind(request.getfixturevalue("ssh_server"), tmp_path, monkeypatch)
    return s3_kind(request.getfixturevalue("s3_endpoint"), tmp_path, monkeypatch)


def source(tmp_path: Path, data: bytes) -> tuple[Digest, Path]:
    digest = Digest(len(data), hashlib.sha256(data).hexdigest())
    path = tmp_path / f"source-{digest.sha256[:8]}"
    path.write_bytes(data)
    return digest, path


def read(remote: Remote, digest: Digest) -> bytes:
    with remote.download(digest) as reader:
        return b"".join(iter(lambda: reader.read(1 << 16), b""))


@pytest.mark.parametrize("length", [0, 1, 5_000_000, 40_000_000], ids=["empty", "a-byte", "one-part", "many-parts"])
def test_what_is_sent_comes_back(kind: Kind, tmp_path: Path, length: int) -> None:
    digest, path = source(tmp_path, (b"0123456789abcdef" * (length // 16 + 1))[:length])
    assert kind.remote.presence([digest]) == {digest.sha256: False}

    kind.remote.upload(digest, path)

    assert kind.remote.presence([digest]) == {digest.sha256: True}
    assert read(kind.remote, digest) == path.read_bytes()


@pytest.mark.parametrize("length", [10, 40_000_000], ids=["small", "many-parts"])
def test_bytes_that_are_not_what_they_are_called_are_not_sent(kind: Kind, tmp_path: Path, length: int) -> None:
    digest, path = source(tmp_path, b"a" * length)
    path.write_bytes(b"a" * (length - 1) + b"b")

    with pytest.raises(IntegrityError):
        kind.remote.upload(digest, path)

    assert kind.remote.presence([digest]) == {digest.sha256: False}


def test_an_object_of_the_wrong_size_is_not_there_and_a_new_upload_heals_it(kind: Kind, tmp_path: Path) -> None:
    digest, path = source(tmp_path, b"whole bytes")
    kind.remote.upload(digest, path)
    kind.overwrite(digest, b"whole")
    assert kind.remote.presence([digest]) == {digest.sha256: False}

    kind.remote.upload(digest, path)

    assert kind.remote.presence([digest]) == {digest.sha256: True}
    assert read(kind.remote, digest) == b"whole bytes"


def test_an_object_without_end_is_read_one_byte_too_far(kind: Kind, tmp_path: Path) -> None:
    digest, path = source(tmp_path, b"short")
    kind.remote.upload(digest, path)
    kind.overwrite(digest, b"short and much more" * 100_000)

    assert len(read(kind.remote, digest)) == digest.size + 1


def test_what_is_not_there_is_named(kind: Kind) -> None:
    digest = Digest(1, "ab" * 32)

    with pytest.raises(RemoteError, match="does not have abababab"):
        read(kind.remote, digest)


def test_sixteen_that_send_one_object_leave_it_whole(kind: Kind, tmp_path: Path) -> None:
    digest, path = source(tmp_path, b"same" * 100_000)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: kind.remote.upload(digest, path), range(16)))

    assert read(kind.remote, digest) == path.read_bytes()


def test_a_remote_that_cannot_be_reached_says_unknown_and_fails_by_name(kind: Kind, tmp_path: Path) -> None:
    digest, path = source(tmp_path, b"bytes")

    assert kind.unreachable.presence([digest]) == {digest.sha256: None}
    with pytest.raises(RemoteError, match="gone"):
        read(kind.unreachable, digest)
    with pytest.raises(RemoteError, match="gone"):
        kind.unreachable.upload(digest, path)


def test_a_link_in_a_folder_is_not_followed(tmp_path: Path) -> None:
    kind = folder_kind(tmp_path)
    digest, path = source(tmp_path, b"secret")
    kind.remote.upload(digest, path)
    there = tmp_path / "shelf" / object_name(digest.sha256)
    there.unlink()
    there.symlink_to(path)

    assert kind.remote.presence([digest]) == {digest.sha256: False}
    with pytest.raises(RemoteError):
        read(kind.remote, digest)


def test_a_refused_credential_is_unknown_and_shows_no_secret(
    s3_endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = s3_kind(s3_endpoint, tmp_path, monkeypatch)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret-value")
    digest, path = source(tmp_path, b"bytes")

    assert kind.remote.presence([digest]) == {digest.sha256: None}
    with pytest.raises(RemoteError) as refused:
        kind.remote.upload(digest, path)
    assert "canary" not in refused.value.message + refused.value.hint


@pytest.mark.parametrize("url", ["ftp://host/x", "s3:///prefix", "ext::sh -c x://y"])
def test_a_url_of_no_known_kind_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError):
        open_remote(Named("odd", url), tmp_path)


def test_a_name_that_is_no_digest_never_becomes_a_path(kind: Kind, tmp_path: Path) -> None:
    digest = Digest(5, "../" * 21 + "x")
    (tmp_path / "x").write_bytes(b"bytes")

    with pytest.raises(IntegrityError):
        kind.remote.presence([digest])
    with pytest.raises(IntegrityError):
        kind.remote.upload(digest, tmp_path / "x")
    with pytest.raises(IntegrityError):
        read(kind.remote, digest)
    with pytest.raises(IntegrityError):
        kind.remote.delete(digest)


def test_spaces_are_listed_and_deleted_from_apart(kind: Kind, tmp_path: Path) -> None:
    (one, first), (two, second) = source(tmp_path, b"one"), source(tmp_path, b"two and more")
    assert list(kind.remote.names()) == []

    for digest, path in ((one, first), (two, second)):
        kind.remote.upload(digest, path)
    kind.remote.upload(one, first, "extents")

    assert set(kind.remote.names()) == {one, two}
    assert list(kind.remote.names("extents")) == [one]
    kind.remote.delete(one)
    kind.remote.delete(one)
    assert list(kind.remote.names()) == [two]
    assert kind.remote.presence([one, two]) == {one.sha256: False, two.sha256: True}
    assert kind.remote.presence([one], "extents") == {one.sha256: True}
    with kind.remote.download(one, "extents") as reader:
        assert reader.read(100) == b"one"
