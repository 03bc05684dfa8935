"""Manifests: what is read, what is refused and how, what is written."""

import json
from pathlib import Path
from typing import Any

import pytest

from mlvgit.core.digest import Digest, of_bytes
from mlvgit.errors import DocumentError, Problem, UsageError
from mlvgit.records.manifest import FileEntry, Manifest, Retired, new_manifest
from tests.records.examples import HEX, OTHER, encoded, full_manifest, manifest

ROOT = Path(__file__).parents[2]


def parse(document: object) -> Manifest:
    return Manifest.parse(document if isinstance(document, bytes) else encoded(document), "m.json")


def refused(document: object) -> tuple[Problem, ...]:
    with pytest.raises(DocumentError) as caught:
        parse(document)
    assert caught.value.path == "m.json"
    return caught.value.problems


def entry(path: str, **changes: Any) -> dict[str, Any]:
    return {"path": path, "size_bytes": 1, "sha256": HEX, **changes}


def test_the_least_manifest_is_read() -> None:
    found = parse(manifest(created_utc=None, notes=None))

    assert (found.kind, found.name, found.version) == ("snapshot", "iris", "v0.1")
    assert found.files == (FileEntry("data/snapshots/iris_v0.1/iris.csv", 4608, HEX),)
    assert found.prefix == "data/snapshots/iris_v0.1"
    assert (found.total_bytes, found.file_count, found.format) == (4608, 1, "")
    assert found.by_relative() == {"iris.csv": found.files[0]}
    assert found.lineage == ((), "", "")


def test_every_key_is_read_and_written_back() -> None:
    found = parse(full_manifest())

    assert found.retired == Retired("Ada", "2026-02-01T00:00:00Z", "consent withdrawn", 4608)
    assert found.retired.covers("anything")
    assert found.lineage == (("raw_v1.0",), "https://example.org/iris", "r-1")
    written = json.loads(found.dump())
    assert {key: written[key] for key in full_manifest()} == full_manifest()


def test_the_manifest_of_a_model_version_is_read() -> None:
    found = parse(
        manifest(
            dataset=None, model="iris_clf", version="v0.2.0-rc.1", files=[entry("models/iris_clf/v0.2.0-rc.1/m.pkl")]
        )
    )

    assert (found.kind, found.name, found.prefix) == ("model", "iris_clf", "models/iris_clf/v0.2.0-rc.1")
    assert b'"model": "iris_clf"' in found.dump()


def test_writing_is_canonical() -> None:
    files = [entry("x/iris_v0.1/b"), entry("x/iris_v0.1/a/z"), entry("x/iris_v0.1/a-b"), entry("x/iris_v0.1/é")]

    lines = parse(manifest(files=files, notes="one\ntwo")).dump().decode().splitlines()

    assert [line.split('"')[3] for line in lines if line.startswith("    ")] == [
        "x/iris_v0.1/a-b", "x/iris_v0.1/a/z", "x/iris_v0.1/b", "x/iris_v0.1/é",
    ]  # fmt: skip
    assert [line.split('"')[1] for line in lines if line.startswith('  "')] == [
        "dataset", "version", "format", "tree_sha256", "total_bytes", "file_count", "created_utc", "notes", "files",
    ]  # fmt: skip


def test_what_was_written_is_read_and_written_to_the_same_bytes() -> None:
    for document in (manifest(), full_manifest()):
        written = parse(document).dump()

        assert parse(written).dump() == written


def test_the_identity_does_not_depend_on_the_place_or_the_order() -> None:
    here = parse(manifest(files=[entry("a/iris_v0.1/x"), entry("a/iris_v0.1/y", sha256=OTHER)]))
    there = parse(manifest(files=[entry("b/c/iris_v0.1/y", sha256=OTHER), entry("b/c/iris_v0.1/x")]))

    assert here.tree_sha256 == there.tree_sha256
    assert here.tree_sha256 != parse(manifest()).tree_sha256


def test_the_outermost_folder_of_the_name_is_the_frozen_directory() -> None:
    found = parse(manifest(files=[entry("d/iris_v0.1/iris_v0.1/x"), entry("d/iris_v0.1/y")]))

    assert found.prefix == "d/iris_v0.1"
    assert set(found.by_relative()) == {"iris_v0.1/x", "y"}


def test_a_size_with_a_decimal_point_is_a_whole_number() -> None:
    found = parse(manifest(files=[entry("iris_v0.1/x", size_bytes=4608.0)]))

    assert type(found.files[0].size_bytes) is int
    assert b"4608," in found.dump()


