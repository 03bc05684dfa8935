"""The store: complete objects under the name of their bytes, damaged ones set aside, nothing believed."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlvgit.core.digest import Digest, object_name
from mlvgit.errors import IntegrityError, MachineError
from mlvgit.store.objects import ObjectStore
from mlvgit.store.scan import scan
from tests.conftest import ROOT


def digest_of(data: bytes) -> Digest:
    return Digest(len(data), hashlib.sha256(data).hexdigest())


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "objects")


def sources(folder: Path, **files: bytes) -> list:
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return list(scan(folder))


def test_what_is_taken_in_stands_under_its_sha256_and_comes_back(store: ObjectStore, tmp_path: Path) -> None:
    files = sources(tmp_path / "in", a=b"alpha", b=b"", c=b"x" * 3_000_000)

    digests = store.take(files)

    assert digests == [digest_of(b"alpha"), digest_of(b""), digest_of(b"x" * 3_000_000)]
    assert sorted(store) == sorted(digests)
    for digest in digests:
        assert store.has(digest)
        store.place(digest, tmp_path / "out", f"{digest.size}.bin")
    assert (tmp_path / "out" / "3000000.bin").read_bytes() == b"x" * 3_000_000
    assert os.listdir(store.folder / "incoming") == []


def test_the_name_of_an_object_is_its_sha256_in_two_parts() -> None:
    assert object_name("ab" + "c" * 62) == "sha256/ab/" + "c" * 62


def test_bytes_that_are_not_what_they_are_called_never_get_the_name(store: ObjectStore) -> None:
    wanted = digest_of(b"right")

    with pytest.raises(IntegrityError):
        store.put(wanted, io.BytesIO(b"wrong"))

    assert not store.has(wanted)
    assert list(store) == []


@pytest.mark.parametrize("damage", [b"alphA", b"", b"alpha and more"], ids=["flipped", "empty", "longer"])
def test_a_damaged_object_is_refused_by_name_and_kept_in_quarantine(
    store: ObjectStore, tmp_path: Path, damage: bytes
) -> None:
    (digest,) = store.take(sources(tmp_path / "in", a=b"alpha"))
    path = store.path(digest)
    path.chmod(0o644)
    path.write_bytes(damage)

    with pytest.raises(IntegrityError):
        store.place(digest, tmp_path / "out", "a")

    assert not (tmp_path / "out" / "a").exists()
    assert not store.has(digest)
    assert [kept.read_bytes() for kept in (store.folder / "quarantine").iterdir()] == [damage]


def test_taking_the_same_bytes_in_again_heals_a_damaged_object(store: ObjectStore, tmp_path: Path) -> None:
    files = sources(tmp_path / "in", a=b"alpha")
    (digest,) = store.take(files)
    store.path(digest).chmod(0o644)
    store.path(digest).write_bytes(b"alphA")

    store.take(files)

    assert store.check(digest)


def test_a_removed_object_is_gone_and_the_others_stay(store: ObjectStore, tmp_path: Path) -> None:
    one, other = store.take(sources(tmp_path / "in", a=b"alpha", b=b"beta"))

    store.remove(one)
    store.remove(one)

    assert list(store) == [other]
    assert store.check(other)


def test_a_link_in_the_place_of_an_object_is_not_followed(store: ObjectStore, tmp_path: Path) -> None:
    digest = digest_of(b"secret")
    (tmp_path / "secret").write_bytes(b"secret")
    store.path(digest).parent.mkdir(parents=True)
    store.path(digest).symlink_to(tmp_path / "secret")

    assert not store.has(digest)
    with pytest.raises(IntegrityError):
        store.place(digest, tmp_path / "out", "a")
    assert (tmp_path / "secret").read_bytes() == b"secret"


def test_an_edit_of_the_workspace_leaves_the_object_alone(store: ObjectStore, tmp_path: Path) -> None:
    (digest,) = store.take(sources(tmp_path / "in", a=b"alpha"))
    store.place(digest, tmp_path / "out", "a")
    placed = tmp_path / "out" / "a"

    assert placed.stat().st_mode & 0o222 == 0
    placed.chmod(0o644)
    placed.write_bytes(b"other")

    assert store.check(digest)


def test_sixteen_that_take_in_the_same_bytes_leave_one_whole_object(store: ObjectStore, tmp_path: Path) -> None:
    files = sources(tmp_path / "in", a=b"alpha" * 100_000)

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: store.take(files), range(16)))

    assert {tuple(each) for each in found} == {(digest_of(b"alpha" * 100_000),)}
    assert store.check(found[0][0])
    assert len(list(store)) == 1


TAKE = """
import sys
from pathlib import Path
from mlvgit.core.digest import Digest
from mlvgit.store import atomic
from mlvgit.store.objects import ObjectStore
from mlvgit.store.scan import scan
import os
left = int(sys.argv[3])
def failing(call):
    def wrapped(*args, **more):
        global left
        left -= 1
        if left == 0:
            if sys.argv[4] == "kill":
                os.kill(os.getpid(), 9)
            raise OSError(int(sys.argv[4]), "injected")
        return call(*args, **more)
    return wrapped
for name in ("write", "rename", "fsync", "mkdir"):
    setattr(os, name, failing(getattr(os, name)))
base = {"c": Digest(int(sys.argv[6]), sys.argv[5])} if len(sys.argv) > 5 else {}
ObjectStore(Path(sys.argv[1])).take(list(scan(Path(sys.argv[2]))), base=base)
"""


BEFORE = bytes(range(256)) * 3000
KINDS = {
    "objects": {"a": b"alpha", "b": b"beta" * 1000},
    "packs": {f"{number:02}": b"%d" % number * 1000 for number in range(10)},
    "new-version": {"c": BEFORE + b"more" * 300_000},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["kill", "28", "5"], ids=["killed", "disk-full", "input-output-error"])
def test_a_fault_at_any_call_leaves_no_wrong_object_and_the_same_again_succeeds(
    tmp_path: Path, fault: str, kind: str
) -> None:
    files = sources(tmp_path / "in", **KINDS[kind])
    wanted = {digest_of(data) for data in KINDS[kind].values()}
    first = digest_of(BEFORE)
    more = [first.sha256, str(first.size)] if kind == "new-version" else []
    for number in range(1, 60):
        store = ObjectStore(tmp_path / f"objects-{number}")
        if more:
            store.put(first, BEFORE)
        done = subprocess.run(
            [sys.executable, "-c", TAKE, store.folder, tmp_path / "in", str(number), fault, *more],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert all(store.check(found) for found in list(store)), (number, done.stderr)
        assert not store.quarantine.exists()
        assert not store.lists.unreadable
        assert store.has(first) or not more
        if done.returncode == 0:
            assert number > 5
            assert wanted <= set(store)
            return
        assert "injected" in done.stderr or fault == "kill", done.stderr
        store.take(files, base={"c": first} if more else None)
        assert wanted <= set(store)
        assert all(map(store.check, wanted))
    pytest.fail("faults never ran out")


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "objects").write_bytes(b"a file in the way")

    with pytest.raises(MachineError, match="objects"):
        ObjectStore(tmp_path / "objects").take(sources(tmp_path / "in", a=b"alpha"))
