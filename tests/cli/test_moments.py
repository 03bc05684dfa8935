"""--at and --released: every registry question names the commit that answered, and answers for another one on request."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.conftest import Playground, Sandbox
from tests.e2e.world import Template, World, add_model


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """A server and two clones; `iris_clf` has v0.2.0 in production on `main`."""
    with pytest.MonkeyPatch.context():
        yield Template(tmp_path_factory.mktemp("template"))


@pytest.fixture
def world(playground: Playground, template: Template) -> World:
    """A copy of the template."""
    return World(playground, template)


def promote(person: Sandbox, version: str) -> str:
    """Put a version into production, without a tag; return the commit."""
    person.mlv("promote", "--tag", "iris_clf", version, "production", "-m", "better")
    return person.head()


class TestResolve:
    def test_the_path_stands_alone_on_standard_output_and_the_commit_beside_it(self, world: World) -> None:
        bob = world.person()

        ran = bob.mlv("resolve", "iris_clf@production", "model.pkl")

        assert ran.out == f"{bob.path}/models/iris_clf/v0.2.0/model.pkl\n"
        assert ran.err == f"iris_clf@v0.2.0 at {bob.head()[:12]} (HEAD)\n"
        assert json.loads(bob.mlv("resolve", "iris_clf@production", "--json").out)["commit"] == bob.head()

    def test_another_answer_of_the_release_branch_is_told_in_one_line(self, world: World) -> None:
        bob = world.person()
        promote(bob, "v0.3.0")

        ran = bob.mlv("resolve", "iris_clf@production")

        assert ran.out.endswith("/v0.3.0\n")
        assert ran.err.splitlines()[0].startswith(
            "note: origin/main as last fetched answers otherwise: iris_clf@v0.2.0, tree "
        )
        assert "otherwise" not in bob.mlv("resolve", "iris_clf@v0.1.0").err

    def test_the_release_branch_answers_when_asked(self, world: World) -> None:
        bob = world.person()
        promote(bob, "v0.3.0")

        ran = bob.mlv("resolve", "iris_clf@production", "--released")

        assert ran.out.endswith("/v0.2.0\n")
        assert ran.err == f"iris_clf@v0.2.0 at {bob.head('origin/main')[:12]} (origin/main as last fetched)\n"

    def test_nothing_serves_here_yet_but_does_on_the_release_branch(self, world: World) -> None:
        bob = world.person()
        bob.checkout("main~6", "-B", "old")

        ran = bob.mlv("resolve", "iris_clf@production", check=False)

        assert ran.status != 0
        assert "origin/main as last fetched answers otherwise: iris_clf@v0.2.0" in ran.err

    def test_an_older_commit_hands_out_the_path_when_its_bytes_are_here(self, world: World) -> None:
        bob = world.person()
        before = bob.head()
        promote(bob, "v0.3.0")

        found = json.loads(bob.mlv("resolve", "iris_clf@production", "--at", before[:10], "--json").out)

        assert found["commit"] == before
        assert found["path"].endswith("/v0.2.0")

    def test_an_older_commit_hands_nothing_out_when_other_bytes_stand_here(self, world: World) -> None:
        mallory = world.person("mallory")
        before = mallory.head("origin/main")
        mallory.checkout(mallory.git("log", "--format=%H", "--grep=Promote iris_clf v0.1.0", before).out.split()[0])
        mallory.write("models/iris_clf/v0.2.0/model.pkl", "other weights\n")

        refused = mallory.mlv("resolve", "iris_clf@production", "--at", before, check=False)

        assert refused.status == 1
        assert refused.out == ""
        assert "has other bytes, and iris_clf@v0.2.0 is not handed out" in refused.err
        assert f"git worktree add ../at-{before[:12]} {before[:12]}" in refused.err
        mallory.git("worktree", "add", "-q", f"../at-{before[:12]}", before[:12])
        there = Sandbox(mallory.playground, mallory.path.parent / f"at-{before[:12]}")
        assert there.mlv("resolve", "iris_clf@production").out.endswith("v0.2.0\n")

    def test_what_a_server_released_is_asked_of_its_own_branch(self, world: World) -> None:
        found = json.loads(world.server.mlv("log", "iris_clf", "--released", "--json").out)

        assert found["commit"] == world.server.head("main")


class TestDates:
    def stamp(self, person: Sandbox, commit: str = "HEAD") -> str:
        return person.git("show", "-s", "--format=%cI", commit).out.strip()

    def test_a_date_is_answered_by_the_newest_commit_up_to_it(self, world: World) -> None:
        bob = world.person()
        promoted = bob.git("log", "--format=%H", "--grep=Promote iris_clf v0.1.0", "origin/main").out.split()[0]

        ran = bob.mlv("resolve", "iris_clf@production", "--at", self.stamp(bob, promoted))

        assert ran.out.endswith("/v0.1.0\n")
        assert f"at {promoted[:12]} (origin/main as last fetched, up to " in ran.err

    def test_a_date_is_asked_of_the_release_branch_and_not_of_HEAD(self, world: World) -> None:  # noqa: N802
        bob = world.person()
        promote(bob, "v0.3.0")

        for options in ((), ("--released",)):
            ran = bob.mlv("resolve", "iris_clf@production", "--at", "2026-12-31", *options)
            assert ran.out.endswith("/v0.2.0\n")

    def test_without_a_remote_a_date_is_asked_of_HEAD(self, world: World) -> None:  # noqa: N802
        bob = world.person()
        promote(bob, "v0.3.0")
        bob.git("remote", "remove", "origin")

        assert bob.mlv("resolve", "iris_clf@production", "--at", "2026-12-31").out.endswith("/v0.3.0\n")
        refused = bob.mlv("resolve", "iris_clf@production", "--released", check=False)
        assert refused.status == 2
        assert "no release branch is known here" in refused.err

    def test_nothing_up_to_a_date_says_when_history_begins(self, world: World) -> None:
        bob = world.person()

        refused = bob.mlv("log", "iris_clf", "--at", "2020-01-01", check=False)

        assert refused.status == 2
        assert "has no commit up to 2020-01-01T23:59:59Z: its first is of 2026-01-01T" in refused.err

    def test_dates_that_are_not_in_order_are_told(self, repo: Sandbox) -> None:
        repo.mlv("init")
        for date in ("2026-03-01", "2026-03-05", "2026-03-03"):
            repo.stage()
            repo.git("commit", "-q", "--no-verify", "--allow-empty", "-m", date, GIT_COMMITTER_DATE=f"{date}T12:00:00Z")

        found = repo.mlv("log", "--at", "2026-03-04")

        assert f"at {repo.head()[:12]} (HEAD, up to 2026-03-04T23:59:59Z)" in found.err
        assert f"dates are not in order on HEAD: {repo.head('HEAD~1')[:12]} stands before the answer" in found.err
        assert "not in order" not in repo.mlv("log", "--at", "2026-03-06").err

    def test_a_shallow_clone_says_that_it_may_not_know(self, world: World) -> None:
        bob = world.person()
        shallow = bob.clone("shallow", "--depth=1")

        refused = shallow.mlv("log", "--at", "2020-01-01", check=False)

        assert "its first here is of" in refused.err
        assert "hint: git fetch --unshallow" in refused.err

    def test_a_commit_wins_over_a_date(self, world: World) -> None:
        bob = world.person()
        bob.git("tag", "2026-01-01", "HEAD~1")

        found = json.loads(bob.mlv("log", "--at", "2026-01-01", "--json").out)

        assert found["commit"] == bob.head("HEAD~1")
        assert "2026-01-01 is taken for a commit here" in bob.mlv("log", "--at", "2026-01-01").err

    @pytest.mark.parametrize("text", ["tomorrowish", "2026-13-01", "HEAD..main", "--help", "", " "])
    def test_what_is_neither_a_commit_nor_a_date_is_refused(self, world: World, text: str) -> None:
        bob = world.person()

        ran = bob.mlv("log", f"--at={text}", check=False)

        assert ran.status == (0 if text == "" else 2)
        assert "Traceback" not in ran.said


class TestOtherQuestions:
    def test_log_ends_at_the_commit(self, world: World) -> None:
        bob = world.person()
        before = bob.head()
        promote(bob, "v0.3.0")

        newest = json.loads(bob.mlv("log", "iris_clf", "--json").out)
        older = json.loads(bob.mlv("log", "iris_clf", "--released", "--json").out)

        assert newest["commit"] == bob.head()
        assert newest["events"][0]["changes"][-1]["version"] == "v0.3.0"
        assert older["commit"] == before
        assert older["events"] == newest["events"][1:]
        assert "origin/main as last fetched has versions of iris_clf in other stages" in bob.mlv("log").err

    def test_status_shows_what_served_and_nothing_of_the_working_directory(self, world: World) -> None:
        bob = world.person()
        promote(bob, "v0.3.0")
        bob.write("models/iris_clf/v0.9.0/model.pkl", "new")

        found = json.loads(bob.mlv("status", "--released", "--json").out)

        assert found["commit"] == bob.head("origin/main")
        assert [(each["model"], each["version"]) for each in found["serving"]] == [("iris_clf", "v0.2.0")]
        assert "unfrozen" not in found
        text = bob.mlv("status", "--released")
        assert "iris_clf" in text.out
        assert "v0.9.0" not in text.out

    def test_lists_and_facts_come_from_the_commit(self, world: World) -> None:
        bob = world.person()
        add_model(bob, "v0.4.0")

        here = json.loads(bob.mlv("model", "list", "--json").out)
        there = json.loads(bob.mlv("model", "list", "--at", "HEAD", "--json").out)

        assert here["commit"] == ""
        assert [each["version"] for each in here["versions"]][-1] == "v0.4.0"
        assert there["commit"] == bob.head()
        assert [each["version"] for each in there["versions"]][-1] == "v0.3.0"
        shown = json.loads(bob.mlv("model", "show", "iris_clf@production", "--released", "--json").out)
        assert (shown["version"], shown["commit"]) == ("v0.2.0", bob.head("origin/main"))
        path = json.loads(bob.mlv("model", "path", "iris_clf@production", "--released", "--json").out)
        assert path["commit"] == bob.head("origin/main")

    def test_a_diff_looks_at_both_sides_there(self, world: World) -> None:
        bob = world.person()
        promote(bob, "v0.3.0")

        found = bob.mlv("model", "diff", "iris_clf@v0.1.0", "iris_clf@production", "--released", "--json")

        assert json.loads(found.out)["after"]["version"] == "v0.2.0"

    def test_snapshots_come_from_the_commit(self, world: World) -> None:
        bob = world.person()
        bob.write("raw.csv", "a\n1\n")
        bob.mlv("snapshot", "create", "iris", "v0.2", "raw.csv")

        listed = json.loads(bob.mlv("snapshot", "list", "--at", "HEAD", "--json").out)
        shown = json.loads(bob.mlv("snapshot", "show", "iris", "--released", "--json").out)

        assert [each["version"] for each in listed["snapshots"]] == ["v0.1"]
        assert (shown["version"], shown["commit"]) == ("v0.1", bob.head("origin/main"))
        assert bob.mlv("snapshot", "path", "iris", "--at", "HEAD").out.endswith("iris_v0.1\n")

    def test_a_commit_is_exact_and_takes_no_branch_beside_it(self, world: World) -> None:
        refused = world.person().mlv("log", "--at", "HEAD", "--released", check=False)

        assert refused.status == 2
        assert "meant exactly" in refused.err
