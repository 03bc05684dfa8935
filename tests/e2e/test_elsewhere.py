"""Data that lies elsewhere: hashed in a job, in a folder or a bucket, and committed in a clone that has none of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mlvgit.core.digest import of_bytes, tree_sha256
from mlvgit.records.inventory import Inventory
from tests.conftest import SCRIPTS, Playground, Ran, Sandbox
from tests.contracts.faults import proxy
from tests.contracts.servers import BUCKET, KEY, SECRET, fake_gcs, free_ports, seaweedfs

FILES = {
    "train/a.csv": b"a,b\n1,2\n" * 1000,
    "train/b b+c%20é.csv": b"",
    "big.bin": bytes(range(256)) * 20_000,
    "copy.bin": bytes(range(256)) * 20_000,
}
TREE = tree_sha256((name, of_bytes(data).sha256) for name, data in FILES.items())
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_METADATA_ENDPOINT": "http://127.0.0.1:1",
}


@pytest.fixture
def lake(playground: Playground) -> Path:
    """A folder with data, in no repository."""
    folder = playground.folder / "lake"
    for name, data in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def shelf(playground: Playground) -> Path:
    return playground.folder / "shelf"


@pytest.fixture
def ada(playground: Playground, shelf: Path) -> Sandbox:
    """A clone with guards, whose remote of bytes is the shelf."""
    repo = playground.init("ada")
    repo.mlv("init")
    repo.mlv("remote", "add", "shelf", str(shelf))
    repo.commit("Set up")
    repo.server()
    return repo


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with seaweedfs(tmp_path_factory.mktemp("s3")) as address:
        yield address


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Dask cluster of two workers on this machine, which have the bucket's credentials; gives its address."""
    with dask_cluster(tmp_path_factory.mktemp("dask")) as address:
        yield address


@contextmanager
def dask_cluster(folder: Path) -> Iterator[str]:
    (port,) = free_ports(1)
    address = f"tcp://127.0.0.1:{port}"
    dask = str(SCRIPTS / "dask")
    env = os.environ | CREDENTIALS
    commands = [[dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]]
    worker = [dask, "worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", "--no-nanny"]
    commands += [[*worker, "--local-directory", str(folder)]] * 2
    running = []
    with (folder / "log").open("wb") as log:
        try:
            for command in commands:
                running.append(subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log))
            yield address
        finally:
            for process in running:
                process.kill()
                process.wait()


def job(playground: Playground, *args: str | Path, check: bool = True, **more: str) -> Ran:
    """Run `git-mlv manifest` where there is no repository, and no Git on the path."""
    folder = playground.folder / "job"
    folder.mkdir(exist_ok=True)
    program = SCRIPTS / "git-mlv"
    return playground.run(str(program), "manifest", *args, cwd=folder, check=check, PATH=str(folder), **more)


def written(playground: Playground, name: str = "lake.json") -> Inventory:
    return Inventory.parse((playground.folder / "job" / name).read_bytes(), name)


def objects(shelf: Path) -> dict[str, bytes]:
    return {path.parent.name + path.name: path.read_bytes() for path in (shelf / "sha256").rglob("*") if path.is_file()}


def test_a_folder_is_hashed_where_it_lies_with_no_repository_and_no_git(playground: Playground, lake: Path) -> None:
    said = json.loads(job(playground, lake, "-o", "lake.json", "--json").out)

    found = written(playground)
    assert found.digests() == {name: of_bytes(data) for name, data in FILES.items()}
    assert (found.source, found.tree_sha256) == (str(lake), TREE)
    assert (said["file_count"], said["total_bytes"]) == (4, sum(map(len, FILES.values())))
    assert (said["tree_sha256"], said["to"], said["sent_objects"]) == (TREE, "", 0)