REFUSED: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "no-name": (
        manifest(dataset=None),
        "$",
        "exactly one of the keys 'dataset' and 'model' must be there, found neither",
        "MLV106",
    ),
    "two-names": (manifest(model="m"), "$", "found both", "MLV106"),
    "no-version": (manifest(version=None), "$", "the key 'version' is missing (a version)", "MLV106"),
    "no-files": (manifest(files=None), "$", "exactly one of the keys 'files' and 'files_list'", "MLV106"),
    "empty-files": (manifest(files=[]), "$.files", "must not be empty", "MLV106"),
    "unknown-key": ({**manifest(), "note": "x"}, "$.note", "unknown key \"note\"; did you mean 'notes'?", "MLV106"),
    "unknown-key-far": ({**manifest(), "zzzzz": 1}, "$.zzzzz", "known are dataset, model, version", "MLV106"),
    "unknown-key-in-entry": (
        manifest(files=[entry("iris_v0.1/x", size=1)]),
        "$.files[0].size",
        "did you mean 'size_bytes'?",
        "MLV106",
    ),
    "placeholder": (
        manifest(files=[entry("iris_v0.1/x", sha256="<sha256>")]),
        "$.files[0].sha256",
        '"<sha256>" is a placeholder: write the 64 hexadecimal digits that `shasum -a 256 FILE` prints',
        "MLV106",
    ),
    "placeholder-hex": (
        manifest(files=[entry("iris_v0.1/x", sha256="<64 hex>")]),
        "$.files[0].sha256",
        "is a placeholder",
        "MLV106",
    ),
    "placeholder-cut": (
        manifest(files=[entry("iris_v0.1/x", sha256="7b1f...")]),
        "$.files[0].sha256",
        "is a placeholder",
        "MLV106",
    ),
    "placeholder-size": (
        manifest(files=[entry("iris_v0.1/x", size_bytes="<size>")]),
        "$.files[0].size_bytes",
        '"<size>" is a placeholder: write a whole number (a size in bytes)',
        "MLV106",
    ),
    "upper-case-hash": (
        manifest(files=[entry("iris_v0.1/x", sha256=HEX.upper())]),
        "$.files[0].sha256",
        f"in lower case and nothing else: {HEX}",
        "MLV106",
    ),
    "prefixed-hash": (
        manifest(files=[entry("iris_v0.1/x", sha256="sha256:" + HEX)]),
        "$.files[0].sha256",
        f"nothing else: {HEX}",
        "MLV106",
    ),
    "hash-with-newline": (
        manifest(files=[entry("iris_v0.1/x", sha256=HEX + "\n")]),
        "$.files[0].sha256",
        "nothing else",
        "MLV106",
    ),
    "short-hash": (
        manifest(files=[entry("iris_v0.1/x", sha256=HEX[:63])]),
        "$.files[0].sha256",
        "expected the 64 hexadecimal",
        "MLV106",
    ),
    "size-as-text": (
        manifest(files=[entry("iris_v0.1/x", size_bytes="12")]),
        "$.files[0].size_bytes",
        'expected a whole number (a size in bytes), found "12"',
        "MLV106",
    ),
    "size-true": (
        manifest(files=[entry("iris_v0.1/x", size_bytes=True)]),
        "$.files[0].size_bytes",
        "found true",
        "MLV106",
    ),
    "size-negative": (
        manifest(files=[entry("iris_v0.1/x", size_bytes=-1)]),
        "$.files[0].size_bytes",
        "at least 0",
        "MLV106",
    ),
    "size-part": (
        manifest(files=[entry("iris_v0.1/x", size_bytes=1.5)]),
        "$.files[0].size_bytes",
        "a whole number",
        "MLV106",
    ),
    "version-number": (manifest(version=0.1), "$.version", 'write it in quotes: "0.1"', "MLV106"),
    "version-no-v": (manifest(version="0.1"), "$.version", 'such as "v0.1"', "MLV106"),
    "snapshot-with-model-version": (
        manifest(version="v0.1.0-rc.1", files=[entry("iris_v0.1.0-rc.1/x")]),
        "$.version",
        "not a snapshot version",
        "MLV106",
    ),
    "model-with-snapshot-version": (
        manifest(dataset=None, model="m", version="v0.1", files=[entry("m/v0.1/x")]),
        "$.version",
        "not a model version",
        "MLV106",
    ),
    "name-with-slash": (manifest(dataset="a/b"), "$.dataset", "expected a dataset name", "MLV106"),
    "created-placeholder": (
        manifest(created_utc="2026-..."),
        "$.created_utc",
        'write a moment in UTC, such as "2026-01-01T00:00:00Z"',
        "MLV106",
    ),
    "storage": (
        manifest(storage="strore"),
        "$.storage",
        "expected one of git, store, found \"strore\"; did you mean 'store'?",
        "MLV106",
    ),
    "wrong-tree": (manifest(tree_sha256=OTHER), "$.tree_sha256", f"says {OTHER}, but the entries give", "MLV106"),
    "wrong-total": (manifest(total_bytes=1), "$.total_bytes", "says 1, but the entries give 4608", "MLV106"),
    "wrong-count": (manifest(file_count=2), "$.file_count", "says 2, but the entries give 1", "MLV106"),
    "retired-path": (
        manifest(retired={"by": "a", "at": "2026-01-01", "reason": "r", "paths": ["x"]}),
        "$.retired.paths[0]",
        "none of the files",
        "MLV106",
    ),
    "parent": (manifest(files=[entry("iris_v0.1/../x")]), "$.files[0].path", "has the part '..'", "MLV105"),
    "absolute": (manifest(files=[entry("/iris_v0.1/x")]), "$.files[0].path", "is absolute", "MLV105"),
    "git-folder": (manifest(files=[entry("iris_v0.1/.GIT/x")]), "$.files[0].path", "take for .git", "MLV105"),
    "unsafe-above": (manifest(files=[entry(".git/iris_v0.1/x")]), "$.files[0].path", "take for .git", "MLV105"),
    "outside": (
        manifest(files=[entry("iris_v0.1/x"), entry("iris_v0.2/x")]),
        "$.files[1].path",
        "must stand below iris_v0.1/",
        "MLV105",
    ),
    "outside-all": (manifest(files=[entry("iris/x")]), "$.files[0].path", "in a folder named iris_v0.1/", "MLV105"),
    "folder-is-prefix-only": (
        manifest(files=[entry("iris_v0.1.2/x")]),
        "$.files[0].path",
        "in a folder named iris_v0.1/",
        "MLV105",
    ),
    "twice": (
        manifest(files=[entry("iris_v0.1/x"), entry("iris_v0.1/x")]),
        "$.files[1].path",
        "stands twice",
        "MLV105",
    ),
    "case": (
        manifest(files=[entry("iris_v0.1/x"), entry("iris_v0.1/X")]),
        "$.files[1].path",
        "are one name on some systems",
        "MLV105",
    ),
    "unicode": (
        manifest(files=[entry("iris_v0.1/é"), entry("iris_v0.1/e\u0301")]),
        "$.files[1].path",
        "are one name",
        "MLV105",
    ),
    "file-is-folder": (
        manifest(files=[entry("iris_v0.1/x/y"), entry("iris_v0.1/x")]),
        "$.files[0].path",
        "are one name",
        "MLV105",
    ),
    "folder-case": (
        manifest(files=[entry("iris_v0.1/D/x"), entry("iris_v0.1/d/y")]),
        "$.files[1].path",
        "are one name",
        "MLV105",
    ),
    "not-a-mapping": ([], "$", "expected a mapping", "MLV106"),  # type: ignore[dict-item]
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_said_with_its_place_and_the_rule(name: str) -> None:
    document, where, words, code = REFUSED[name]

    problems = refused(document)

    assert any(p.where == where and words in p.message and p.code == code for p in problems), problems
    assert all(p.line > 0 for p in problems)


