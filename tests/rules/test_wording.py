import subprocess

import pytest

from mlvgit.records.layout import Key
from mlvgit.rules.contents import pointer
from mlvgit.rules.lookup import canonical, snapshot_named, spellings
from mlvgit.rules.wording import described, listed, next_version, quoted
from tests.rules.world import IRIS, MODEL, valid


@pytest.mark.parametrize("word", ["plain", "a b", "it's", "$(touch x)", "`x`", "a;b", "-n", "é", "a\\b", '"', "*"])
def test_a_quoted_word_is_read_back_by_a_shell(word):
    said = subprocess.run(["/bin/sh", "-c", f"printf %s. {quoted(word)}"], capture_output=True, text=True).stdout

    assert said == word + "."


def test_control_characters_are_not_in_a_quoted_word():
    assert quoted("\x1b[2J\n").isprintable()


def test_a_long_list_says_how_many_more():
    assert listed(["a", "b"], 2) == ("a", "b")
    assert listed(["a", "b", "c", "d"], 2) == ("a", "b", "and 2 more")


def test_a_version_is_described_by_when_what_and_which():
    thing = valid().catalog.frozen(MODEL)

    assert described(thing).startswith("iris_clf@v0.1.0 was frozen 2026-01-01: 3 files, ")
    assert (
        described(thing._replace(manifest=None)) == "iris_clf@v0.1.0 is frozen by models/iris_clf/v0.1.0.manifest.json"
    )


def test_the_next_version_is_free():
    assert next_version(valid().catalog, IRIS) == "v0.3"
    assert next_version(valid().catalog, MODEL) == "v0.1.1"


@pytest.mark.parametrize("text", ["iris_v0.1", "iris@v0.1", "data:iris@v0.1"])
def test_documents_name_snapshots_in_several_ways(text):
    assert snapshot_named("", text) == IRIS


@pytest.mark.parametrize("text", ["", "iris", "iris@latest", "run:x", "model:iris@v0.1", "iris_clf@production", "\x00"])
def test_what_is_no_version_of_a_snapshot_names_none(text):
    assert snapshot_named("", text) is None


def test_two_spellings_are_one_version():
    assert spellings(IRIS) == (IRIS, IRIS._replace(version="v0.1.0"))
    assert spellings(IRIS._replace(version="v0.1.2")) == (IRIS._replace(version="v0.1.2"),)
    assert canonical(IRIS) == canonical(IRIS._replace(version="v0.1.0"))
    assert canonical(MODEL) == MODEL
    assert spellings(Key("", "snapshot", "x", "hostile")) == (Key("", "snapshot", "x", "hostile"),)


def test_a_pointer_is_read_to_the_letter():
    text = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 12\n"

    assert pointer(text) == (12, "a" * 64)
    assert pointer(text + b"x") is None
    assert pointer(text.replace(b"a" * 64, b"A" * 64)) is None
    assert pointer(b"") is None
