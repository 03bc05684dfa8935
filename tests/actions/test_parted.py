"""A remote seen as files: there by their parts or whole, and gone only when nothing else needs those."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

from mlvgit.actions.parted import EXTENTS, Parted
from mlvgit.core.digest import Digest
from mlvgit.errors import RemoteError
from mlvgit.remotes.folder import FolderRemote
from mlvgit.store.objects import ObjectStore
from mlvgit.store.scan import scan

OLD = random.Random(1).randbytes(1 << 20)
NEW = OLD[:400_000] + b"new" + OLD[400_000:]


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "objects")


@pytest.fixture
def small(store: ObjectStore, tmp_path: Path) -> list[Digest]:
    return take(store, tmp_path / "small", {f"{index:02}": b"%d\n" % index * 99 for index in range(20)})


@pytest.fixture
def versions(store: ObjectStore, tmp_path: Path) -> list[Digest]:
    first = take(store, tmp_path / "one", {"f": OLD})
    return [*first, *take(store, tmp_path / "two", {"f": NEW}, {"f": first[0]})]


def take(
    store: ObjectStore, folder: Path, files: dict[str, bytes], base: dict[str, Digest] | None = None
) -> list[Digest]:
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return store.take(scan(folder), base=base)


def a_remote(tmp_path: Path, who: str = "ada") -> Parted:
    return Parted(FolderRemote("shelf", tmp_path / "shelf"), tmp_path / f"copies of {who}")


def send(remote: Parted, store: ObjectStore, files: list[Digest]) -> int:
    whole, objects, lists = remote.lacking(store, files)
    for each in (*whole, *objects):
        with store.whole(each) as path:
            remote.upload(each, path)
    for each in lists:
        remote.upload(each, store.lists.path(each.sha256), EXTENTS)
    return len([*whole, *objects, *lists])


def there(remote: Parted, files: list[Digest]) -> list[bool | None]:
    said = remote.presence(files)
    return [said[each.sha256] for each in files]


def test_files_are_there_when_all_their_parts_are(
    store: ObjectStore, small: list[Digest], versions: list[Digest], tmp_path: Path
) -> None:
    remote = a_remote(tmp_path)
    assert there(remote, small) == [False] * 20

    assert send(remote, store, small) == 2
    assert send(remote, store, versions) == 3
    assert send(remote, store, [*small, *versions]) == 0

    for each in (remote, a_remote(tmp_path, "carol")):
        assert there(each, [*small, *versions]) == [True] * 22
    remote.plain.delete(versions[0])
    assert there(a_remote(tmp_path, "dora"), versions) == [False, False]


def test_a_file_in_parts_is_read_as_a_whole(store: ObjectStore, versions: list[Digest], tmp_path: Path) -> None:
    remote = a_remote(tmp_path)
    send(remote, store, versions)

    with remote.download(versions[1]) as reader:
        assert b"".join(iter(lambda: reader.read(1 << 16), b"")) == NEW


def test_what_is_let_go_takes_along_only_what_nothing_else_needs(
    store: ObjectStore, small: list[Digest], versions: list[Digest], tmp_path: Path
) -> None:
    remote = a_remote(tmp_path)
    send(remote, store, [*small, *versions])
    assert set(remote.names()) == {*small, versions[1]}

    remote.discard([*small[:10], versions[0]], {versions[1].sha256, *(each.sha256 for each in small[10:])})

    late = a_remote(tmp_path, "carol")
    assert there(late, small) == [False] * 10 + [True] * 10
    assert there(late, versions) == [True, True]  # the first is what the second is made of
    late.discard([*small[10:], versions[1]], {versions[0].sha256})
    assert list((tmp_path / "shelf").glob("extents/*/*")) == []
    assert set(a_remote(tmp_path, "dora").names()) == {versions[0]}
    with late.plain.download(versions[0]) as reader:
        assert reader.read(1 << 21) == OLD


def test_nothing_is_let_go_while_a_list_cannot_be_read(store: ObjectStore, small: list[Digest], tmp_path: Path) -> None:
    remote = a_remote(tmp_path)
    send(remote, store, small)
    newer = b"mlv-extents 2\nsomething else\n"
    strange = Digest(len(newer), hashlib.sha256(newer).hexdigest())
    (tmp_path / "newer").write_bytes(newer)
    remote.plain.upload(strange, tmp_path / "newer", EXTENTS)

    late = a_remote(tmp_path, "carol")

    assert there(late, small) == [True] * 20
    with pytest.raises(RemoteError, match="newer"):
        late.discard(small)
    assert there(late, small) == [True] * 20
