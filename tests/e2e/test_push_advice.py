"""`git mlv push` when history was rewritten or somebody else was first: what it prints leads to a pushed release."""

import re
import shlex
import threading
import time

import pytest

from tests.conftest import Playground, Ran, Sandbox
from tests.e2e.world import assert_settled, take

TAG = "clf@v0.1.0"


class Team:
    """A server with a snapshot, and two clones whose hooks are installed."""

    def __init__(self, playground: Playground) -> None:
        self.server = playground.server("s.git")
        self.ada = self.person(playground, "a")
        self.ada.mlv("init")
        self.ada.commit("Set up")
        self.ada.write("d.csv", "1\n")
        self.ada.mlv("snapshot", "create", "d", "v0.1", "d.csv", "-m", "d")
        self.ada.git("push", "-q", "-u", "origin", "main")
        self.bob = self.person(playground, "b")
        self.bob.mlv("install")

    def person(self, playground: Playground, name: str) -> Sandbox:
        playground.run("git", "clone", "-q", str(self.server.path), name, cwd=playground.folder)
        return Sandbox(playground, playground.folder / name)

    def holds(self, tag: str) -> bool:
        return self.server.git("rev-parse", "-q", "--verify", f"refs/tags/{tag}", check=False).status == 0


@pytest.fixture
def team(playground: Playground) -> Team:
    return Team(playground)


def add(person: Sandbox, version: str, text: str) -> None:
    person.write("m.bin", text)
    person.mlv("model", "add", "clf", version, "m.bin", "--data", "d@v0.1", "-m", f"{version} {text}")


def release(person: Sandbox, version: str, stage: str, text: str) -> None:
    add(person, version, text)
    person.mlv("promote", "clf", version, stage, "--tag", "-m", text)


def somebody_pushes(team: Team) -> None:
    team.ada.git("commit", "-q", "--allow-empty", "-m", "other")
    team.ada.git("push", "-q")


def hints(ran: Ran) -> list[str]:
    return re.findall(r"^hint: (.*)$", ran.err, re.MULTILINE)


def follow(person: Sandbox, ran: Ran) -> None:
    """Type what the hints say, and what stands in brackets behind one."""
    assert ran.status != 0, ran.said
    assert hints(ran), ran.said
    for hint in hints(ran):
        command, _, rest = hint.partition("   (")
        person.run("sh", "-c", command)
        then = re.search(r"then (git mlv push)\)$", rest)
        if then:
            person.run("sh", "-c", then[1])


# A tagged commit that is left behind


def test_after_a_rebase_the_release_goes_out_with_its_tag(team: Team) -> None:
    somebody_pushes(team)
    release(team.bob, "v0.1.0", "production", "B")
    tagged = team.bob.head(f"{TAG}^{{commit}}")

    follow(team.bob, team.bob.mlv("push", check=False))

    assert team.server.head("main") == team.bob.head()
    assert team.server.head(f"{TAG}^{{commit}}") == tagged, "a tag is never moved"
    assert team.bob.git("merge-base", "--is-ancestor", tagged, "HEAD", check=False).status == 1
    assert "nothing to do" in team.bob.mlv("push").out


def test_after_an_amended_commit_the_release_goes_out_with_its_tag(team: Team) -> None:
    add(team.bob, "v0.1.0", "B")
    team.bob.mlv("tag-model", "clf", "v0.1.0")
    team.bob.git("commit", "-q", "--amend", "-m", "Better said")
    team.bob.mlv("promote", "clf", "v0.1.0", "production", "-m", "go")

    assert TAG in team.bob.mlv("push").out

    assert team.server.head("main") == team.bob.head()
    assert team.holds(TAG)


def test_a_refused_push_of_the_branch_alone_prints_what_takes_the_tag_along(team: Team) -> None:
    add(team.bob, "v0.1.0", "B")
    team.bob.mlv("tag-model", "clf", "v0.1.0")
    team.bob.git("commit", "-q", "--amend", "-m", "Better said")
    team.bob.mlv("promote", "clf", "v0.1.0", "production", "-m", "go")

    refused = team.bob.git("push", check=False)
    (command, _) = re.findall(r"(?:keep it: |^ {11})(git (?:mlv )?push.*?)(?:   #.*)?$", refused.said, re.MULTILINE)[:2]
    assert "MLV203" in refused.said
    team.bob.run("sh", "-c", command)

    assert team.holds(TAG)