def test_what_was_hashed_and_brought_to_a_remote_is_committed_in_a_clone_without_its_bytes(
    playground: Playground, lake: Path, shelf: Path, ada: Sandbox
) -> None:
    job(playground, lake, "-o", "lake.json", "--to", str(shelf))

    ada.mlv("snapshot", "create", "scans", "v0.1", "--manifest", playground.folder / "job/lake.json", "-m", "Freeze")

    assert not (ada / "data/snapshots/scans_v0.1").exists()
    assert list((ada / ".git/mlv").rglob("objects/*/*")) == []
    manifest = json.loads(ada.read("data/snapshots/scans_v0.1.manifest.json"))
    assert (manifest["tree_sha256"], manifest["storage"], manifest["source"]) == (TREE, "store", str(lake))
    assert ada.git("status", "--porcelain").out == ""
    assert ada.mlv("check", "--all", "--remote").out.strip() == "no findings"
    ada.push("origin", "main")
    clone = ada.clone("bob")
    clone.mlv("pull", "scans@v0.1")
    assert {name: clone.read(f"data/snapshots/scans_v0.1/{name}") for name in FILES} == FILES
    ada.mlv("pull", "scans@v0.1")
    ada.mlv("verify", "scans@v0.1")


def test_what_a_remote_has_is_not_sent_again(playground: Playground, lake: Path, shelf: Path) -> None:
    first = json.loads(job(playground, lake, "-o", "lake.json", "--to", str(shelf), "--json").out)
    stamps = {path: path.stat().st_mtime_ns for path in shelf.rglob("*") if path.is_file()}
    (lake / "new.bin").write_bytes(b"new")

    second = json.loads(job(playground, lake, "-o", "lake.json", "--to", str(shelf), "--json").out)

    assert (first["sent_objects"], second["sent_objects"], second["sent_bytes"]) == (3, 1, 3)
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    assert len(objects(shelf)) == 4


def test_what_no_remote_has_is_refused_by_name_and_nothing_is_written(
    playground: Playground, lake: Path, shelf: Path, ada: Sandbox
) -> None:
    job(playground, lake, "-o", "lake.json", "--to", str(shelf))
    digest = of_bytes(FILES["train/a.csv"]).sha256
    (shelf / "sha256" / digest[:2] / digest[2:]).unlink()

    refused = ada.mlv("snapshot", "create", "scans", "v0.1", "--manifest", "../job/lake.json", check=False)

    assert refused.status == 1
    assert "shelf lacks the bytes of 1 file (7.8 KiB):" in refused.err
    assert "train/a.csv" in refused.err
    assert f"git mlv manifest SOURCE -o FILE --to {shelf}" in refused.err
    assert ada.git("status", "--porcelain").out == ""
    assert [path.name for path in (ada / "data").rglob("*") if path.name.startswith((".mlv", "scans"))] == []


def test_an_object_of_another_size_is_not_taken_for_the_bytes(
    playground: Playground, lake: Path, shelf: Path, ada: Sandbox
) -> None:
    job(playground, lake, "-o", "lake.json", "--to", str(shelf))
    digest = of_bytes(FILES["train/a.csv"]).sha256
    place = shelf / "sha256" / digest[:2] / digest[2:]
    place.chmod(0o644)
    place.write_bytes(b"short")

    refused = ada.mlv("snapshot", "create", "scans", "v0.1", "--manifest", "../job/lake.json", check=False)

    assert refused.status == 1
    assert "train/a.csv" in refused.err


def test_unknown_is_not_taken_for_there(playground: Playground, lake: Path, shelf: Path, ada: Sandbox) -> None:
    job(playground, lake, "-o", "lake.json")
    shelf.write_bytes(b"no folder")

    refused = ada.mlv("snapshot", "create", "scans", "v0.1", "--manifest", "../job/lake.json", check=False)

    assert refused.status == 4
    assert "it cannot be known whether shelf has the bytes of 4 files" in refused.err
    assert ada.git("status", "--porcelain").out == ""


def test_without_a_remote_it_says_how_to_name_one(playground: Playground, lake: Path, repo: Sandbox) -> None:
    repo.mlv("init")
    job(playground, lake, "-o", "lake.json")

    refused = repo.mlv("snapshot", "create", "scans", "v0.1", "--manifest", "../job/lake.json", check=False)

    assert refused.status == 2
    assert "git mlv remote add NAME URL -m" in refused.err


