"""NAME VERSION and NAME@VERSION mean the same to every command, whichever its arguments are made for."""

import shlex

import pytest

from mlvgit.cli.main import build_parser
from mlvgit.cli.spelling import respelled
from tests.conftest import Sandbox

SAME = [
    ("comment clf v0.2.0 'Tuesday was bad'", "comment clf@v0.2.0 'Tuesday was bad'"),
    ("comment -m why clf v0.2.0 text", "comment -m why clf@v0.2.0 text"),
    ("comment clf --json v0.2.0 text", "comment clf@v0.2.0 --json text"),
    ("discard iris v0.2", "discard iris@v0.2"),
    ("drop scans v0.1 scans v0.2 clf v0.1.0", "drop scans@v0.1 scans@v0.2 clf@v0.1.0"),
    ("drop scans v0.1 v0.2", "drop scans@v0.1 scans@v0.2"),
    ("model diff clf v0.1.0 v0.2.0", "model diff clf@v0.1.0 clf@v0.2.0"),
    ("model diff clf@production v0.2.0", "model diff clf@production clf@v0.2.0"),
    ("model path clf v0.1.0 model.pkl", "model path clf@v0.1.0 model.pkl"),
    ("model show clf v1.0.0-rc.1", "model show clf@v1.0.0-rc.1"),
    ("pull scans v0.1 --all", "pull scans@v0.1 --all"),
    ("renumber clf v0.4.0 v0.5.0", "renumber clf@v0.4.0 v0.5.0"),
    ("resolve clf v0.2.0 model.pkl --at v0.1", "resolve clf@v0.2.0 model.pkl --at v0.1"),
    ("restore iris v0.1 v0.2 iris.csv", "restore iris@v0.1 v0.2 iris.csv"),
    ("retire scans v0.1 'p-17/*' --reason v0.3", "retire scans@v0.1 'p-17/*' --reason v0.3"),
    ("snapshot diff weekly v0.1 v0.2", "snapshot diff weekly@v0.1 weekly@v0.2"),
    ("snapshot diff weekly v0.1 daily v0.2", "snapshot diff weekly@v0.1 daily@v0.2"),
    ("snapshot diff weekly_v0.1 v0.2", "snapshot diff weekly_v0.1 weekly@v0.2"),
    ("snapshot path data:iris v0.1", "snapshot path data:iris@v0.1"),
    ("snapshot show -- iris v0.1", "snapshot show -- iris@v0.1"),
    ("verify iris v0.1 clf v0.2.0", "verify iris@v0.1 clf@v0.2.0"),
    ("model add clf@v0.1.0 model.pkl", "model add clf v0.1.0 model.pkl"),
    ("promote -m why clf@v0.1.0 staging", "promote -m why clf v0.1.0 staging"),
    ("record clf@v0.1.0 --data iris@v0.1", "record clf v0.1.0 --data iris@v0.1"),
    ("rollback clf@v0.1.0", "rollback clf v0.1.0"),
    ("snapshot create iris@v0.1 raw", "snapshot create iris v0.1 raw"),
    ("tag-model clf@v0.1.0", "tag-model clf v0.1.0"),
]
AS_TYPED = [
    "comment clf@production v0.2.0",
    "comment clf 'v0.2.0 was bad'",
    "model add clf v0.1.0 v0.2.0 --data iris@v0.1",
    "model diff clf@production clf@v0.2.0",
    "pull data/snapshots/iris_v0.1 'v*'",
    "renumber iris_v0.3 v0.4",
    "restore iris@v0.1 v0.1",
    "snapshot create iris v0.1 raw/iris@v0.1.csv",
    "verify v0.1 v0.2",
    "verify run:x v0.1",
    "log clf",
    "check main..v0.1",
]


def read(line: str) -> str:
    name, *words = shlex.split(line)
    return shlex.join([name, *respelled(build_parser(name), words)])


@pytest.mark.parametrize(("typed", "meant"), SAME)
def test_a_version_joins_its_name_or_parts_from_it(typed: str, meant: str) -> None:
    assert read(typed) == read(meant) == meant


@pytest.mark.parametrize("typed", AS_TYPED)
def test_what_can_mean_something_else_is_left_alone(typed: str) -> None:
    assert read(typed) == typed


@pytest.fixture
def versions(repo: Sandbox) -> Sandbox:
    """A repository with two snapshots and two model versions, the first of them in production."""
    repo.mlv("init")
    repo.commit("Set up")
    for number in (1, 2):
        repo.write("raw/a.csv", f"x\n{number}\n")
        repo.mlv("snapshot", "create", "weekly", f"v0.{number}", "raw/a.csv", "-m", "Freeze")
        repo.mlv("model", "add", "clf", f"v0.{number}.0", "raw/a.csv", "--data", f"weekly@v0.{number}", "-m", "Add")
    repo.mlv("promote", "clf", "v0.1.0", "production", "--tag")
    return repo


def test_a_comment_goes_to_the_version_that_was_typed_and_names_it(versions: Sandbox) -> None:
    said = versions.mlv("comment", "clf", "v0.2.0", "Tuesday was bad").out

    assert "noted on clf@v0.2.0, in models/clf/registry.json (staged)" in said
    assert 'next: git commit -m "Comment on clf@v0.2.0"' in said
    assert "Tuesday was bad" in versions.mlv("model", "show", "clf", "v0.2.0").out
    assert "Tuesday was bad" not in versions.mlv("model", "show", "clf", "v0.1.0").out


def test_a_comment_without_a_text_notes_nothing_and_says_how_it_was_read(versions: Sandbox) -> None:
    ran = versions.mlv("comment", "clf", "v0.2.0", check=False)

    assert ran.status == 2
    assert 'hint: git mlv comment clf@v0.2.0 "TEXT"   (or -m "TEXT")' in ran.err
    assert versions.git("status", "--porcelain", "models").out == ""


def test_one_version_to_compare_is_too_few_and_the_verb_says_so(versions: Sandbox) -> None:
    ran = versions.mlv("snapshot", "diff", "weekly", "v0.1", check=False)

    assert ran.status == 2
    assert "hint: this was read as git mlv snapshot diff weekly@v0.1" in ran.err


def test_two_words_do_what_one_does(versions: Sandbox) -> None:
    apart = versions.mlv("snapshot", "diff", "weekly", "v0.1", "v0.2").out

    assert apart == versions.mlv("snapshot", "diff", "weekly@v0.1", "weekly@v0.2").out
    assert "weekly@v0.2" in versions.mlv("verify", "weekly", "v0.2").out
    assert versions.mlv("model", "path", "clf", "v0.2.0").out.strip().endswith("models/clf/v0.2.0")
    assert "clf@v0.3.0" in versions.mlv("renumber", "clf", "v0.2.0", "v0.3.0").out