def test_after_a_squash_the_tag_of_the_squashed_branch_goes_out(team: Team) -> None:
    team.bob.branch("work")
    release(team.bob, "v0.1.0", "production", "B")
    team.bob.checkout("main")
    team.bob.git("merge", "-q", "--squash", "work")
    team.bob.git("commit", "-qm", "Release")

    assert TAG in team.bob.mlv("push").out

    assert team.holds(TAG)


def test_a_tag_that_vouches_for_nothing_on_the_branch_stays_here(team: Team) -> None:
    team.bob.branch("work")
    release(team.bob, "v0.1.0", "production", "B")
    team.bob.checkout("main")
    team.bob.commit_files("Code", code_py="1")

    assert TAG not in team.bob.mlv("push").out

    assert not team.holds(TAG)


# A tag that did not come with the branch


@pytest.fixture
def apart(team: Team) -> Team:
    """The released v0.1.0 is on main for everybody, its tag on a commit that is not."""
    somebody_pushes(team)
    release(team.bob, "v0.1.0", "production", "B")
    team.bob.git("pull", "-q", "--rebase")
    team.bob.mlv("push")
    team.ada.git("pull", "-q")
    assert team.ada.git("tag").out == ""
    return team


def next_command(ran: Ran) -> str:
    return ran.out.splitlines()[-1].removeprefix("next: ").partition("   (")[0]


def test_status_fetches_the_tag_of_a_release_before_it_makes_another(apart: Team) -> None:
    said = apart.ada.mlv("status")
    assert "not tagged here" in said.out
    assert "git mlv tag-model clf v0.1.0" in said.out.splitlines()[-1]

    apart.ada.run("sh", "-c", next_command(said))

    assert next_command(apart.ada.mlv("status")) == "nothing to do"
    assert apart.ada.head(f"refs/tags/{TAG}") == apart.server.head(f"refs/tags/{TAG}")


def test_check_fetches_the_tag_of_a_release_before_it_makes_another(apart: Team) -> None:
    take(apart.ada, apart.ada.mlv("check", "--all"), "keep it")

    assert apart.ada.mlv("check", "--all").out == "no findings\n"
    assert apart.ada.head(f"refs/tags/{TAG}") == apart.server.head(f"refs/tags/{TAG}")


def test_a_promotion_fetches_the_tag_of_what_was_released_before(apart: Team) -> None:
    apart.bob.mlv("promote", "clf", "v0.1.0", "archived", "-m", "rest")
    apart.bob.mlv("push")
    apart.ada.git("pull", "-q")

    refused = apart.ada.mlv("promote", "clf", "v0.1.0", "production", check=False)
    first, second = (hint.partition("   (")[0] for hint in hints(refused))
    apart.ada.run("sh", "-c", first)

    assert second == "git mlv promote clf v0.1.0 production --tag"
    assert "production" in apart.ada.mlv("model", "list", "clf").out
    assert apart.ada.head(f"refs/tags/{TAG}") == apart.server.head(f"refs/tags/{TAG}")


def test_what_was_never_released_is_tagged_at_once(apart: Team) -> None:
    add(apart.bob, "v0.2.0", "C")
    apart.bob.mlv("push")
    apart.ada.git("pull", "-q")
    apart.ada.git("fetch", "-q", "--tags")

    assert next_command(apart.ada.mlv("status")) == "git mlv tag-model clf v0.2.0"
    assert hints(apart.ada.mlv("promote", "clf", "v0.2.0", "staging", check=False)) == [
        "git mlv promote clf v0.2.0 staging --tag   (tags it first)"
    ]


# Two of one number


@pytest.fixture
def both(team: Team) -> Team:
    """Both released another clf v0.2.0; what ada made is pushed."""
    for person, text in ((team.ada, "A"), (team.bob, "B")):
        release(person, "v0.2.0", "staging", text)
    team.ada.mlv("push")
    return team


def assert_both_are_kept(team: Team) -> None:
    assert team.server.head("main") == team.bob.head()
    for version, text in (("v0.2.0", "A"), ("v0.2.1", "B")):
        assert team.server.git("show", f"main:models/clf/{version}/m.bin").out == text
        assert team.server.git("show", f"clf@{version}:models/clf/{version}/m.bin").out == text
    assert team.bob.mlv("check", "--all").out == "no findings\n"
    assert_settled(team.bob)
    assert "nothing to do" in team.bob.mlv("push").out


