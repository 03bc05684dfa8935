"""The commits on the way of a range: which are looked at, what is said of them, and where looking ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlvgit.actions import walking
from mlvgit.actions.guards import check_range
from mlvgit.actions.project import Project
from mlvgit.actions.walking import steps_between
from tests.conftest import Sandbox

CSV = "data/snapshots/iris_v0.1/iris.csv"


@pytest.fixture
def frozen(repo: Sandbox) -> Sandbox:
    """A repository without hooks that has frozen iris v0.1; the tag `base` is there."""
    repo.mlv("init")
    repo.mlv("uninstall")
    repo.write("iris.csv", "a,b\n1,2\n")
    repo.mlv("snapshot", "create", "iris", "v0.1", "iris.csv")
    repo.remove("iris.csv")
    repo.commit("Freeze iris")
    repo.git("tag", "base")
    return repo


def edit(repo: Sandbox, text: str) -> str:
    """Change the frozen file and commit it; return the commit."""
    (repo / CSV).chmod(0o644)
    repo.write(CSV, text)
    return repo.commit(f"Write {text!r}")


def check(repo: Sandbox, *options: str) -> tuple[int, list[dict[str, str]]]:
    ran = repo.mlv("check", "base..HEAD", "--json", *options, check=False)
    return ran.status, json.loads(ran.out)["findings"]


class TestFindings:
    def test_what_was_mended_on_the_way_is_told_with_its_commit(self, frozen: Sandbox) -> None:
        bad = edit(frozen, "a,b\n9,9\n")
        edit(frozen, "a,b\n1,2\n")

        status, findings = check(frozen)

        assert status == 0
        assert [(each["code"], each["severity"]) for each in findings] == [("MLV101", "warning")]
        assert f"in commit {bad[:12]}" in findings[0]["message"]

    def test_with_each_it_refuses(self, frozen: Sandbox) -> None:
        edit(frozen, "a,b\n9,9\n")
        edit(frozen, "a,b\n1,2\n")

        status, findings = check(frozen, "--each")

        assert status == 1
        assert findings[0]["severity"] == "error"
        assert findings[0]["undo"] == [f"git rebase -i {frozen.head('base')[:12]}"]

    def test_what_the_whole_range_has_is_said_once(self, frozen: Sandbox) -> None:
        edit(frozen, "a,b\n9,9\n")
        edit(frozen, "a,b\n8,8\n")

        status, findings = check(frozen, "--each")

        assert status == 1
        assert [each["code"] for each in findings] == ["MLV101"]
        assert "in commit" not in findings[0]["message"]

    def test_all_sides_of_a_merge_are_walked(self, frozen: Sandbox) -> None:
        frozen.branch("side")
        bad = edit(frozen, "a,b\n9,9\n")
        edit(frozen, "a,b\n1,2\n")
        frozen.checkout("main")
        frozen.write("code.py", "1\n")
        frozen.commit("Code")
        frozen.git("merge", "-q", "--no-ff", "--no-edit", "side")

        _, findings = check(frozen)

        assert [bad[:12] in each["message"] for each in findings] == [True]

    def test_a_merge_is_judged_against_all_its_parents(self, frozen: Sandbox) -> None:
        frozen.branch("side")
        frozen.write("code.py", "1\n")
        frozen.commit("Code")
        frozen.checkout("main")
        frozen.git("merge", "-q", "--no-ff", "--no-commit", "side")
        evil = edit(frozen, "a,b\n9,9\n")
        assert len(frozen.git("rev-list", "--parents", "-1", evil).out.split()) == 3
        edit(frozen, "a,b\n1,2\n")

        _, findings = check(frozen)

        assert [(each["code"], evil[:12] in each["message"]) for each in findings] == [("MLV101", True)]

    def test_folders_that_settings_name_only_on_the_way_count_too(self, frozen: Sandbox) -> None:
        settings = frozen.read("mlv.yaml").decode()
        frozen.write("mlv.yaml", settings + "folders: {snapshots: other, models: models, runs: runs}\n")
        frozen.git("mv", "data/snapshots", "other")
        frozen.commit("Move")
        (frozen / "other/iris_v0.1/iris.csv").chmod(0o644)
        frozen.write("other/iris_v0.1/iris.csv", "a,b\n9,9\n")
        bad = frozen.commit("Falsify")
        frozen.git("revert", "--no-edit", "HEAD")
        frozen.git("revert", "--no-edit", "HEAD~2")

        _, findings = check(frozen)

        assert any(each["code"] == "MLV101" and bad[:12] in each["message"] for each in findings)


class TestWhatIsLookedAt:
    def test_only_commits_that_touch_ours_are_judged(self, frozen: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        judged = []
        monkeypatch.setattr(walking, "judge", lambda deltas, context: judged.append(deltas[0].changes) or [])
        for number in range(5):
            frozen.write("code.py", f"{number}\n")
            frozen.commit("Code")
        frozen.write("models/m/v0.1.0/model.pkl", "1")
        frozen.commit("Model")
        frozen.write("code.py", "end\n")
        frozen.commit("Code")
        frozen.write("mlv.yaml", "format: 1.0\n")
        frozen.commit("Settings")
        project = Project.open(frozen.path)

        check_range(project, frozen.head("base"), frozen.head())

        assert [list(changes) for changes in judged] == [["models/m/v0.1.0/model.pkl"], ["mlv.yaml"]]

    @pytest.mark.parametrize("name", ["models", "data", "Data/Snapshots/x"])
    def test_a_name_in_the_place_of_our_folders_touches_them(self, frozen: Sandbox, name: str) -> None:
        frozen.git("rm", "-rq", "data")
        frozen.write(name, "a file")
        frozen.commit("In the way")
        project = Project.open(frozen.path)

        steps, note = steps_between(project, frozen.head(), [frozen.head("base")])
        found = walking._ours(project, steps, [frozen.head()])

        assert not note
        assert [step.commit for step in found] == [frozen.head()]

    def test_the_newest_are_looked_at_and_the_rest_is_noted(
        self, frozen: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("mlvgit.actions.receiving.MOST_COMMITS", 3)
        monkeypatch.setattr(walking, "MOST_COMMITS", 3)
        for number in range(5):
            frozen.write("runs/note.txt", f"{number}\n")
            frozen.commit("Note")
        project = Project.open(frozen.path)

        report = check_range(project, frozen.head("base"), frozen.head())

        assert report.notes == ("only the last 3 commits that touch frozen things were looked at one by one",)
        assert not check_range(project, frozen.head("HEAD~3"), frozen.head()).notes

    def test_changes_are_those_that_two_trees_have(self, frozen: Sandbox) -> None:
        frozen.write("a b\n.txt", "1")
        frozen.commit("Odd name")
        frozen.git("config", "log.diffMerges", "off")
        frozen.git("config", "log.showSignature", "true")
        frozen.branch("side")
        frozen.write("ü/x", "1")
        frozen.commit("Side")
        frozen.checkout("main")
        frozen.remove("a b\n.txt")
        frozen.commit("Remove")
        frozen.git("merge", "-q", "--no-ff", "--no-edit", "side")
        project = Project.open(frozen.path)
        repo = project.repo

        steps, _ = steps_between(project, frozen.head(), [frozen.head("base")])

        assert [step.commit for step in steps][-1] == frozen.head()
        assert sorted(step.commit for step in steps) == sorted(frozen.git("rev-list", "base..HEAD").out.split())
        for step in steps:
            whole = {}
            for parent in step.parents:
                whole.update(repo.changes(repo.commit_tree(parent), repo.commit_tree(step.commit)))
            assert step.changes.keys() == whole.keys()
            if len(step.parents) == 1:
                assert step.changes == whole

    def test_a_first_commit_is_compared_with_nothing(self, repo: Sandbox) -> None:
        repo.write("a", "1")
        first = repo.commit()
        project = Project.open(repo.path)

        steps, _ = steps_between(project, first, [])

        assert [(step.commit, step.parents, list(step.changes)) for step in steps] == [(first, (), ["a"])]

    def test_what_a_shallow_clone_cannot_compare_is_left_out(self, frozen: Sandbox) -> None:
        for number in range(3):
            frozen.write("a", f"{number}")
            frozen.commit()
        shallow = frozen.clone("shallow", "--depth=2")
        project = Project.open(shallow.path)

        steps, _ = steps_between(project, shallow.head(), [])

        assert [step.commit for step in steps] == [shallow.head()]


def test_a_push_of_many_commits_is_not_walked_and_says_so(
    frozen: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen.server()
    frozen.mlv("install")
    lines = "".join(
        f"commit refs/heads/main\ncommitter A <a@b> {1767300000 + number} +0000\ndata 1\nx\n"
        + (f"from {frozen.head()}\n" if not number else "")
        + f"M 100644 inline runs/note.txt\ndata {len(str(number))}\n{number}\n"
        for number in range(walking.AT_PUSH + 1)
    )
    base = frozen.head()
    frozen.git("fast-import", "--quiet", input=lines)
    frozen.git("reset", "-q", "--hard")

    said = frozen.git("push", "origin", "main").said

    assert f"51 commits on the way were not looked at one by one; git mlv check {base[:12]}.." in said
