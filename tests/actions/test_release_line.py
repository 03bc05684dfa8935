"""Which line of a merge was released: what somebody promoted and had not pushed yet never served."""

from __future__ import annotations

from datetime import datetime

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


def day(person: Sandbox, date: str) -> None:
    """Set the clock of the test; each program that runs takes a minute."""
    person.playground.clock = int(datetime.fromisoformat(f"{date}T12:00:00+00:00").timestamp())


def answers(person: Sandbox, *dates: str) -> list[str]:
    """Return who was in production at the end of each day."""
    found = [person.mlv("resolve", "clf@production", "--at", date) for date in dates]
    assert not any("note:" in ran.err for ran in found)
    return [ran.out.strip().rpartition("/")[2] for ran in found]


def promoted(person: Sandbox, date: str, version: str, reason: str = "better") -> None:
    """Promote on a day."""
    day(person, date)
    person.mlv("promote", "clf", version, "production", "-m", reason)


def merged(person: Sandbox, version: str, *message: str) -> str:
    """Pull with a merge that conflicts, let `version` serve, and push; return the merge."""
    person.git("pull", "-q", "--no-rebase", "--no-edit", check=False)
    person.mlv("merge", "--repair", "--take", f"clf={version}")
    person.git("commit", "-q", *(message or ("--no-edit",)))
    person.mlv("push")
    return person.head()


OWN = ("-m", "merge: the better one serves")


@pytest.mark.parametrize("message", [(), ("-m", "bring in what the others did")], ids=["subject of Git", "own subject"])
def test_a_promotion_counts_from_its_day_when_somebody_else_pulls_it_with_a_merge_later(
    team: tuple[Sandbox, Sandbox], message: tuple[str, ...]
) -> None:
    ada, bo = team
    promoted(ada, "2026-06-08", "v0.2.0")
    ada.mlv("push")
    day(bo, "2026-06-05")
    bo.commit("Code")
    day(bo, "2026-06-20")
    bo.git("fetch", "-q")
    bo.git("merge", "-q", *(message or ("--no-edit",)), "origin/main")
    bo.mlv("push")
    ada.git("pull", "-q")

    for person in (ada, bo):
        assert answers(person, "2026-06-07", "2026-06-09", "2026-06-21") == ["v0.1.0", "v0.2.0", "v0.2.0"]
        assert person.mlv("log", "clf", "--released").out.startswith("2026-06-08")


@pytest.mark.parametrize("message", [(), OWN], ids=["subject of Git", "own subject"])
def test_a_promotion_counts_from_the_merge_that_published_it(
    team: tuple[Sandbox, Sandbox], message: tuple[str, ...]
) -> None:
    ada, bo = team
    promoted(ada, "2026-06-08", "v0.2.0", "published at once")
    ada.mlv("push")
    promoted(bo, "2026-06-06", "v0.3.0", "kept at home")
    day(bo, "2026-06-25")
    merged(bo, "v0.3.0", *message)
    ada.git("pull", "-q")

    for person in (ada, bo):
        assert answers(person, "2026-06-07", "2026-06-09", "2026-06-21", "2026-06-26") == [
            "v0.1.0",
            "v0.2.0",
            "v0.2.0",
            "v0.3.0",
        ]
        said = person.mlv("log", "clf", "--released").out
        assert "published at once" in said
        assert "kept at home" not in said
    ada.mlv("rollback", "clf", "-m", "v0.3.0 is bad")
    assert "v0.2.0" in ada.mlv("resolve", "clf@production").out


def test_a_rebase_and_a_fast_forward_leave_one_line(team: tuple[Sandbox, Sandbox]) -> None:
    ada, bo = team
    promoted(ada, "2026-06-08", "v0.2.0")
    ada.mlv("push")
    day(bo, "2026-06-05")
    bo.commit("Code")
    day(bo, "2026-06-20")
    bo.git("pull", "-q", "--rebase")
    bo.mlv("push")
    ada.git("pull", "-q", "--ff-only")
    fresh = ada.playground.folder / "server.git"
    late = Sandbox(ada.playground, fresh).clone("late")

    for person in (ada, bo, late):
        assert answers(person, "2026-06-07", "2026-06-09", "2026-06-21") == ["v0.1.0", "v0.2.0", "v0.2.0"]


def test_a_branch_that_was_merged_under_an_own_subject_counts_from_the_merge(team: tuple[Sandbox, Sandbox]) -> None:
    ada, bo = team
    ada.git("switch", "-qc", "feature")
    promoted(ada, "2026-06-05", "v0.3.0")
    ada.git("switch", "-q", "main")
    day(ada, "2026-06-10")
    ada.commit("Code")
    ada.push()
    day(ada, "2026-06-20")
    ada.git("merge", "-q", "-m", "the third one", "feature")
    ada.mlv("push")
    bo.git("pull", "-q")

    assert answers(ada, "2026-06-15", "2026-06-21") == ["v0.1.0", "v0.3.0"]


def test_a_clone_that_never_saw_what_was_published_says_so_instead_of_guessing(team: tuple[Sandbox, Sandbox]) -> None:
    ada, bo = team
    promoted(ada, "2026-06-08", "v0.2.0", "published at once")
    ada.mlv("push")
    promoted(bo, "2026-06-06", "v0.3.0", "kept at home")
    day(bo, "2026-06-25")
    merge = merged(bo, "v0.3.0", *OWN)[:12]
    late = Sandbox(ada.playground, ada.playground.folder / "server.git").clone("late")
    late.mlv("install")
    doubt = f"two lines were merged on 2026-06-25 ({merge}, merge: the better one serves)"

    said = late.mlv("log", "clf").err
    assert doubt in said
    other = ada.head()[:12]
    assert f"git mlv log clf --at {other} shows the other one" in said
    assert "published at once" in late.mlv("log", "clf", "--at", other).out

    asked = late.mlv("resolve", "clf@production", "--at", "2026-06-09")
    assert f"{doubt}, and nothing here says which" in asked.err
    assert f"(--at {other})" in asked.err
    assert late.mlv("resolve", "clf@production", "--at", other).out.endswith("/v0.2.0\n")
    assert "note:" not in late.mlv("resolve", "clf@production", "--at", "2026-06-26").err

    refused = late.mlv("rollback", "clf", "-m", "v0.3.0 is bad", check=False)
    assert refused.status == 1
    assert "v0.1.0 by one of them and v0.2.0 by the other" in refused.err
    assert "hint: git mlv rollback clf v0.1.0 or git mlv rollback clf v0.2.0" in refused.err
    late.mlv("rollback", "clf", "v0.2.0", "-m", "v0.3.0 is bad")
    assert late.mlv("resolve", "clf@production").out.endswith("/v0.2.0\n")


def test_a_clone_that_only_saw_where_a_merge_began_takes_the_side_that_went_on(team: tuple[Sandbox, Sandbox]) -> None:
    ada, bo = team
    third = Sandbox(ada.playground, ada.playground.folder / "server.git").clone("third")
    promoted(ada, "2026-06-08", "v0.2.0")
    ada.mlv("push")
    day(bo, "2026-06-20")
    bo.git("pull", "-q", "--no-rebase", "--no-ff", "--no-edit")
    bo.mlv("push")
    third.git("fetch", "-q")
    assert len(third.git("rev-list", "--parents", "-1", "origin/main").out.split()) == 3

    assert answers(third, "2026-06-07", "2026-06-09", "2026-06-21") == ["v0.1.0", "v0.2.0", "v0.2.0"]