@pytest.mark.parametrize("fetched", [False, True])
def test_a_push_of_a_number_that_was_tagged_elsewhere_prints_how_both_are_kept(both: Team, fetched: bool) -> None:
    if fetched:
        both.bob.git("fetch", "-q")

    refused = both.bob.mlv("push", check=False)
    assert hints(refused) == [
        "git tag -d clf@v0.2.0",
        "git mlv renumber clf@v0.2.0 v0.2.1 -m 'Make room for the other clf@v0.2.0'",
        "git pull --no-rebase --no-edit",
        "git mlv tag-model clf v0.2.1",
        "git mlv push",
    ]
    follow(both.bob, refused)

    assert_both_are_kept(both)


def test_a_refused_git_push_of_such_a_number_prints_how_both_are_kept(both: Team) -> None:
    refused = both.bob.git("push", "--atomic", "origin", "main", check=False)
    assert "MLV203" in refused.said
    take(both.bob, refused, "keep it")

    assert_both_are_kept(both)


@pytest.mark.parametrize("operation", ["rebase", "merge"])
def test_repair_of_such_a_number_prints_how_both_are_kept(both: Team, operation: str) -> None:
    both.bob.git("fetch", "-q")
    both.bob.git(operation, "origin/main", check=False)
    assert hints(both.bob.mlv("push", check=False))[0].startswith("git mlv merge --repair   (")

    asked = both.bob.mlv("merge", "--repair", check=False)
    steps, _ = ways(asked)
    assert steps == [
        f"git {operation} --abort",
        "git tag -d clf@v0.2.0",
        "git mlv renumber clf@v0.2.0 v0.2.1 -m 'Make room for the other clf@v0.2.0'",
        "git merge origin/main",
        "git mlv tag-model clf v0.2.1",
        "git fetch --tags",
        "git mlv push",
    ]
    for step in steps:
        both.bob.run("sh", "-c", step)

    assert_both_are_kept(both)


@pytest.fixture
def serving(team: Team) -> Team:
    """Both put another clf v0.2.0 into production; what ada made is pushed."""
    for person, text in ((team.ada, "A"), (team.bob, "B")):
        release(person, "v0.2.0", "production", text)
    team.ada.mlv("push")
    team.bob.git("fetch", "-q")
    return team


def ways(ran: Ran) -> tuple[list[str], list[str]]:
    """Return the commands of the hints, before and after the one that says that another way begins."""
    said = hints(ran)
    other = next((number for number, hint in enumerate(said) if hint.startswith("#")), len(said))
    return said[:other], said[other + 1 :]


def type_all(person: Sandbox, steps: list[str]) -> None:
    """Type commands one after the other; those that bring two sides together may stop at a conflict."""
    for step in steps:
        person.run("sh", "-c", step, check=step not in ("git merge origin/main", "git rebase --continue"))


@pytest.mark.parametrize("operation", ["rebase", "merge"])
def test_repair_of_what_both_put_into_production_prints_who_serves_and_how_both_are_kept(
    serving: Team, operation: str
) -> None:
    serving.bob.git(operation, "origin/main", check=False)

    steps, _ = ways(serving.bob.mlv("merge", "--repair", check=False))
    type_all(serving.bob, steps)

    assert_both_are_kept(serving)
    registry = serving.server.git("show", "main:models/clf/registry.json").out
    assert '"v0.2.0", "stage": "production"' in registry
    assert '"v0.2.1", "stage": "archived"' in registry


@pytest.mark.parametrize("commits", [1, 2])
def test_repair_of_what_both_put_into_production_prints_how_ones_own_is_left_out(serving: Team, commits: int) -> None:
    if commits == 1:
        serving.bob.git("reset", "-q", "--soft", "HEAD~2")
        serving.bob.git("commit", "-qm", "Release")
    serving.bob.git("rebase", "origin/main", check=False)

    asked = serving.bob.mlv("merge", "--repair", check=False)
    assert "hint: # or, without yours" in asked.err
    type_all(serving.bob, ways(asked)[1])

    assert serving.bob.head() == serving.server.head("main")
    assert serving.bob.head("refs/tags/clf@v0.2.0") == serving.server.head("refs/tags/clf@v0.2.0")
    assert serving.bob.mlv("check", "--all").out == "no findings\n"
    assert_settled(serving.bob)


