"""What was retired, and what a host of Git LFS may forget of it."""

from __future__ import annotations

from mlvgit.actions.project import Project
from mlvgit.actions.retired import Retirements
from mlvgit.core.digest import of_bytes
from tests.conftest import Sandbox

DATA = b"bytes" * 1000


def freeze(repo: Sandbox, name: str) -> None:
    repo.write("raw.bin", DATA)
    repo.mlv("snapshot", "create", name, "v0.1", "raw.bin", "--storage", "store", "-m", f"Freeze {name}")


def test_what_a_branch_has_under_another_version_is_not_let_go_of(repo: Sandbox) -> None:
    repo.commit("begin")
    freeze(repo, "scans")
    repo.git("branch", "side")
    repo.mlv("retire", "scans@v0.1", "--reason", "Consent withdrawn", "--yes", "-m", "Retire")
    assert Retirements(Project.open(repo.path)).let_go() == {of_bytes(DATA)}

    repo.git("switch", "-q", "side")
    freeze(repo, "copy")
    repo.git("switch", "-q", "main")

    assert Retirements(Project.open(repo.path)).let_go() == set()
