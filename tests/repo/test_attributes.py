"""What Git would change or ignore, and the line that says so."""

import pytest

from mlvgit.repo.attributes import conversions, ignored
from mlvgit.repo.repository import Repository


def found(repo, *paths):
    return [(each.path, each.attribute, each.cause) for each in conversions(Repository.open(repo.path), paths)]


@pytest.mark.parametrize(
    ("line", "attribute"),
    [
        ("* text", "text"),
        ("* text=auto", "text=auto"),
        ("* text=input", "text=input"),
        ("*.csv eol=crlf", "eol=crlf"),
        ("*.csv eol=lf", "eol=lf"),
        ("data/** ident", "ident"),
        ("*.csv working-tree-encoding=UTF-16", "working-tree-encoding=UTF-16"),
        ("*.csv filter=lfs diff=lfs merge=lfs -text", "filter=lfs"),
        ("*.csv filter=secret", "filter=secret"),
        ("*.csv crlf", "crlf"),
        ("*.csv crlf=input", "crlf=input"),
    ],
)
def test_a_conversion_is_named_with_the_line_that_causes_it(repo, line, attribute):
    repo.write(".gitattributes", f"# first\n*.txt text\n{line}\n")

    assert found(repo, "data/a.csv") == [("data/a.csv", attribute, f".gitattributes:3: {line}")]


@pytest.mark.parametrize(
    "line",
    [
        "* -text",
        "* binary",
        "* text=auto\n*.csv -text",
        "* ident\n*.csv -ident",
        "* -text eol=crlf",
        "* filter=lfs\n* !filter",
        "* working-tree-encoding=utf-8",
        "* -crlf eol=crlf",
        "",
    ],
)
def test_what_was_switched_off_is_no_conversion(repo, line):
    repo.write(".gitattributes", line + "\n")

    assert found(repo, "data/a.csv") == []


def test_the_nearest_file_wins_and_is_named(repo):
    repo.write(".gitattributes", "* text=auto\n")
    repo.write("data/.gitattributes", "*.bin -text\n*.csv text\n")

    assert found(repo, "data/a.csv", "data/b.bin", "data/deep/c.csv", "top.csv") == [
        ("data/a.csv", "text", "data/.gitattributes:2: *.csv text"),
        ("data/deep/c.csv", "text", "data/.gitattributes:2: *.csv text"),
        ("top.csv", "text=auto", ".gitattributes:1: * text=auto"),
    ]


def test_a_macro_is_followed_to_the_line_that_uses_it(repo):
    repo.write(".gitattributes", "[attr]table text=auto ident\n*.csv table\n")

    assert found(repo, "a.csv") == [
        ("a.csv", "text=auto", ".gitattributes:2: *.csv table"),
        ("a.csv", "ident", ".gitattributes:2: *.csv table"),
    ]


def test_the_repositorys_and_the_users_own_files_are_named(repo):
    info = repo.write(".git/info/attributes", "*.csv text\n")
    personal = repo.playground.home / "personal attributes"
    personal.write_text("*.bin ident\n")
    repo.config("core.attributesFile", str(personal))

    assert found(repo, "a.csv", "a.bin") == [
        ("a.csv", "text", f"{info}:1: *.csv text"),
        ("a.bin", "ident", f"{personal}:1: *.bin ident"),
    ]


@pytest.mark.parametrize("value", ["true", "input", "TRUE"])
def test_core_autocrlf_converts_what_no_attribute_settles(repo, value):
    repo.config("core.autocrlf", value)
    repo.write(".gitattributes", "*.bin -text\n")

    assert found(repo, "a.csv", "a.bin") == [
        ("a.csv", f"core.autocrlf={value.lower()}", "git config --show-origin --get core.autocrlf")
    ]


def test_nothing_is_converted_in_a_plain_repository(repo):
    assert found(repo, "a", "b") == []
    assert found(repo) == []


ODD = ["-x", ":(top)z", "a\nb", 'q"uote', "esc\x1b", "a*", "é", "\udcff", "sp ace/in it"]


@pytest.mark.parametrize("path", ODD)
def test_names_may_be_odd(repo, path):
    repo.write(".gitattributes", "* text\n")
    repo.write(".gitignore", "*\n")
    opened = Repository.open(repo.path)

    assert found(repo, path) == [(path, "text", ".gitattributes:1: * text")]
    assert [(each.path, each.source, each.line, each.pattern) for each in ignored(opened, [path])] == [
        (path, ".gitignore", 1, "*")
    ]


def test_ignored_paths_are_named_with_pattern_and_line(repo):
    repo.write(".gitignore", "# ours\ndata/\n*.pkl\n!keep.pkl\n")
    repo.write("models/.gitignore", "v*/\n")
    opened = Repository.open(repo.path)

    rows = ignored(opened, ["data/snapshots/x", "models/m/v0.1.0/model.json", "m.pkl", "keep.pkl", "plain"])

    assert [(row.path, row.source, row.line, row.pattern) for row in rows] == [
        ("data/snapshots/x", ".gitignore", 2, "data/"),
        ("models/m/v0.1.0/model.json", "models/.gitignore", 1, "v*/"),
        ("m.pkl", ".gitignore", 3, "*.pkl"),
    ]
    assert ignored(opened, []) == []


def test_a_tracked_file_can_be_ignored_too(repo):
    repo.write("m.pkl", "1")
    repo.commit()
    repo.write(".gitignore", "*.pkl\n")

    assert [row.path for row in ignored(Repository.open(repo.path), ["m.pkl"])] == ["m.pkl"]


def test_what_is_excluded_for_this_clone_only_is_named(repo):
    repo.write(".git/info/exclude", "runs/\n")

    (row,) = ignored(Repository.open(repo.path), ["runs/a.yaml"])

    assert (row.source, row.line, row.pattern) == (".git/info/exclude", 1, "runs/")
