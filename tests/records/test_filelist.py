"""The list of a huge snapshot's files: one form, read strictly, held to what the manifest says; and never believed."""

import json
from typing import Any

import pytest

from mlvgit.core.digest import of_bytes
from mlvgit.core.digests import Digests, NamedDigests
from mlvgit.errors import DocumentError, IntegrityError, RemoteError
from mlvgit.records.filelist import FileList, dump_entries, parse_entries
from mlvgit.records.manifest import FileEntry, Manifest, new_manifest

FILES = {"b/é.txt": b"1", 'a"q".txt': b"22", "z.txt": b"", "Z2.txt": b"333"}


def inline(**details: Any) -> Manifest:
    return new_manifest(
        "snapshot",
        "huge",
        "v1.0",
        [(path, of_bytes(data)) for path, data in FILES.items()],
        prefix="data/snapshots/huge_v1.0",
        created_utc="2026-01-01T00:00:00Z",
        storage="store",
        **details,
    )


def with_list(manifest: Manifest) -> tuple[Manifest, bytes]:
    """Return the same manifest with its entries as a list of their own, and the bytes of that list."""
    found = manifest.by_relative()
    named = NamedDigests(list(found), Digests(entry[1:] for entry in found.values()))
    files, data = FileList.of(named, f"{manifest.name}@{manifest.version}")
    return manifest._replace(files=files, declared_tree_sha256=files.tree_sha256), data


def line(path: str, size: object = 1, sha256: str = "a" * 64, rest: str = "") -> str:
    return f'{{"path": {json.dumps(path, ensure_ascii=False)}, "size_bytes": {size}, "sha256": "{sha256}"{rest}}}\n'


def read_back(manifest: Manifest, data: bytes | None) -> Manifest:
    found = Manifest.parse(manifest.dump(), "huge_v1.0.manifest.json")
    assert isinstance(found.files, FileList)
    found.files.source = lambda digest: data if digest == manifest.list_digest() else None
    return found


def test_a_manifest_that_names_its_list_is_small_and_says_what_the_one_with_entries_says() -> None:
    whole = inline()
    listed, data = with_list(whole)
    read = read_back(listed, data)

    assert b"z.txt" not in listed.dump()
    assert (read.tree_sha256, read.total_bytes, read.file_count, len(read.files)) == (whole.tree_sha256, 6, 4, 4)
    assert {name: entry[1:] for name, entry in read.by_relative().items()} == {
        name: entry[1:] for name, entry in whole.by_relative().items()
    }
    assert Manifest.parse(listed.dump(), "m").dump() == listed.dump()


def test_one_list_of_entries_has_one_sha256_so_that_manifests_are_compared_without_it() -> None:
    whole = inline()
    listed, _ = with_list(whole)
    absent = Manifest.parse(listed.dump(), "m")

    assert absent.same_entries(whole)
    assert whole.same_entries(absent)
    assert absent.same_entries(listed)
    other = whole._replace(files=tuple(entry._replace(size_bytes=entry.size_bytes + 1) for entry in whole.files))
    assert other.tree_sha256 == whole.tree_sha256
    assert not absent.same_entries(with_list(other)[0])


def test_what_the_manifest_says_is_known_without_the_list_and_the_rest_asks_to_pull_it() -> None:
    listed, _ = with_list(inline())
    absent = read_back(listed, None)

    assert (absent.file_count, absent.total_bytes, absent.entries_here) == (4, 6, False)
    with pytest.raises(RemoteError, match=r"the list of the 4 files of huge@v1\.0") as caught:
        absent.by_relative()
    assert caught.value.hint.startswith("git mlv pull huge@v1.0")


def test_a_list_that_comes_later_is_found_then() -> None:
    listed, data = with_list(inline())
    read = read_back(listed, None)
    assert not read.entries_here

    assert isinstance(read.files, FileList)
    read.files.source = lambda _: data

    assert read.entries_here


def test_bytes_under_the_name_of_a_list_are_not_believed() -> None:
    listed, data = with_list(inline())

    altered = read_back(listed, data.replace(b'"size_bytes": 2,', b'"size_bytes": 3,'))

    assert not altered.entries_here
    with pytest.raises(IntegrityError, match="damaged"):
        altered.by_relative()


@pytest.mark.parametrize("key", ["tree_sha256", "total_bytes", "file_count"])
def test_a_sound_list_of_other_files_than_the_manifest_says_is_refused(key: str) -> None:
    listed, data = with_list(inline())
    document = json.loads(listed.dump())
    document[key] = "0" * 64 if key == "tree_sha256" else document[key] + 1

    forged = Manifest.parse(json.dumps(document).encode(), "m")
    assert isinstance(forged.files, FileList)
    forged.files.source = lambda _: data

    with pytest.raises(DocumentError, match="but the entries give"):
        forged.by_relative()
    assert not forged.entries_here