def test_the_same_again_does_nothing_and_other_bytes_need_another_version(
    playground: Playground, lake: Path, shelf: Path, ada: Sandbox
) -> None:
    job(playground, lake, "-o", "lake.json", "--to", str(shelf))
    ada.mlv("snapshot", "create", "scans", "v0.1", "--manifest", "../job/lake.json", "-m", "Freeze")
    (lake / "big.bin").write_bytes(b"other")
    job(playground, lake, "-o", "other.json", "--to", str(shelf))

    again = ada.mlv("snapshot", "create", "scans", "v0.1", "--manifest", "../job/lake.json")
    other = ada.mlv("snapshot", "create", "scans", "v0.1", "--manifest", "../job/other.json", check=False)

    assert "nothing to do" in again.out
    assert other.status == 1
    assert "is frozen with other bytes" in other.err
    ada.mlv("snapshot", "create", "scans", "--bump", "minor", "--manifest", "../job/other.json", "-m", "More")
    assert ada.mlv("snapshot", "list", "scans").out.count("scans@") == 2


def test_a_version_that_stands_here_gives_way_to_one_from_elsewhere_and_is_set_aside(
    playground: Playground, lake: Path, shelf: Path, ada: Sandbox
) -> None:
    job(playground, lake, "-o", "lake.json", "--to", str(shelf))
    ada.write("raw/x.bin", "here")
    ada.mlv("snapshot", "create", "scans", "v0.1", "raw", "--storage", "store", "-m", "Freeze")

    said = ada.mlv(
        "snapshot", "create", "scans", "v0.1", "--replace", "--manifest", "../job/lake.json", "-m", "Replace"
    )

    (aside,) = re.findall(r"what stood there is now in (\S+)", said.out)
    assert (Path(aside) / "x.bin").read_bytes() == b"here"
    assert not (ada / "data/snapshots/scans_v0.1").exists()
    assert ada.git("status", "--porcelain", "data").out == ""
    ada.mlv("pull", "scans@v0.1")
    assert ada.read("data/snapshots/scans_v0.1/big.bin") == FILES["big.bin"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("../lake",), "--manifest lists all files of the version"),
        (("--storage", "git"), "the bytes of what was hashed elsewhere are not here for Git"),
        (("--move",), "--move takes files in"),
    ],
)
def test_what_contradicts_a_manifest_is_refused(
    playground: Playground, lake: Path, ada: Sandbox, args: tuple[str, ...], said: str
) -> None:
    job(playground, lake, "-o", "lake.json")

    refused = ada.mlv("snapshot", "create", "scans", "v0.1", "--manifest", "../job/lake.json", *args, check=False)

    assert refused.status == 2
    assert said in refused.err


def test_a_model_that_was_hashed_elsewhere_has_its_metrics_in_git(
    playground: Playground, shelf: Path, ada: Sandbox
) -> None:
    weights = playground.folder / "weights"
    weights.mkdir()
    (weights / "model.bin").write_bytes(FILES["big.bin"])
    (weights / "metrics.json").write_text('{"f1": 0.94}\n')
    job(playground, weights, "-o", "weights.json", "--to", str(shelf))
    ada.write("params.json", '{"C": 1}\n')

    ada.mlv(
        "model", "add", "clf", "v0.1.0", "--manifest", "../job/weights.json", "--params", "params.json", "-m", "Add"
    )

    ada.assert_committed("models/clf/v0.1.0/metrics.json", '{"f1": 0.94}\n')
    ada.assert_committed("models/clf/v0.1.0/params.json", '{"C": 1}\n')
    assert not (ada / "models/clf/v0.1.0/model.bin").exists()
    assert json.loads(ada.mlv("model", "show", "clf@v0.1.0", "--json").out)["metrics"] == {"f1": 0.94}
    ada.write("train.py", "print()\n")
    ada.commit("Train")
    ada.push("origin", "main")
    ada.mlv("pull", "clf@v0.1.0")
    assert ada.read("models/clf/v0.1.0/model.bin") == FILES["big.bin"]
    ada.mlv("verify", "clf@v0.1.0")


