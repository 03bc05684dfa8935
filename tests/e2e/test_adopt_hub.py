"""Taking a model out of the Hugging Face cache, where a snapshot is links to blobs named by their SHA-256."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from tests.conftest import Playground, Sandbox

WEIGHTS = bytes(range(256)) * 8_000
CONFIG = b'{"hidden_size": 8}\n'
REVISION = "0123456789abcdef0123456789abcdef01234567"
NAME = hashlib.sha256(WEIGHTS).hexdigest()


def cache(hub: Path) -> Path:
    """Lay a cache out as huggingface_hub does; gives the folder of the snapshot."""
    repository = hub / "models--org--name"
    snapshot = repository / "snapshots" / REVISION
    (snapshot / "onnx").mkdir(parents=True)
    (repository / "blobs").mkdir()
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text(REVISION)
    small = hashlib.sha1(b"blob %d\0" % len(CONFIG) + CONFIG).hexdigest()
    (repository / "blobs" / NAME).write_bytes(WEIGHTS)
    (repository / "blobs" / small).write_bytes(CONFIG)
    os.symlink(f"../../blobs/{small}", snapshot / "config.json")
    os.symlink(f"../../blobs/{NAME}", snapshot / "model.safetensors")
    os.symlink(f"../../../blobs/{NAME}", snapshot / "onnx/model.bin")
    return snapshot


@pytest.fixture
def root(repo: Sandbox) -> Sandbox:
    repo.mlv("init")
    repo.commit("Set up")
    return repo


@pytest.fixture
def snapshot(playground: Playground) -> Path:
    return cache(playground.folder / "hub")


def test_a_cached_model_is_frozen_as_the_bytes_behind_its_links_and_the_cache_stays_as_it_is(
    root: Sandbox, snapshot: Path
) -> None:
    before = sorted((path, os.lstat(path).st_mtime_ns) for path in snapshot.parents[1].rglob("*"))

    root.mlv("model", "add", "clf", "v0.1.0", snapshot, "--dereference", "--storage", "store", "-m", "Adopt")

    folder = root / "models/clf/v0.1.0"
    assert {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()} == {
        "config.json": CONFIG,
        "model.safetensors": WEIGHTS,
        "onnx/model.bin": WEIGHTS,
    }
    assert not any(path.is_symlink() for path in folder.rglob("*"))
    entries = json.loads(root.read("models/clf/v0.1.0.manifest.json"))["files"]
    assert [entry["sha256"] for entry in entries].count(NAME) == 2
    assert sorted((path, os.lstat(path).st_mtime_ns) for path in snapshot.parents[1].rglob("*")) == before


def test_one_file_of_a_cached_model_keeps_the_name_that_the_snapshot_gives_it(root: Sandbox, snapshot: Path) -> None:
    root.mlv("snapshot", "create", "weights", "v0.1", snapshot / "model.safetensors", "--dereference", "-m", "Adopt")

    assert root.read("data/snapshots/weights_v0.1/model.safetensors") == WEIGHTS


def test_a_blob_that_is_not_what_its_name_says_is_refused_and_nothing_is_frozen(root: Sandbox, snapshot: Path) -> None:
    blob = snapshot.parents[1] / "blobs" / NAME
    blob.write_bytes(b"!" + WEIGHTS[1:])

    refused = root.mlv("model", "add", "clf", "v0.1.0", snapshot, "--dereference", "--storage", "store", check=False)

    assert refused.status == 1
    assert f"the blob {NAME[:12]} of model.safetensors in the Hugging Face cache is damaged" in refused.err
    assert f"rm {blob}" in refused.err
    assert root.git("status", "--porcelain").out == ""


def test_a_link_out_of_the_cached_repository_is_refused(root: Sandbox, snapshot: Path) -> None:
    (snapshot.parents[2] / "secret").write_bytes(b"secret")
    os.symlink("../../../secret", snapshot / "secret")

    refused = root.mlv("model", "add", "clf", "v0.1.0", snapshot, "--dereference", check=False)

    assert refused.status == 2
    assert "secret: is a symbolic link that leads out of the source" in refused.err


def test_a_folder_that_only_looks_like_a_cache_opens_no_way_out(root: Sandbox, playground: Playground) -> None:
    source = playground.folder / "other/snapshots/1"
    source.mkdir(parents=True)
    (source.parents[1] / "blobs").mkdir()
    (source.parents[1] / "blobs/x").write_bytes(b"x")
    os.symlink("../../blobs/x", source / "x")

    refused = root.mlv("snapshot", "create", "x", "v0.1", source, "--dereference", check=False)

    assert refused.status == 2
    assert "leads out of the source" in refused.err


def test_a_cached_model_is_hashed_where_it_lies(playground: Playground, snapshot: Path) -> None:
    playground.run(
        "git-mlv", "manifest", snapshot, "--dereference", "-o", playground.folder / "x.json", cwd=playground.folder
    )

    found = json.loads((playground.folder / "x.json").read_text())
    assert [entry["path"] for entry in found["files"]] == ["config.json", "model.safetensors", "onnx/model.bin"]
    (snapshot.parents[1] / "blobs" / NAME).write_bytes(b"!" + WEIGHTS[1:])
    refused = playground.run(
        "git-mlv", "manifest", snapshot, "--dereference", "-o", "y.json", cwd=playground.folder, check=False
    )
    assert refused.status == 1
    assert not (playground.folder / "y.json").exists()
