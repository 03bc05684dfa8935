"""A source may bring attribute files of its own: those that would change frozen bytes are foreseen, and named."""

from __future__ import annotations

import pytest

from tests.conftest import Sandbox
from tests.e2e.conftest import Team

SOURCE = {
    "ident": "*.csv ident\n",
    "line ends": "*.csv text eol=crlf\n",
    "encoding": "*.csv working-tree-encoding=UTF-16\n",
}
IDENT = "# ours\n*.csv ident\n"


@pytest.fixture
def ada(team: Team) -> Sandbox:
    """Three files to freeze, one of them in a folder below."""
    team.ada.write("raw/x.csv", "a\r\nb $Id$\r\n")
    team.ada.write("raw/sub/y.csv", "$Id$\n")
    team.ada.write("raw/z.bin", b"\0\n")
    return team.ada


def create(person: Sandbox, *more: str) -> tuple[str, ...]:
    return ("snapshot", "create", "scans", "v0.1", "raw", *more)


@pytest.mark.parametrize("line", SOURCE)
@pytest.mark.parametrize("folder", ["raw", "raw/sub"])
def test_an_attribute_file_of_the_source_that_converts_is_refused_before_anything_stands(
    ada: Sandbox, line: str, folder: str
) -> None:
    ada.write(f"{folder}/.gitattributes", SOURCE[line])

    refused = ada.mlv(*create(ada, "--storage", "git"), check=False)

    assert refused.status == 1
    assert f"{folder}/.gitattributes:1: {SOURCE[line].strip()}" in refused.err
    assert ada.git("status", "--short").out == "?? raw/\n"
    assert not (ada / "data/snapshots/scans_v0.1").exists()


def test_both_ways_out_of_it_work_when_they_are_typed(team: Team, ada: Sandbox) -> None:
    ada.write("raw/.gitattributes", IDENT)
    said = ada.mlv(*create(ada), check=False).err
    assert "--storage store" in said
    assert "freeze it without raw/.gitattributes" in said
    ada.mlv(*create(ada, "--storage", "store", "-m", "Freeze"))
    ada.mlv("discard", "scans@v0.1", "-m", "Discard")

    ada.remove("raw/.gitattributes")
    ada.mlv(*create(ada, "-m", "Freeze"))

    ada.push("origin", "main")
    team.clone("eve").mlv("verify")


def test_a_harmless_one_is_frozen_like_any_file(team: Team, ada: Sandbox) -> None:
    ada.write("raw/.gitattributes", "*.csv -text diff\n*.txt text\n")

    ada.mlv(*create(ada, "--storage", "git", "-m", "Freeze"))

    ada.push("origin", "main")
    eve = team.clone("eve")
    eve.mlv("verify")
    assert eve.mlv("check", "--all").status == 0


def test_the_files_of_a_model_that_git_holds_are_asked_about_whatever_its_storage(ada: Sandbox) -> None:
    ada.write("m/model.bin", b"weights")
    ada.write("m/metrics.json", '{"f1": 1}\n')
    ada.write("m/.gitattributes", "*.json text\n")

    refused = ada.mlv("model", "add", "clf", "v0.1.0", "m", "--storage", "store", check=False)

    assert refused.status == 1
    assert refused.err.endswith("hint: freeze it without m/.gitattributes\n")


def smuggled(ada: Sandbox) -> None:
    """Freeze what an older program froze: a converting attribute file among the files."""
    ada.write("raw/.gitattributes", "# harmless\n")
    ada.mlv(*create(ada))
    for path in ("data/snapshots/scans_v0.1.manifest.json", "data/snapshots/scans_v0.1/.gitattributes"):
        (ada / path).chmod(0o644)
    ada.write("data/snapshots/scans_v0.1/.gitattributes", IDENT)
    old, new = (ada.run("sha256sum", input=text).out[:64] for text in ("# harmless\n", IDENT))
    manifest = ada.read("data/snapshots/scans_v0.1.manifest.json").decode()
    lines = [
        line.replace(old, new).replace('"size_bytes": 11', f'"size_bytes": {len(IDENT)}') if old in line else line
        for line in manifest.splitlines()
        if "tree_sha256" not in line and "total_bytes" not in line
    ]
    ada.write("data/snapshots/scans_v0.1.manifest.json", "\n".join(lines) + "\n")
    ada.git("add", "-f", "data")


def test_one_that_is_frozen_is_named_itself_whatever_stands_at_the_root(team: Team, ada: Sandbox) -> None:
    smuggled(ada)
    warned = ada.git("commit", "-m", "Freeze")
    culprit = "warning MLV108 data/snapshots/scans_v0.1/.gitattributes:2: "

    assert culprit in warned.said
    assert culprit in ada.mlv("check", "--all").said
    ada.git("rm", "-q", ".gitattributes")
    assert culprit in ada.mlv("check", "--all").said
    ada.git("reset", "-q", "--hard")
    assert "error MLV108 data/snapshots/scans_v0.1/.gitattributes:2: " in ada.push("origin", "main", check=False).err


def test_what_is_printed_of_a_frozen_one_keeps_the_bytes_and_lets_the_push_pass(team: Team, ada: Sandbox) -> None:
    team.with_shelf()
    smuggled(ada)
    ada.git("commit", "-m", "Freeze")
    said = ada.push("origin", "main", check=False).err
    keep = said[said.index("keep it:") + 9 : said.index("undo it:")]

    for command in keep.splitlines():
        ada.run("sh", "-c", command)
    ada.git("commit", "-m", "Keep them outside Git")

    ada.push("origin", "main")
    eve = team.clone("eve")
    eve.mlv("pull", "--all")
    eve.mlv("verify")
    assert eve.read("data/snapshots/scans_v0.2/x.csv") == b"a\r\nb $Id$\r\n"


def test_a_line_in_another_file_is_named_where_it_stands(ada: Sandbox) -> None:
    ada.mlv(*create(ada, "--storage", "git", "-m", "Freeze"))
    ada.write("data/.gitattributes", IDENT)
    ada.write("other/.gitattributes", "* -text\n")
    ada.git("add", "data", "other")

    warned = ada.git("commit", "-m", "Attributes").said

    assert "warning MLV108 data/.gitattributes:2: " in warned
    assert "and of 1 more" in warned
    ada.write("data/.gitattributes", IDENT + "/snapshots/scans_v0.1/** -text -ident -working-tree-encoding\n")
    assert "MLV108" not in ada.mlv("check", "--all").said