def test_a_model_goes_on_where_a_killed_command_left_its_metrics(
    playground: Playground, shelf: Path, ada: Sandbox
) -> None:
    weights = playground.folder / "weights"
    weights.mkdir()
    (weights / "model.bin").write_bytes(FILES["big.bin"])
    (weights / "metrics.json").write_text('{"f1": 0.94}\n')
    job(playground, weights, "-o", "weights.json", "--to", str(shelf))
    args = ("model", "add", "clf", "v0.1.0", "--manifest", "../job/weights.json", "-m", "Add")
    ada.write("models/clf/v0.1.0/metrics.json", '{"f1": 0.99}\n')
    assert "has files that nothing has frozen" in ada.mlv(*args, check=False).err
    ada.write("models/clf/v0.1.0/metrics.json", '{"f1": 0.94}\n')

    ada.mlv(*args)

    ada.assert_committed("models/clf/v0.1.0/metrics.json", '{"f1": 0.94}\n')


def test_metrics_that_are_not_those_that_were_hashed_are_refused(
    playground: Playground, shelf: Path, ada: Sandbox
) -> None:
    weights = playground.folder / "weights"
    weights.mkdir()
    (weights / "metrics.json").write_text('{"f1": 0.94}\n')
    job(playground, weights, "-o", "weights.json", "--to", str(shelf))
    ada.write("metrics.json", '{"f1": 0.99}\n')

    refused = ada.mlv(
        "model", "add", "clf", "v0.1.0", "--manifest", "../job/weights.json", "--metrics", "metrics.json", check=False
    )

    assert refused.status == 2
    assert "metrics.json is not the one that was hashed" in refused.err


def test_a_list_that_somebody_edited_is_refused(playground: Playground, lake: Path, shelf: Path, ada: Sandbox) -> None:
    job(playground, lake, "-o", "lake.json", "--to", str(shelf))
    path = playground.folder / "job/lake.json"
    path.write_text(path.read_text().replace(of_bytes(FILES["train/a.csv"]).sha256, "ab" * 32))

    refused = ada.mlv("snapshot", "create", "scans", "v0.1", "--manifest", path, check=False)

    assert refused.status == 1
    assert "$.tree_sha256: says" in refused.err


def test_a_list_is_not_written_among_the_data(playground: Playground, lake: Path) -> None:
    refused = job(playground, lake, "-o", lake / "lake.json", check=False)

    assert refused.status == 2
    assert "would lie among the data" in refused.err


@pytest.mark.parametrize(
    ("source", "said"),
    [("ssh://b/x", "s3://, gs://, az:// are"), ("nowhere", "nowhere does not exist"), ("s3:///x", "names no bucket")],
)
def test_a_source_that_is_none_is_refused(playground: Playground, source: str, said: str) -> None:
    refused = job(playground, source, "-o", "x.json", check=False)

    assert refused.status == 2
    assert said in refused.err
    assert not (playground.folder / "job/x.json").exists()


# Buckets


def bucket_store(endpoint: str) -> Any:
    from obstore.store import S3Store

    return S3Store(
        BUCKET,
        endpoint=endpoint,
        access_key_id=KEY,
        secret_access_key=SECRET,
        region="us-east-1",
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )


@pytest.fixture
def bucket(endpoint: str, playground: Playground) -> str:
    """The same data in a bucket; gives the URL."""
    import obstore

    for name, data in FILES.items():
        obstore.put(bucket_store(endpoint), f"{playground.folder.name}/raw/{name}", data)
    return f"s3://{BUCKET}/{playground.folder.name}/raw"


def test_a_bucket_is_hashed_as_it_streams_and_gives_the_identity_of_the_folder(
    playground: Playground, bucket: str, endpoint: str
) -> None:
    job(playground, bucket, "-o", "lake.json", "--endpoint", endpoint, **CREDENTIALS)

    found = written(playground)
    assert found.digests() == {name: of_bytes(data) for name, data in FILES.items()}
    assert (found.source, found.tree_sha256) == (bucket, TREE)


