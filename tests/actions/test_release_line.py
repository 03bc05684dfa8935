"""Which line of a merge was released: what somebody promoted and had not pushed yet never served."""

from __future__ import annotations

import pytest

from tests.conftest import Sandbox


@pytest.fixture
def team(repo: Sandbox) -> tuple[Sandbox, Sandbox]:
    """Two people; three versions, tagged and pushed, of which the first serves."""
    repo.mlv("init")
    repo.git("commit", "-qm", "Set up mlvgit")
    server = repo.server()
    repo.git("fetch", "-q")
    repo.git("branch", "--set-upstream-to=origin/main")
    for number in (1, 2, 3):
        repo.write("model.pkl", f"weights {number}")
        repo.mlv("model", "add", "clf", f"v0.{number}.0", "model.pkl", "-m", "Add it")
        repo.mlv("tag-model", "clf", f"v0.{number}.0")
    repo.mlv("promote", "clf", "v0.1.0", "production", "-m", "first")
    repo.mlv("push")
    other = server.clone("other")
    other.mlv("install")
    return repo, other


def test_a_promotion_that_lost_at_a_pull_was_never_released(team: tuple[Sandbox, Sandbox]) -> None:
    ada, bo = team
    ada.mlv("promote", "clf", "v0.3.0", "production", "-m", "the real one")
    ada.push()
    bo.mlv("promote", "clf", "v0.2.0", "production", "-m", "never left this machine")
    bo.git("pull", "-q", "--no-rebase", "--no-edit", check=False)
    bo.mlv("merge", "--repair", "--take", "clf=v0.3.0")
    bo.git("commit", "-q", "--no-edit")
    bo.push()
    ada.git("pull", "-q")

    said = ada.mlv("log", "clf").out
    assert "the real one" in said
    assert "Conflicts" not in said
    ada.mlv("rollback", "clf", "-m", "v0.3.0 is bad")
    assert "v0.1.0" in ada.mlv("resolve", "clf@production").out


def test_a_branch_that_was_merged_into_main_does_not_hide_what_main_released_meanwhile(
    team: tuple[Sandbox, Sandbox],
) -> None:
    ada, _ = team
    ada.git("switch", "-qc", "feature")
    ada.mlv("promote", "clf", "v0.3.0", "production", "-m", "on a branch")
    ada.git("switch", "-q", "main")
    ada.mlv("promote", "clf", "v0.2.0", "production", "-m", "on main")
    ada.git("merge", "-q", "--no-edit", "feature", check=False)
    ada.mlv("merge", "--repair", "--take", "clf=v0.3.0")
    ada.git("commit", "-q", "--no-edit")

    ada.mlv("rollback", "clf", "-m", "v0.3.0 is bad")
    assert "v0.2.0" in ada.mlv("resolve", "clf@production").out