WRONG = {
    "no-line": "",
    "no-last-line-feed": line("a").rstrip(),
    "spaces": line("a").replace(": ", ":"),
    "keys-in-another-order": '{"size_bytes": 1, "path": "a", "sha256": "' + "a" * 64 + '"}\n',
    "key-twice": line("a", rest=', "path": "b"'),
    "unknown-key": line("a", rest=', "blake3": "x"'),
    "carriage-return": line("a").replace("\n", "\r\n"),
    "byte-order-mark": "\ufeff" + line("a"),
    "empty-line": line("a") + "\n" + line("b"),
    "a-list": "[" + line("a") + "]\n",
    "negative-size": line("a", -1),
    "size-with-fraction": line("a", 1.5),
    "size-beyond-2**53": line("a", 2**53 + 1),
    "size-of-thousand-digits": line("a", "9" * 1000),
    "upper-case-sha256": line("a", sha256="A" * 64),
    "short-sha256": line("a", sha256="a" * 63),
    "not-sorted": line("b") + line("a"),
    "twice": line("a") + line("a"),
    "an-escape-too-many": line("a").replace('"a"', '"\\u0061"'),
    "half-a-surrogate-pair": line("a").replace('"a"', '"\\ud800"'),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_list_has_one_form(name: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_entries(WRONG[name].encode(), "the list")

    assert {problem.code for problem in caught.value.problems} == {"MLV106"}


def test_bytes_that_are_not_utf8_are_refused_with_their_line() -> None:
    with pytest.raises(DocumentError, match="the list:2: "):
        parse_entries(line("a").encode() + line("b").encode().replace(b'"b"', b'"\xff"'), "the list")


def named(*paths: str) -> NamedDigests:
    return NamedDigests(paths, Digests((1, "a" * 64) for _ in paths))


UNSAFE = ["../a", "/a", "a//b", ".git/config", "GIT~1", "a\u202eb", "a\x7fb", "a/./b", "x" * 256, "C:a"]


@pytest.mark.parametrize("path", UNSAFE)
def test_unsafe_names_are_unsafe_in_a_list_too(path: str) -> None:
    files, data = FileList.of(named(path), "huge@v1.0")
    hostile = FileList(files.digest, owner="huge@v1.0", file_count=1, total_bytes=1, tree_sha256=files.tree_sha256)
    hostile.source = lambda _: data

    with pytest.raises(DocumentError) as caught:
        hostile.entries()

    assert {problem.code for problem in caught.value.problems} == {"MLV105"}


@pytest.mark.parametrize("pair", [("A.txt", "a.txt"), ("a", "a/b"), ("e\u0301", "é"), ("A/x", "a/y")])
def test_two_names_for_one_file_on_some_system_are_refused_in_a_list_too(pair: tuple[str, str]) -> None:
    files, data = FileList.of(named(*pair), "huge@v1.0")
    hostile = FileList(files.digest, owner="huge@v1.0", file_count=2, total_bytes=2, tree_sha256=files.tree_sha256)
    hostile.source = lambda _: data

    with pytest.raises(DocumentError) as caught:
        hostile.entries()

    assert {problem.code for problem in caught.value.problems} == {"MLV105"}


def test_keys_of_a_newer_minor_version_are_left_alone_in_a_list() -> None:
    data = (line("a", rest=', "blake3": "x"') + line("b")).encode()

    assert [entry.path for entry in parse_entries(data, "the list", newer=True)] == ["a", "b"]


def test_a_long_list_is_read_in_portions_and_written_back() -> None:
    entries = [FileEntry(f"{number:06}/ö.bin", number, f"{number:064x}") for number in range(60_000)]
    data = dump_entries(entries)

    assert len(data) > 1 << 22
    assert list(parse_entries(data, "the list")) == entries


def manifest(**changes: Any) -> bytes:
    listed, _ = with_list(inline())
    document = json.loads(listed.dump()) | changes
    return json.dumps({key: value for key, value in document.items() if value is not None}).encode()


REFUSED = {
    "of-a-model": (manifest(dataset=None, model="huge", version="v1.0.0"), "$.files_list"),
    "kept-in-git": (manifest(storage="git"), "$.files_list"),
    "no-storage": (manifest(storage=None), "$.files_list"),
    "no-identity": (manifest(tree_sha256=None), "$"),
    "no-total": (manifest(total_bytes=None), "$"),
    "no-count": (manifest(file_count=None), "$"),
    "entries-too": (manifest(files=[{"path": "x/huge_v1.0/a", "size_bytes": 1, "sha256": "a" * 64}]), "$"),
    "no-size": (manifest(files_list={"sha256": "a" * 64}), "$.files_list"),
    "empty-list": (manifest(files_list={"sha256": "a" * 64, "size_bytes": 0}), "$.files_list.size_bytes"),
    "longer-than-any": (manifest(files_list={"sha256": "a" * 64, "size_bytes": 1 << 31}), "$.files_list.size_bytes"),
    "a-path-for-a-name": (manifest(files_list={"sha256": "../" * 21 + "a", "size_bytes": 1}), "$.files_list.sha256"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_manifest_that_names_a_list_must_say_what_can_be_known_without_it(name: str) -> None:
    data, where = REFUSED[name]

    with pytest.raises(DocumentError) as caught:
        Manifest.parse(data, "m")

    assert where in {problem.where for problem in caught.value.problems}


def test_another_number_keeps_the_list() -> None:
    listed, _ = with_list(inline())

    again = listed.renumbered("v1.1", "data/snapshots/huge_v1.1")

    assert (again.version, again.list_digest(), again.tree_sha256) == ("v1.1", listed.list_digest(), listed.tree_sha256)
