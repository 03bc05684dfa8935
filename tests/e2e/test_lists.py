"""A snapshot whose list of files is an object of the store: small commit, same guards; falsified lists are found."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from mlvgit.core.digest import of_bytes
from mlvgit.core.digests import Digests, NamedDigests
from mlvgit.records.manifest import FileEntry, FileList, Manifest
from tests.conftest import Sandbox
from tests.e2e.conftest import Team

FOLDER = "data/snapshots/huge_v1.0"
MANIFEST = f"{FOLDER}.manifest.json"
FILES = {f"part{number % 2}/{number}.txt": f"row {number}\n".encode() for number in range(6)}


def object_of(folder: Path, sha256: str) -> Path:
    return folder / "sha256" / sha256[:2] / sha256[2:]


@pytest.fixture
def ada(team: Team) -> Sandbox:
    """Ada's clone: `huge v1.0` of six files, of which three would be too many for a manifest; nothing pushed yet."""
    ada = team.ada
    shelf = ada.playground.folder / "shelf"
    ada.write("mlv.yaml", f"limits: {{list_files: 3}}\nremotes:\n  shelf: {{url: {shelf}}}\n")
    ada.git("add", "mlv.yaml")
    ada.git("commit", "-qm", "Name a remote of bytes")
    for name, data in FILES.items():
        ada.write(f"src/{name}", data)
    ada.mlv("snapshot", "create", "huge", "v1.0", "src", "--storage", "store", "-m", "Freeze")
    (ada / "src").rename(ada.playground.folder / "src")
    return ada


@pytest.fixture
def shelf(ada: Sandbox) -> Path:
    return ada.playground.folder / "shelf"


def manifest_of(sandbox: Sandbox) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sandbox.read(MANIFEST))
    return found


def list_of(sandbox: Sandbox) -> Path:
    return object_of(sandbox / ".git/mlv/objects", manifest_of(sandbox)["files_list"]["sha256"])


def edit_manifest(sandbox: Sandbox, **changes: Any) -> None:
    sandbox.write(MANIFEST, json.dumps(manifest_of(sandbox) | changes, indent=2) + "\n")
    sandbox.git("add", MANIFEST)


def plant(sandbox: Sandbox, entries: list[FileEntry]) -> dict[str, Any]:
    """Put a list of other entries into the store; return what a manifest would say of it."""
    named = NamedDigests([each.path for each in entries], Digests(each[1:] for each in entries))
    files, data = FileList.of(named, "huge@v1.0")
    path = object_of(sandbox / ".git/mlv/objects", files.digest.sha256)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return {
        "files_list": {"sha256": files.digest.sha256, "size_bytes": files.digest.size},
        "tree_sha256": files.tree_sha256,
        "total_bytes": files.total_bytes,
        "file_count": len(files),
    }


def entries_of(sandbox: Sandbox) -> list[FileEntry]:
    return [FileEntry(**json.loads(line)) for line in list_of(sandbox).read_text().splitlines()]


def test_git_holds_a_manifest_without_entries_and_the_store_the_list(ada: Sandbox) -> None:
    found = manifest_of(ada)

    assert "files" not in found
    assert (found["file_count"], found["total_bytes"]) == (6, sum(map(len, FILES.values())))
    assert {entry.path: entry.sha256 for entry in entries_of(ada)} == {
        name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()
    }
    assert ada.git("ls-files", "data").out.split() == [MANIFEST]
    ada.mlv("verify")
    ada.mlv("check", "--all")
    assert "6 files" in ada.mlv("status").said
    assert "part1/5.txt" in ada.mlv("snapshot", "show", "huge@v1.0").said
    assert "already" in ada.mlv("snapshot", "create", "huge", "v1.0", FOLDER, "--storage", "store").said