def test_all_problems_come_at_once_with_their_lines() -> None:
    data = b"""{
 "datset": "iris",
 "version": "v0.1", "version": "v0.1",
 "created_utc": "yesterday",
 "files": [
  {"path": "iris_v0.1/x", "size_bytes": -1, "sha256": "<sha256>"}
 ]
}"""

    problems = refused(data)

    assert [(p.line, p.where) for p in problems] == [
        (1, "$"),
        (2, "$.datset"),
        (3, "$.version"),
        (4, "$.created_utc"),
        (6, "$.files[0].sha256"),
        (6, "$.files[0].size_bytes"),
    ]


def test_the_message_of_the_error_has_a_line_for_each_problem() -> None:
    with pytest.raises(DocumentError) as caught:
        parse(b'{\n"dataset": 1,\n"version": 2}')

    assert [line.split(" ")[0] for line in caught.value.message.splitlines()] == ["m.json:1:", "m.json:2:", "m.json:3:"]
    assert caught.value.exit_status == 1


def test_hostile_names_are_shown_escaped() -> None:
    (problem,) = refused(manifest(files=[entry("iris_v0.1/\x1b]0;pwn\x07")]))

    assert problem.message.isprintable()
    assert "\\x1b]0;pwn\\x07" in problem.message


def test_thousands_of_problems_are_cut_short() -> None:
    problems = refused(manifest(files=[entry("../x") for _ in range(5000)]))

    assert 50 <= len(problems) <= 101


