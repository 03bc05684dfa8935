"""`git mlv verify` names what was frozen and has lost its manifest; what was taken back on purpose it does not."""

from __future__ import annotations

import pytest

from tests.conftest import Sandbox

MANIFEST = "data/snapshots/x_v0.1.manifest.json"


@pytest.fixture(params=["store", "git"])
def frozen(repo: Sandbox, request: pytest.FixtureRequest) -> Sandbox:
    repo.mlv("init")
    repo.commit("Set up")
    for name in ("x", "y"):
        repo.write(f"raw/{name}.csv", f"{name}\n")
        repo.mlv("snapshot", "create", name, "v0.1", f"raw/{name}.csv", "--storage", request.param, "-m", "Freeze")
    return repo


def test_a_manifest_that_was_deleted_is_named_and_the_printed_way_brings_it_back(frozen: Sandbox) -> None:
    frozen.remove(MANIFEST)

    verified = frozen.mlv("verify", check=False)

    assert verified.status == 1
    assert MANIFEST in verified.said
    assert "git mlv restore x@v0.1" in verified.said
    frozen.mlv("restore", "x@v0.1")
    assert "BAD" not in frozen.mlv("verify").said


def test_a_folder_in_its_place_is_no_manifest(frozen: Sandbox) -> None:
    frozen.remove(MANIFEST)
    (frozen / MANIFEST).mkdir()
    assert frozen.mlv("verify", check=False).status == 1


def test_what_was_discarded_or_renumbered_is_not_missed(frozen: Sandbox) -> None:
    frozen.mlv("discard", "x@v0.1")
    frozen.mlv("renumber", "y@v0.1", "v0.2")
    assert "BAD" not in frozen.mlv("verify").said


def test_what_a_sparse_checkout_leaves_out_is_not_missed(frozen: Sandbox) -> None:
    frozen.write("src/a.py", "1\n")
    frozen.commit("Code")
    frozen.git("sparse-checkout", "set", "src")
    assert not (frozen / MANIFEST).exists()
    assert "BAD" not in frozen.mlv("verify").said