def test_a_bucket_is_brought_to_a_remote_in_the_bucket_and_committed_in_a_clone(
    playground: Playground, bucket: str, endpoint: str, repo: Sandbox
) -> None:
    target = f"s3://{BUCKET}/{playground.folder.name}/mlv"
    ran = job(playground, bucket, "-o", "lake.json", "--to", target, "--endpoint", endpoint, "--json", **CREDENTIALS)
    assert json.loads(ran.out)["sent_objects"] == 3
    repo.mlv("init")
    repo.mlv("remote", "add", "lake", target, "--endpoint", endpoint)

    repo.mlv("snapshot", "create", "scans", "v0.1", "--manifest", "../job/lake.json", "-m", "Freeze", **CREDENTIALS)

    repo.mlv("pull", "scans@v0.1", **CREDENTIALS)
    assert {name: repo.read(f"data/snapshots/scans_v0.1/{name}") for name in FILES} == FILES


def test_a_bucket_of_google_is_hashed_where_it_lies(playground: Playground, tmp_path: Path) -> None:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.storage import Client

    (tmp_path / "gcs").mkdir()
    with proxy() as front, fake_gcs(tmp_path / "gcs", front.address) as port:
        front.target = port
        kept = Client(None, AnonymousCredentials(), client_options={"api_endpoint": front.address}).bucket(BUCKET)
        for name, data in FILES.items():
            kept.blob(f"raw/{name}").upload_from_string(data)
        job(playground, f"gs://{BUCKET}/raw", "-o", "lake.json", STORAGE_EMULATOR_HOST=front.address)

    found = written(playground)
    assert found.digests() == {name: of_bytes(data) for name, data in FILES.items()}
    assert (found.source, found.tree_sha256) == (f"gs://{BUCKET}/raw", TREE)


def test_an_empty_prefix_is_no_source(playground: Playground, endpoint: str) -> None:
    refused = job(
        playground, f"s3://{BUCKET}/nothing-here", "-o", "x.json", "--endpoint", endpoint, check=False, **CREDENTIALS
    )

    assert refused.status == 2
    assert "has no objects" in refused.err


# Where it runs


@pytest.mark.parametrize("where", ["threads", "processes"])
def test_threads_and_processes_give_the_same(playground: Playground, lake: Path, shelf: Path, where: str) -> None:
    job(playground, lake, "-o", "lake.json", "--to", str(shelf), "--executor", where)

    assert written(playground).tree_sha256 == TREE
    assert set(objects(shelf)) == {of_bytes(data).sha256 for data in FILES.values()}


def test_a_cluster_hashes_a_folder_and_sends_it(playground: Playground, lake: Path, shelf: Path, cluster: str) -> None:
    job(playground, lake, "-o", "lake.json", "--to", str(shelf), "--executor", f"dask:{cluster}")

    assert written(playground).tree_sha256 == TREE
    assert set(objects(shelf)) == {of_bytes(data).sha256 for data in FILES.values()}


def test_a_cluster_hashes_a_bucket_and_sends_it(
    playground: Playground, bucket: str, endpoint: str, cluster: str, shelf: Path
) -> None:
    args = ("--executor", f"dask:{cluster}", "--endpoint", endpoint, "--to", str(shelf))

    job(playground, bucket, "-o", "lake.json", *args, **CREDENTIALS)

    assert written(playground).tree_sha256 == TREE
    assert set(objects(shelf)) == {of_bytes(data).sha256 for data in FILES.values()}


def test_a_cluster_that_is_not_there_is_named(playground: Playground, lake: Path) -> None:
    (port,) = free_ports(1)

    refused = job(playground, lake, "-o", "x.json", "--executor", f"dask:tcp://127.0.0.1:{port}", check=False)

    assert refused.status == 3
    assert f"no Dask scheduler answers at tcp://127.0.0.1:{port}" in refused.err


def test_an_executor_that_is_none_is_refused(playground: Playground, lake: Path) -> None:
    refused = job(playground, lake, "-o", "x.json", "--executor", "dask://127.0.0.1", check=False)

    assert refused.status == 2
    assert "--executor threads, processes or dask:tcp://HOST:PORT" in refused.err