def test_a_clone_knows_what_there_is_and_gets_list_and_bytes_by_pull(team: Team, ada: Sandbox, shelf: Path) -> None:
    ada.push("origin", "main")
    assert object_of(shelf, manifest_of(ada)["files_list"]["sha256"]).exists()
    carol = team.clone("carol")

    assert "6 files" in carol.mlv("status").said
    assert "git mlv pull huge@v1.0" in carol.mlv("snapshot", "show", "huge@v1.0").said
    carol.mlv("verify")
    carol.mlv("check", "--all")
    carol.mlv("check", "--all", "--remote")
    carol.write("code.py", "print()\n")
    carol.git("add", "code.py")
    carol.git("commit", "-qm", "Code")
    carol.push("origin", "HEAD:refs/heads/code")
    os.unlink(list_of(carol))
    carol.mlv("pull")

    assert {name: (carol / FOLDER / name).read_bytes() for name in FILES} == FILES
    carol.mlv("verify")
    assert carol.git("status", "--porcelain").out == ""
    assert "nothing to do" in carol.mlv("pull").said


def test_altered_bytes_are_refused_at_commit_as_ever(ada: Sandbox) -> None:
    path = ada / FOLDER / "part0/2.txt"
    os.chmod(path, 0o644)
    path.write_bytes(b"row X\n")
    ada.write("code.py", "print()\n")
    ada.git("add", "code.py")

    ada.assert_refused("commit", "-qm", "Code", because="MLV103")

    ada.mlv("restore", "huge@v1.0")
    assert path.read_bytes() == FILES["part0/2.txt"]
    ada.git("commit", "-qm", "Code")


def test_another_list_named_in_a_frozen_manifest_is_refused_whether_it_is_here_or_not(ada: Sandbox) -> None:
    other = plant(ada, [entry._replace(sha256="a" * 64) for entry in entries_of(ada)])
    edit_manifest(ada, **other)
    ada.assert_refused("commit", "-qm", "Falsify", because="MLV102")

    object_of(ada / ".git/mlv/objects", other["files_list"]["sha256"]).unlink()
    ada.assert_refused("commit", "-qm", "Falsify", because="MLV102")

    ada.git("commit", "-qnm", "Falsify")
    assert "MLV102" in ada.mlv("check", "HEAD~1..HEAD", check=False).said


def test_sizes_altered_in_the_list_alone_are_an_edited_manifest(ada: Sandbox) -> None:
    entries = entries_of(ada)
    other = plant(ada, [entries[0]._replace(size_bytes=entries[0].size_bytes + 1), *entries[1:]])
    assert other["tree_sha256"] == manifest_of(ada)["tree_sha256"]
    edit_manifest(ada, **other)

    ada.assert_refused("commit", "-qm", "Falsify", because="MLV102")


@pytest.mark.parametrize("key", ["tree_sha256", "total_bytes", "file_count"])
def test_a_list_that_gives_other_facts_than_its_manifest_is_refused(ada: Sandbox, key: str) -> None:
    ada.git("rm", "-q", "--cached", MANIFEST)
    ada.git("commit", "-qnm", "Nothing frozen yet")
    edit_manifest(ada, **{key: "a" * 64 if key == "tree_sha256" else 7})

    refused = ada.assert_refused("commit", "-qm", "Freeze by hand", because="MLV106")

    assert "in its list of files" in refused.said


@pytest.mark.parametrize("path", ["../../escape.txt", "/etc/x"])
def test_a_hostile_list_is_refused_and_writes_nothing(ada: Sandbox, team: Team, shelf: Path, path: str) -> None:
    other = plant(ada, [FileEntry(path, 4, of_bytes(b"evil").sha256)])
    edit_manifest(ada, **other)
    ada.git("commit", "-qnm", "Falsify")
    assert "MLV105" in ada.mlv("check", "HEAD~1..HEAD", check=False).said
    ada.git("push", "-q", "--no-verify", "origin", "main")
    for sha256, data in ((of_bytes(b"evil").sha256, b"evil"), (other["files_list"]["sha256"], None)):
        target = object_of(shelf, sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data or object_of(ada / ".git/mlv/objects", sha256).read_bytes())
    carol = team.clone("carol")
    before = sorted(str(each) for each in carol.path.parent.rglob("*") if ".git" not in each.parts)

    pulled = carol.mlv("pull", check=False)

    assert pulled.status != 0
    assert sorted(str(each) for each in carol.path.parent.rglob("*") if ".git" not in each.parts) == before


