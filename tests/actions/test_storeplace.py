"""The store that `git config mlv.store` names: another disk, shared by repositories and users, never made by mistake."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlvgit.actions.storeplace import open_store, refuse_if_shared, store_users
from mlvgit.errors import RefusedError
from mlvgit.repo.repository import Repository
from mlvgit.store.objects import ObjectStore
from mlvgit.store.scan import scan
from tests.conftest import Playground, Sandbox

DATA = b"pixels" * 50_000
FROZEN = "data/snapshots/scans_v0.1/raw.bin"
NOBODY = 65534
GROUP = 65533


def object_of(folder: Path, data: bytes) -> Path:
    name = hashlib.sha256(data).hexdigest()
    return folder / "sha256" / name[:2] / name[2:]


def freeze(repo: Sandbox, version: str = "v0.1", data: bytes = DATA) -> None:
    repo.write("raw.bin", data)
    repo.mlv("snapshot", "create", "scans", version, "raw.bin", "--storage", "store", "-m", "Freeze scans")


@pytest.fixture
def elsewhere(playground: Playground) -> Path:
    return playground.folder / "disk" / "store"


@pytest.fixture
def repo(playground: Playground, elsewhere: Path) -> Sandbox:
    """A repository whose store is to be on another disk."""
    elsewhere.parent.mkdir()
    made = playground.init()
    made.config("mlv.store", str(elsewhere))
    return made


def test_a_configured_store_gets_the_bytes_and_gives_them_back(repo: Sandbox, elsewhere: Path) -> None:
    freeze(repo)

    assert object_of(elsewhere, DATA).read_bytes() == DATA
    assert not (repo / ".git/mlv/objects").exists()
    shutil.rmtree(repo / "data/snapshots/scans_v0.1")
    repo.mlv("restore", "scans@v0.1")
    assert repo.read(FROZEN) == DATA


def test_a_path_in_the_home_folder_may_be_written_with_a_tilde(playground: Playground) -> None:
    repo = playground.init()
    repo.config("mlv.store", "~/store")

    freeze(repo)

    assert object_of(playground.home / "store", DATA).exists()


def test_a_relative_path_is_refused(repo: Sandbox) -> None:
    repo.config("mlv.store", "store")
    repo.write("raw.bin", DATA)

    refused = repo.mlv("snapshot", "create", "scans", "v0.1", "raw.bin", "--storage", "store", check=False)

    assert refused.status == 2
    assert "mlv.store" in refused.said


def test_a_disk_that_is_not_mounted_is_an_error_that_names_the_setting_and_code_is_committed_all_the_same(
    repo: Sandbox, elsewhere: Path
) -> None:
    freeze(repo)
    elsewhere.parent.rename(elsewhere.parent.with_name("unmounted"))
    elsewhere.parent.mkdir()
    shutil.rmtree(repo / "data/snapshots/scans_v0.1")

    refused = repo.mlv("restore", "scans@v0.1", check=False)

    assert refused.status == 3
    assert "git config mlv.store" in refused.said
    assert not elsewhere.exists()
    doctor = repo.mlv("doctor", check=False)
    assert "is not there" in doctor.said
    repo.commit_files("Code", train=b"print()\n")
    elsewhere.parent.rmdir()
    elsewhere.parent.with_name("unmounted").rename(elsewhere.parent)
    repo.mlv("restore", "scans@v0.1")


def test_a_store_whose_parent_is_missing_is_never_made(repo: Sandbox, elsewhere: Path) -> None:
    elsewhere.parent.rmdir()
    repo.write("raw.bin", DATA)

    refused = repo.mlv("snapshot", "create", "scans", "v0.1", "raw.bin", "--storage", "store", check=False)

    assert refused.status == 3
    assert "git config mlv.store" in refused.said
    assert not elsewhere.parent.exists()


def test_the_empty_folder_under_an_unmounted_disk_is_not_taken_for_the_store(repo: Sandbox, elsewhere: Path) -> None:
    freeze(repo)
    elsewhere.rename(elsewhere.with_name("unmounted"))
    elsewhere.mkdir()
    repo.write("raw.bin", DATA + b"more")

    refused = repo.mlv("snapshot", "create", "scans", "v0.2", "raw.bin", "--storage", "store", check=False)

    assert refused.status == 3
    assert os.listdir(elsewhere) == []


def test_a_folder_with_other_things_is_no_store(repo: Sandbox, elsewhere: Path) -> None:
    elsewhere.mkdir()
    (elsewhere / "holiday.jpg").write_bytes(b"sun")
    repo.write("raw.bin", DATA)

    refused = repo.mlv("snapshot", "create", "scans", "v0.1", "raw.bin", "--storage", "store", check=False)

    assert refused.status == 2
    assert os.listdir(elsewhere) == ["holiday.jpg"]


def test_objects_of_the_repositorys_own_store_are_moved_by_fsck_and_not_forgotten(
    playground: Playground, elsewhere: Path
) -> None:
    repo = playground.init()
    freeze(repo)
    for number in range(20):
        repo.write(f"small/{number}", f"file {number}")
    repo.mlv("snapshot", "create", "small", "v0.1", "small", "--storage", "store", "-m", "Freeze small files")
    elsewhere.parent.mkdir()
    repo.config("mlv.store", str(elsewhere))
    shutil.rmtree(repo / "data/snapshots/scans_v0.1")
    shutil.rmtree(repo / "data/snapshots/small_v0.1")

    refused = repo.mlv("restore", "scans@v0.1", check=False)

    assert refused.status == 3
    assert "git mlv fsck" in refused.said
    assert "moved" in repo.mlv("fsck").said
    repo.mlv("restore", "small@v0.1")
    assert repo.read("data/snapshots/small_v0.1/7") == b"file 7"
    assert not object_of(repo / ".git/mlv/objects", DATA).exists()
    repo.mlv("restore", "scans@v0.1")
    assert repo.read(FROZEN) == DATA


def test_two_repositories_share_an_object_and_know_of_each_other(
    playground: Playground, repo: Sandbox, elsewhere: Path
) -> None:
    freeze(repo)
    refuse_if_shared(Repository.open(repo.path), "git mlv gc")
    other = playground.init("other")
    other.config("mlv.store", str(elsewhere))
    freeze(other)

    assert [digest.size for digest in ObjectStore(elsewhere)] == [len(DATA)]
    users = store_users(elsewhere)
    assert {user.common_dir for user in users} == {repo / ".git", other / ".git"}
    assert all(user.known for user in users)
    with pytest.raises(RefusedError, match="other"):
        refuse_if_shared(Repository.open(repo.path), "git mlv gc")
    assert "shared with 1 more" in repo.mlv("doctor", check=False).said


def test_who_names_the_own_store_of_another_repository_is_known_to_it(playground: Playground) -> None:
    owner = playground.init("owner")
    freeze(owner)
    guest = playground.init("guest")
    guest.config("mlv.store", str(owner / ".git/mlv/objects"))
    freeze(guest)

    for repo in (owner, guest):
        with pytest.raises(RefusedError):
            refuse_if_shared(Repository.open(repo.path), "git mlv gc")


def test_a_repository_that_moved_is_one_user_and_its_copy_another(
    playground: Playground, repo: Sandbox, elsewhere: Path
) -> None:
    freeze(repo)
    moved = Sandbox(playground, playground.folder / "moved")
    repo.path.rename(moved.path)
    open_store(Repository.open(moved.path))
    assert [user.common_dir for user in store_users(elsewhere)] == [moved / ".git"]
    shutil.copytree(moved.path, playground.folder / "copy", symlinks=True)

    open_store(Repository.open(playground.folder / "copy"))
    open_store(Repository.open(moved.path))

    assert [user.common_dir for user in store_users(elsewhere)] == [playground.folder / "copy/.git", moved / ".git"]


def test_a_user_that_is_gone_is_not_taken_for_nobody(playground: Playground, repo: Sandbox, elsewhere: Path) -> None:
    freeze(repo)
    other = playground.init("other")
    other.config("mlv.store", str(elsewhere))
    open_store(Repository.open(other.path))
    shutil.rmtree(other.path)

    with pytest.raises(RefusedError) as refused:
        refuse_if_shared(Repository.open(repo.path), "git mlv gc")

    assert f"rm {elsewhere / 'users'}" in refused.value.hint


@contextmanager
def acting_as(user: int, group: int, mask: int) -> Iterator[None]:
    before = os.umask(mask)
    os.setegid(group)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.umask(before)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may act as two users")
def test_two_users_of_a_group_write_one_store_whatever_their_umask() -> None:
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        folder = Path(name) / "store"
        folder.mkdir()
        os.chown(folder, 0, GROUP)
        folder.chmod(0o2775)
        for user, text in ((NOBODY, b"first"), (NOBODY - 2, b"second"), (NOBODY, b"second")):
            with acting_as(user, GROUP, 0o077), tempfile.TemporaryDirectory() as inside:
                (Path(inside) / "a").write_bytes(text)
                store = ObjectStore(folder)
                (digest,) = store.take(list(scan(Path(inside))))
                assert store.check(digest)
        with acting_as(NOBODY - 3, GROUP, 0o077):
            assert len(list(ObjectStore(folder))) == 2
            assert all(ObjectStore(folder).check(digest) for digest in list(ObjectStore(folder)))
        assert (folder / "sha256").stat().st_mode & 0o7777 == 0o2775


def test_a_repository_that_is_shared_makes_a_store_that_is(playground: Playground, elsewhere: Path) -> None:
    repo = playground.init("repo", "--shared=group")
    elsewhere.parent.mkdir()
    freeze(repo)
    repo.config("mlv.store", str(elsewhere))
    repo.mlv("fsck")

    for folder in (elsewhere, elsewhere / "sha256", elsewhere / "users", repo / ".git/mlv"):
        assert folder.stat().st_mode & (stat.S_ISGID | 0o070) == stat.S_ISGID | 0o070, folder
    assert (repo / ".git/mlv/lock").stat().st_mode & 0o060 == 0o060
    assert object_of(elsewhere, DATA).stat().st_mode & 0o777 == 0o444


def test_a_store_that_is_not_shared_follows_the_umask(repo: Sandbox, elsewhere: Path) -> None:
    freeze(repo)

    assert elsewhere.stat().st_mode & (stat.S_ISGID | 0o022) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder away")
def test_a_store_of_somebody_else_that_others_write_in_is_said(repo: Sandbox, elsewhere: Path) -> None:
    freeze(repo)
    os.chown(elsewhere, NOBODY, GROUP)
    elsewhere.chmod(0o2777)

    assert "everybody can write in it" in repo.mlv("fsck").said
    assert "everybody can write in it" in repo.mlv("doctor", check=False).said
