"""Hashing where data lies holds what it reads against what it listed, on any executor."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mlvgit.actions.executors import executor
from mlvgit.actions.inventory import Target, _hash_there, make
from mlvgit.core.digest import of_bytes
from mlvgit.errors import IntegrityError, MachineError, RemoteError, UsageError
from mlvgit.remotes.base import ObjectStat
from mlvgit.remotes.sources import SourceObject, without_markers
from mlvgit.store.scan import scan
from tests.contracts.servers import (
    ACCOUNT,
    ACCOUNT_KEY,
    BUCKET,
    CONTAINER,
    KEY,
    SECRET,
    azurite,
    free_ports,
    need_azurite,
    seaweedfs,
)

DATA = {"a.bin": b"a" * 3_000_000, "b/c.bin": b"c" * 10}


class Meddling(ThreadPoolExecutor):
    """An executor during whose work somebody else does something: before a task, or after it."""

    def __init__(self, before: Callable[[], object] = lambda: None, after: Callable[[], object] = lambda: None) -> None:
        super().__init__(2)
        self._before = before
        self._after = after

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self._before()
        future = super().submit(fn, *args, **kwargs)
        future.exception()
        self._after()
        return future


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with seaweedfs(tmp_path_factory.mktemp("s3")) as address:
        yield address


@pytest.fixture
def store(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A bucket with the data below a prefix of its own."""
    import obstore
    from obstore.store import S3Store

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    opened = S3Store(
        BUCKET,
        prefix=tmp_path.name,
        endpoint=endpoint,
        region="us-east-1",
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )
    for name, data in DATA.items():
        obstore.put(opened, name, data)
    return opened


@pytest.fixture
def url(store: Any, tmp_path: Path) -> str:
    return f"s3://{BUCKET}/{tmp_path.name}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in DATA.items():
        (tmp_path / "lake" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "lake" / name).write_bytes(data)
    return tmp_path / "lake"


def test_an_object_that_is_written_anew_before_it_is_read_is_an_error(url: str, endpoint: str, store: Any) -> None:
    import obstore

    with (
        Meddling(before=lambda: obstore.put(store, "a.bin", b"b" * 3_000_000)) as pool,
        pytest.raises(IntegrityError, match=r"a\.bin changed since it was listed"),
    ):
        make(url, endpoint=endpoint, executor=pool)


def test_an_object_that_is_removed_before_it_is_read_is_an_error(url: str, endpoint: str, store: Any) -> None:
    import obstore

    with (
        Meddling(before=lambda: obstore.delete(store, "a.bin")) as pool,
        pytest.raises(IntegrityError, match=r"a\.bin was removed since it was listed"),
    ):
        make(url, endpoint=endpoint, executor=pool)


@pytest.mark.parametrize("name", ["a.bin", "new.bin"])
def test_what_comes_or_changes_after_it_was_hashed_is_an_error(url: str, endpoint: str, store: Any, name: str) -> None:
    import obstore

    with (
        Meddling(after=lambda: obstore.put(store, name, b"later")) as pool,
        pytest.raises(IntegrityError, match=rf"changed while it was hashed:\n  {name}"),
    ):
        make(url, endpoint=endpoint, executor=pool)


@pytest.mark.parametrize("name", ["a.bin", "new.bin"])
def test_a_folder_that_changes_after_it_was_hashed_is_an_error(folder: Path, name: str) -> None:
    with (
        Meddling(after=lambda: (folder / name).write_bytes(b"later")) as pool,
        pytest.raises(IntegrityError, match=rf"changed while it was hashed:\n  {name}"),
    ):
        make(str(folder), executor=pool)


def test_a_machine_that_numbers_its_disks_otherwise_sees_the_same_files(folder: Path) -> None:
    files = scan(folder)
    elsewhere = [file._replace(stat=file.stat._replace(dev=file.stat.dev + 7)) for file in files]

    assert _hash_there(elsewhere, None) == [of_bytes(data) for data in DATA.values()]
    (folder / "a.bin").write_bytes(b"b" * 3_000_000)
    changed, same = _hash_there(elsewhere, None)
    assert isinstance(changed, IntegrityError)
    assert same == of_bytes(DATA["b/c.bin"])


def test_a_bucket_that_does_not_answer_is_an_error_of_the_remote(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)

    with pytest.raises(RemoteError, match="does not list what it has"):
        make(f"s3://{BUCKET}/x", endpoint="http://127.0.0.1:9")


def test_a_target_that_cannot_be_asked_is_an_error_and_nothing_is_sent(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"no folder")

    with pytest.raises(RemoteError, match="does not say what it has"):
        make(str(folder), target=Target(str(tmp_path / "file" / "below")))


def test_a_target_that_is_none_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="is of no kind that is known"):
        make(str(folder), target=Target("ftp://host/x"))


def test_an_azure_container_is_a_source_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_azurite()
    import obstore
    from obstore.store import AzureStore

    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", f"AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY}")
    with azurite(tmp_path / "azure") as port:
        endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
        store = AzureStore(
            CONTAINER,
            account_name=ACCOUNT,
            account_key=ACCOUNT_KEY,
            endpoint=endpoint,
            client_options={"allow_http": True},
        )
        for name, data in DATA.items():
            obstore.put(store, f"raw/{name}", data)

        made = make(f"az://{CONTAINER}/raw", endpoint=endpoint)

    assert made.inventory.digests() == {name: of_bytes(data) for name, data in DATA.items()}


def test_what_a_console_makes_of_a_folder_is_no_file() -> None:
    def listed(name: str, size: int) -> SourceObject:
        return SourceObject(name, ObjectStat(size, "tag"))

    objects = [listed("a", 0), listed("a/b", 0), listed("a/b/c.csv", 5), listed("empty.csv", 0), listed("x", 3)]

    assert [each.relative for each in without_markers(objects)] == ["a/b/c.csv", "empty.csv", "x"]


def test_a_cluster_without_its_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)

    with pytest.raises(MachineError, match="needs distributed") as caught, executor("dask:tcp://127.0.0.1:1"):
        pass

    assert caught.value.hint == "pip install 'mlvgit[dask]'"


def test_a_process_that_dies_is_an_error_that_says_what_to_do() -> None:
    def die() -> None:
        with executor("processes") as pool:
            assert pool is not None
            pool.submit(os._exit, 1).result()

    with pytest.raises(MachineError, match="processes broke down") as caught:
        die()

    assert "--executor threads" in caught.value.hint


def test_a_scheduler_that_is_not_there_is_waited_for_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlvgit.actions.executors.SECONDS", 1)
    (port,) = free_ports(1)

    with pytest.raises(MachineError, match="no Dask scheduler answers"), executor(f"dask:tcp://127.0.0.1:{port}"):
        pass