def test_a_damaged_list_is_set_aside_and_healed_from_the_remote(ada: Sandbox, shelf: Path) -> None:
    ada.push("origin", "main")
    path = list_of(ada)
    whole = path.read_bytes()
    os.chmod(path, 0o644)
    path.write_bytes(whole.replace(b'"size_bytes": 6', b'"size_bytes": 7', 1))

    assert "the list of the files is not here" in ada.mlv("snapshot", "show", "huge@v1.0").said
    assert not path.exists()
    ada.mlv("pull", "huge@v1.0")

    assert path.read_bytes() == whole


@pytest.mark.parametrize("command", [("fsck",), ("push",)], ids=lambda command: command[0])
def test_a_list_that_is_nowhere_is_made_anew_from_the_files(ada: Sandbox, command: tuple[str, ...]) -> None:
    path = list_of(ada)
    whole = path.read_bytes()
    path.unlink()

    ada.mlv(*command)

    assert path.read_bytes() == whole
    ada.push("origin", "main")


def test_a_list_that_is_damaged_on_the_remote_is_not_taken_for_there(team: Team, ada: Sandbox, shelf: Path) -> None:
    ada.push("origin", "main")
    path = object_of(shelf, manifest_of(ada)["files_list"]["sha256"])
    data = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(data[:80] + bytes([data[80] ^ 1]) + data[81:])

    carol = team.clone("carol")
    assert "MLV401" in carol.mlv("check", "--all", "--remote", check=False).said
    assert "MLV401" in carol.mlv("check", "HEAD~1..HEAD", "--remote", check=False).said
    ada.mlv("fsck", "--remote")
    carol.mlv("check", "--all", "--remote")


def test_a_list_that_is_nowhere_refuses_the_push_and_freezing_again_brings_it_back(ada: Sandbox, shelf: Path) -> None:
    path = list_of(ada)
    whole = path.read_bytes()
    path.unlink()
    (ada / FOLDER).rename(ada.playground.folder / "away")

    refused = ada.push("origin", "main", check=False)

    assert refused.status != 0
    assert manifest_of(ada)["files_list"]["sha256"] in refused.said
    (ada.playground.folder / "away").rename(ada / FOLDER)
    ada.mlv("snapshot", "create", "huge", "v1.0", FOLDER, "--storage", "store")
    assert path.read_bytes() == whole
    ada.push("origin", "main")


def test_a_remote_that_lost_the_list_or_a_file_is_found_by_existence_alone(
    team: Team, ada: Sandbox, shelf: Path
) -> None:
    ada.push("origin", "main")
    object_of(shelf, manifest_of(ada)["files_list"]["sha256"]).unlink()

    assert "MLV401" in ada.mlv("check", "--all", "--remote", check=False).said
    assert "MLV401" in team.clone("carol").mlv("check", "--all", "--remote", check=False).said


def test_another_number_keeps_the_list(ada: Sandbox) -> None:
    before = manifest_of(ada)
    ada.mlv("renumber", "huge@v1.0", "v1.1")

    after = json.loads(ada.read("data/snapshots/huge_v1.1.manifest.json"))

    assert (after["files_list"], after["tree_sha256"]) == (before["files_list"], before["tree_sha256"])
    ada.mlv("verify", "huge@v1.1")
    ada.git("commit", "-qam", "Renumber")


def test_a_second_version_is_compared_with_the_first(ada: Sandbox) -> None:
    ada.write("more/extra.txt", b"more")
    ada.mlv("snapshot", "create", "huge", "v1.1", "--base", "huge@v1.0", "--add", "more/extra.txt", "-m", "More")

    said = ada.mlv("snapshot", "diff", "huge@v1.0", "huge@v1.1").said

    assert "extra.txt" in said
    assert Manifest.parse(ada.read("data/snapshots/huge_v1.1.manifest.json"), "m").file_count == 7


def test_drop_keeps_the_list_and_gc_needs_it(ada: Sandbox) -> None:
    ada.push("origin", "main")
    path = list_of(ada)
    ada.mlv("gc", "--grace", "0")
    assert path.exists()

    ada.mlv("drop", "huge@v1.0")

    assert path.exists()
    assert not (ada / FOLDER).exists()
    ada.mlv("check", "--all")
    ada.mlv("pull")
    assert {name: (ada / FOLDER / name).read_bytes() for name in FILES} == FILES
