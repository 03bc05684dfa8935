"""Moving several objects at once: which remote is asked, what a failure leaves, and what is counted."""

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlvgit.actions.transfer import Parcel, Source, deliver, receive
from mlvgit.core.digest import Digest, object_name, of_bytes
from mlvgit.errors import IntegrityError, RemoteError
from mlvgit.remotes.base import Reader
from mlvgit.remotes.folder import FolderRemote
from mlvgit.store.objects import ObjectStore
from tests.store.standins import Counting

CONTENTS = [bytes([number]) * (200_000 + number) for number in range(20)]
DIGESTS = [of_bytes(data) for data in CONTENTS]
PARCELS = [Parcel(digest) for digest in DIGESTS]


class Asked(FolderRemote):
    """A folder remote that remembers what it was asked for."""

    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(name, folder)
        self.downloads: list[str] = []
        self._counting = threading.Lock()

    @contextmanager
    def download(self, digest: Digest, space: str = "sha256") -> Iterator[Reader]:
        with self._counting:
            self.downloads.append(digest.sha256)
        with super().download(digest, space) as reader:
            yield reader


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    store = ObjectStore(tmp_path / "here")
    for data, digest in zip(CONTENTS, DIGESTS, strict=True):
        store.put(digest, data)
    return store


@pytest.fixture
def shelf(tmp_path: Path, store: ObjectStore) -> Asked:
    remote = Asked("shelf", tmp_path / "shelf")
    for digest in DIGESTS:
        remote.upload(digest, store.path(digest))
    return remote


@pytest.fixture
def empty(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "empty")


def whole_of(store: ObjectStore) -> Source:
    return lambda parcel: store.whole(parcel.digest)


def take(store: ObjectStore, known: list[FolderRemote], progress: Counting | None = None) -> None:
    receive(known, [parcel.digest for parcel in PARCELS], lambda it, reader: store.put(it.digest, reader), progress)


def damage(remote: FolderRemote, digest: Digest) -> None:
    path = Path(remote.url) / object_name(digest.sha256)
    path.chmod(0o644)
    path.write_bytes(b"!" * digest.size)


def test_every_object_comes_and_every_byte_is_counted(shelf: Asked, empty: ObjectStore) -> None:
    progress = Counting()

    take(empty, [shelf], progress)

    assert all(empty.check(digest) for digest in DIGESTS)
    assert progress.total == progress.done == sum(digest.size for digest in DIGESTS)


def test_every_object_goes_and_every_byte_is_counted(store: ObjectStore, tmp_path: Path) -> None:
    remote, progress = FolderRemote("new", tmp_path / "new"), Counting()

    failed = deliver(remote, PARCELS, whole_of(store), lambda _: False, progress)

    assert failed == []
    assert set(remote.presence(DIGESTS).values()) == {True}
    assert progress.total == progress.done == sum(digest.size for digest in DIGESTS)


def test_the_failures_of_some_are_all_named_and_the_others_come(shelf: Asked, empty: ObjectStore) -> None:
    bad = DIGESTS[3:6]
    for digest in bad:
        damage(shelf, digest)

    with pytest.raises(IntegrityError) as failure:
        take(empty, [shelf])

    assert all(digest.sha256[:7] in failure.value.message for digest in bad)
    assert {digest for digest in DIGESTS if empty.has(digest)} == set(DIGESTS) - set(bad)


def test_what_one_remote_lacks_or_has_damaged_comes_from_the_next(
    shelf: Asked, empty: ObjectStore, tmp_path: Path, store: ObjectStore
) -> None:
    damage(shelf, DIGESTS[0])
    (Path(shelf.url) / object_name(DIGESTS[1].sha256)).unlink()
    second = Asked("second", tmp_path / "second")
    for digest in DIGESTS[:2]:
        second.upload(digest, store.path(digest))

    take(empty, [shelf, second])

    assert all(empty.check(digest) for digest in DIGESTS)
    assert sorted(second.downloads) == sorted(digest.sha256 for digest in DIGESTS[:2])


def test_a_remote_out_of_reach_is_asked_once_and_the_next_gives_all(
    shelf: Asked, empty: ObjectStore, tmp_path: Path
) -> None:
    away = Asked("away", tmp_path / "not" / "mounted")

    take(empty, [away, shelf])

    assert len(away.downloads) == 1
    assert all(empty.check(digest) for digest in DIGESTS)


def test_with_no_remote_in_reach_one_reason_is_given_once(empty: ObjectStore, tmp_path: Path) -> None:
    away = Asked("away", tmp_path / "not" / "mounted")

    with pytest.raises(RemoteError) as failure:
        take(empty, [away])

    assert len(away.downloads) == 1
    assert failure.value.message.count("away (") == 1
    assert "not" in failure.value.message


def test_a_damaged_file_is_not_sent_unless_it_was_healed(store: ObjectStore, tmp_path: Path) -> None:
    remote = FolderRemote("new", tmp_path / "new")
    for number in (0, 1):
        os.chmod(store.path(DIGESTS[number]), 0o644)
        store.path(DIGESTS[number]).write_bytes(b"!")

    def heal(parcel: Parcel) -> bool:
        if parcel.digest != DIGESTS[0]:
            return False
        store.put(parcel.digest, CONTENTS[0])
        return True

    failed = deliver(remote, PARCELS, whole_of(store), heal)

    assert [(parcel.digest, type(error)) for parcel, error in failed] == [(DIGESTS[1], IntegrityError)]
    there = remote.presence(DIGESTS)
    assert [digest for digest in DIGESTS if not there[digest.sha256]] == [DIGESTS[1]]
    sent = Path(remote.url) / object_name(DIGESTS[0].sha256)
    assert hashlib.sha256(sent.read_bytes()).hexdigest() == DIGESTS[0].sha256