@pytest.mark.parametrize("told_by", ["check", "tag-model"])
def test_who_leaves_theirs_out_gets_the_tag_of_the_other(both: Team, told_by: str) -> None:
    both.bob.git("pull", "-q", "--rebase", check=False)
    _, steps = ways(both.bob.mlv("merge", "--repair", check=False))
    type_all(both.bob, [step for step in steps if "tag" not in step.split()[1:3] and "--tags" not in step])

    if told_by == "check":
        take(both.bob, both.bob.mlv("check", "--all"), "keep it")
    else:
        follow(both.bob, both.bob.mlv("tag-model", "clf", "v0.2.0", check=False))

    assert both.bob.mlv("check", "--all").out == "no findings\n"
    assert both.bob.head("refs/tags/clf@v0.2.0") == both.server.head("refs/tags/clf@v0.2.0")


def test_a_snapshot_that_a_tag_here_was_made_from_gets_another_number_too(team: Team) -> None:
    for person, rows in ((team.ada, "2\n"), (team.bob, "3\n")):
        person.write("d.csv", rows)
        person.mlv("snapshot", "create", "d", "v0.2", "d.csv", "-m", "d")
    team.ada.git("push", "-q")
    team.bob.write("m.bin", "B")
    team.bob.mlv("model", "add", "clf", "v0.1.0", "m.bin", "--data", "d@v0.2", "-m", "b")
    team.bob.mlv("promote", "clf", "v0.1.0", "staging", "--tag")
    team.bob.git("fetch", "-q")

    follow(team.bob, team.bob.mlv("push", check=False))

    assert team.server.head("main") == team.bob.head()
    assert team.server.git("show", "main:data/snapshots/d_v0.2/d.csv").out == "2\n"
    assert team.server.git("show", "clf@v0.1.0:data/snapshots/d_v0.3/d.csv").out == "3\n"
    assert team.bob.mlv("check", "--all").out == "no findings\n"


# Somebody else was first


@pytest.mark.parametrize("fetched", [False, True])
def test_a_push_from_behind_is_told_to_pull_first(team: Team, fetched: bool) -> None:
    somebody_pushes(team)
    team.bob.commit_files("Code", code_py="1")
    if fetched:
        team.bob.git("fetch", "-q")

    follow(team.bob, team.bob.mlv("push", check=False))

    assert team.server.head("main") == team.bob.head()


def test_a_push_during_a_merge_is_told_to_finish_it(team: Team) -> None:
    team.bob.commit_files("Code", code_py="1")
    somebody_pushes(team)
    team.bob.git("fetch", "-q")
    team.bob.git("merge", "--no-commit", "origin/main")

    refused = team.bob.mlv("push", check=False)
    assert hints(refused) == ["git commit --no-edit   (Git is in the middle of a merge; then git mlv push)"]
    follow(team.bob, refused)

    assert team.server.head("main") == team.bob.head()


@pytest.mark.parametrize("operation", ["merge", "rebase"])
def test_a_push_with_both_sides_in_conflict_is_told_to_repair(team: Team, operation: str) -> None:
    for person, rows in ((team.ada, "2\n"), (team.bob, "3\n")):
        person.write("d.csv", rows)
        person.mlv("snapshot", "create", "d", "v0.2", "d.csv", "-m", "d")
    team.ada.git("push", "-q")
    team.bob.git("fetch", "-q")
    team.bob.git(operation, "origin/main", check=False)

    (hint,) = hints(team.bob.mlv("push", check=False))

    assert hint.startswith("git mlv merge --repair   (")


def test_who_loses_a_race_of_two_pushes_is_told_to_pull(team: Team) -> None:
    flag = shlex.quote(str(team.server.path))
    team.server.hook(
        "pre-receive",
        f"mkdir {flag}/first 2>/dev/null || exit 0\nwhile [ ! -e {flag}/go ]; do sleep 0.05; done",
    )
    team.ada.commit_files("Code", ada_py="1")
    team.bob.commit_files("Code", bob_py="1")
    lost: list[Ran] = []
    slow = threading.Thread(target=lambda: lost.append(team.bob.mlv("push", check=False)))
    slow.start()
    while not (team.server / "first").exists():
        time.sleep(0.05)
    team.ada.mlv("push")
    (team.server / "go").touch()
    slow.join()

    follow(team.bob, lost[0])

    assert team.server.head("main") == team.bob.head()


def test_a_remote_that_is_not_there_is_to_be_looked_at(team: Team) -> None:
    team.bob.git("remote", "set-url", "origin", str(team.server.path.parent / "gone.git"))
    team.bob.commit_files("Code", code_py="1")

    assert hints(team.bob.mlv("push", check=False)) == ["git remote -v"]