def test_a_newer_minor_version_keeps_what_it_does_not_know() -> None:
    document = {**full_manifest(), "format": "1.7", "shards": [1, 2]}
    document["files"][0]["blake3"] = "x"
    document["retired"]["ticket"] = 7

    written = parse(document).dump()

    again = json.loads(written)
    assert (again["format"], again["shards"], again["files"][0]["blake3"], again["retired"]["ticket"]) == (
        "1.7",
        [1, 2],
        "x",
        7,
    )
    assert parse(written).dump() == written


def test_a_newer_minor_version_is_still_judged_by_what_is_known() -> None:
    assert any(p.where == "$.version" for p in refused({**manifest(version="1"), "format": "1.7", "shards": 1}))


def test_a_newer_major_version_names_the_program_that_reads_it() -> None:
    (problem,) = refused({"format": "2.1", "anything": 1})

    assert (problem.line, problem.where) == (2, "$.format")
    assert "mlvgit 2.0 or later" in problem.message


@pytest.mark.parametrize("text", ["1", "v1.0", "one", "1.0.0", ""])
def test_a_format_that_is_none_is_refused(text: str) -> None:
    assert refused(manifest(format=text))[0].where == "$.format"


def make(files: dict[str, bytes], **details: Any) -> Manifest:
    digests = [(path, of_bytes(data)) for path, data in files.items()]
    return new_manifest(
        "snapshot", "iris", "v0.1", digests, prefix="data/iris_v0.1", created_utc="2026-01-01T00:00:00Z", **details
    )


def test_a_new_manifest_is_what_is_read_back() -> None:
    made = make({"b": b"2", "a": b"1"}, notes="n", metadata={"k": 1}, derived_from=("raw_v1.0",))

    again = parse(made.dump())

    assert again.dump() == made.dump()
    assert [entry.path for entry in made.files] == ["data/iris_v0.1/a", "data/iris_v0.1/b"]
    assert (again.tree_sha256, again.notes, again.derived_from) == (made.tree_sha256, "n", ("raw_v1.0",))


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({}, "MLV106"),
        ({"../x": b""}, "MLV105"),
        ({"a": b"", "A": b""}, "MLV105"),
        ({"\udcff": b""}, "MLV105"),
        ({".git": b""}, "MLV105"),
    ],
)
def test_a_new_manifest_is_held_to_the_same_rules(files: dict[str, bytes], code: str) -> None:
    with pytest.raises(DocumentError) as caught:
        make(files)
    assert caught.value.problems[0].code == code


def test_a_prefix_that_is_not_named_for_the_version_is_refused() -> None:
    with pytest.raises(DocumentError, match=r"must stand in a folder named iris_v0\.1/"):
        new_manifest("snapshot", "iris", "v0.1", [("a", Digest(0, HEX))], prefix="data/iris", created_utc="")


def test_what_could_not_be_read_again_is_not_written() -> None:
    for notes, metadata in (("\udcff", {}), ("", {"x": float("nan")})):
        with pytest.raises(UsageError):
            make({"a": b""}, notes=notes, metadata=metadata).dump()


def test_a_tombstone_follows_its_files_to_another_version() -> None:
    files = [FileEntry("data/snapshots/d_v0.1/a", 1, "a" * 64), FileEntry("data/snapshots/d_v0.1/b", 1, "b" * 64)]
    gone = Retired("Ada", "2026-02-01T00:00:00Z", "consent withdrawn", 1, ("data/snapshots/d_v0.1/b",))
    manifest = Manifest(kind="snapshot", name="d", version="v0.1", files=files, retired=gone)

    moved = manifest.renumbered("v0.2", "data/snapshots/d_v0.2")

    assert moved.retired is not None
    assert moved.retired.paths == ("data/snapshots/d_v0.2/b",)
    assert Manifest.parse(moved.dump(), "m.json").retired == moved.retired
