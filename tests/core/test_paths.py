"""Names of frozen files: what is refused on every system, and what collides on some."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlvgit.core.paths import all_fine, collisions, fold, is_junk, is_within, unsafe_reason

UNSAFE = {
    "": "empty",
    "/etc/passwd": "absolute",
    "../x": "'..'",
    "a/../b": "'..'",
    "a/./b": "'.'",
    "a//b": "empty part",
    "a/": "empty part",
    "a\\b": "backslash",
    "C:x": "drive letter",
    "c:/x": "drive letter",
    "a\x00b": "control",
    "a\nb": "control",
    "a\x1b[31mb": "control",
    "a\x7fb": "control",
    "a\x85b": "control",
    "a\u2028b": "control",
    "a\u202eb": "control",
    "a\u2066b": "control",
    ".git": "take for .git",
    "a/.git/config": "take for .git",
    ".GIT": "take for .git",
    ".Git ": "take for .git",
    ".git...": "take for .git",
    ".git. .": "take for .git",
    ".git::$INDEX_ALLOCATION": "take for .git",
    "git~1": "take for .git",
    "a/GIT~2/x": "take for .git",
    ".g\u200cit": "take for .git",
    ".\ufeffgit": "take for .git",
    "x" * 256: "longer than 255 bytes",
    "é" * 128: "longer than 255 bytes",
    "a/" * 2048 + "b": "longer than 4096 bytes",
    "a\udcffb": "not UTF-8",
}

SAFE = [
    "iris.csv",
    "a/b/c.parquet",
    ".gitignore",
    ".gitattributes",
    "git",
    "a.git",
    "digit~1",
    "données/été.csv",
    "日本語.txt",
    "with space.csv",
    "-rf",
    "(x)[y]{z}.csv",
    "'quoted'.csv",
    "~x",
    "..a",
    "a..",
    "é" * 127,
]


@pytest.mark.parametrize("path", UNSAFE, ids=lambda path: repr(path[:20]))
def test_an_unsafe_name_has_a_reason(path: str) -> None:
    assert UNSAFE[path] in unsafe_reason(path)
    assert not all_fine([path])


@pytest.mark.parametrize("path", SAFE, ids=lambda path: repr(path[:20]))
def test_a_safe_name_has_none(path: str) -> None:
    assert unsafe_reason(path) == ""


COLLIDING = [
    (["a.csv", "A.csv"], ("a.csv", "A.csv")),
    (["a", "a"], ("a", "a")),
    (["caf\u00e9", "cafe\u0301"], ("caf\u00e9", "cafe\u0301")),
    (["straße", "STRASSE"], ("straße", "STRASSE")),
    (["Data/a", "data/b"], ("Data", "data")),
    (["a", "a/b"], ("a", "a/b")),
    (["x/y", "X/Y/z"], ("x/y", "X/Y/z")),
]


@pytest.mark.parametrize(("paths", "pair"), COLLIDING)
def test_names_that_some_system_takes_for_one_collide(paths: list[str], pair: tuple[str, str]) -> None:
    assert pair in collisions(paths)
    assert not all_fine(paths)


def test_names_that_every_system_keeps_apart_do_not_collide() -> None:
    paths = ["a/b", "a/c", "b/a", "a.b", "a-b", "a_b/c"]

    assert collisions(paths) == []
    assert all_fine(paths)


names = st.text(st.sampled_from("abAB.-_/ ~git\n\u00e9e\u0301"), min_size=1, max_size=8)


@given(st.lists(names, min_size=1, max_size=6))
def test_the_quick_judgement_never_passes_what_the_careful_one_refuses(paths: list[str]) -> None:
    if all_fine(paths):
        assert not any(map(unsafe_reason, paths))
        assert collisions(paths) == []


@given(st.text(max_size=10))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_a_folder_holds_what_lies_below_it_by_whole_names() -> None:
    assert is_within("data/x/y", "data/x")
    assert not is_within("data/xy", "data/x")
    assert not is_within("data/x", "data/x")
    assert is_within("anything", "")


def test_what_systems_leave_behind_is_junk_at_any_depth() -> None:
    assert is_junk("a/.DS_Store")
    assert is_junk("a/.ipynb_checkpoints/x.ipynb")
    assert not is_junk("a/DS_Store")
