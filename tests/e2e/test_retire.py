"""Erasure, end to end: what was retired is nowhere on the disk or the remotes, every other byte is as it was."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from pathlib import Path

import pytest

from tests.conftest import Sandbox
from tests.contracts.servers import BUCKET, KEY, SECRET, seaweedfs
from tests.e2e.conftest import Team

SECRETS = {name: f"<<{name}: nobody may ever read this again>>".encode() for name in ("whole", "packed", "extent")}
WHY = ("--reason", "Consent withdrawn", "--yes")


def noise(seed: int, length: int) -> bytes:
    return random.Random(seed).randbytes(length)


def fill(ada: Sandbox, remote: str) -> None:
    """Freeze a big file, forty small ones in packs, and a second version of the big one that is ranges of the first."""
    ada.write("mlv.yaml", f"remotes:\n  shelf: {remote}\n")
    ada.git("add", "mlv.yaml")
    ada.git("commit", "-qm", "Name a remote of bytes")
    head, tail = noise(1, 600_000), noise(2, 600_000)
    ada.write("raw/big.bin", head + SECRETS["extent"] + tail)
    ada.write("raw/other.bin", noise(3, 700_000) + SECRETS["whole"])
    for number in range(40):
        secret = SECRETS["packed"] if number == 17 else b""
        ada.write(f"raw/small/{number}.txt", noise(number + 10, 3000) + secret)
    ada.mlv("snapshot", "create", "scans", "v0.1", "raw", "--storage", "store", "-m", "Freeze scans")
    ada.write("raw/big.bin", head + noise(4, 100) + tail)
    os.unlink(ada / "raw/other.bin")
    ada.mlv("snapshot", "create", "scans", "v0.2", "raw", "--storage", "store", "-m", "Freeze scans again")
    shutil.rmtree(ada / "raw")


@pytest.fixture
def shelf(playground_folder: Path) -> Path:
    return playground_folder / "shelf"


@pytest.fixture
def playground_folder(team: Team) -> Path:
    return team.playground.folder


@pytest.fixture
def ada(team: Team, shelf: Path) -> Sandbox:
    """Ada's clone: two versions of scans in the store, pushed, with a folder as the remote of bytes."""
    fill(team.ada, f"{{url: {shelf}}}")
    team.ada.mlv("push")
    return team.ada


def files_with(secret: bytes, *folders: Path) -> list[str]:
    """Return the files below the folders that have these bytes, Git's own objects left out."""
    return [
        str(path)
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and secret in path.read_bytes()
    ]


def assert_nowhere(name: str, *folders: Path) -> None:
    assert files_with(SECRETS[name], *folders) == []


def digest_of(repo: Sandbox, version: str, name: str) -> str:
    manifest = json.loads(repo.read(f"data/snapshots/scans_{version}.manifest.json"))
    return next(entry["sha256"] for entry in manifest["files"] if entry["path"].endswith(name))


def assert_whole(team: Team, *lost: str, keys: dict[str, str] | None = None) -> None:
    """Fail unless a fresh clone gets every file that was not retired, and Ada's store and the remote are sound."""
    more = keys or {}
    team.ada.mlv("push", **more)
    fresh = team.clone("fresh")
    fresh.mlv("pull", "--all", **more)
    fresh.mlv("verify", "scans@v0.1", "scans@v0.2", **more)
    for version in ("v0.1", "v0.2"):
        manifest = json.loads(fresh.read(f"data/snapshots/scans_{version}.manifest.json"))
        for entry in manifest["files"]:
            path = fresh / entry["path"]
            gone = any(entry["path"].endswith(name) for name in lost)
            assert path.exists() is not gone, path
            assert gone or hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]
    assert "BAD" not in team.ada.mlv("fsck", **more).said
    assert "BAD" not in team.ada.mlv("fsck", "--remote", **more).said


@pytest.mark.parametrize(
    ("name", "path"), [("whole", "other.bin"), ("packed", "small/17.txt")], ids=["a whole object", "a file in a pack"]
)
def test_a_retired_file_is_nowhere_on_the_disk_or_the_remote(
    team: Team, ada: Sandbox, shelf: Path, name: str, path: str
) -> None:
    assert len(files_with(SECRETS[name], ada.path, shelf)) >= 3

    ada.mlv("retire", "scans@v0.1", path, *WHY, "-m", "Retire it")

    assert_nowhere(name, ada.path, shelf)
    assert ada.git("status", "--porcelain").out == ""
    assert_whole(team, path)


def test_what_only_the_erased_predecessor_used_is_gone_and_its_successor_verifies(
    team: Team, ada: Sandbox, shelf: Path
) -> None:
    sha256 = digest_of(ada, "v0.1", "big.bin")
    assert any(sha256 in path.read_text() for path in shelf.glob("extents/*/*"))

    ada.mlv("retire", "--sha256", sha256, *WHY, "-m", "Retire it")

    assert_nowhere("extent", ada.path, shelf)
    assert not (ada / "data/snapshots/scans_v0.1/big.bin").exists()
    assert (ada / "data/snapshots/scans_v0.2/big.bin").exists()
    ada.mlv("push")
    fresh = team.clone("fresh")
    fresh.mlv("pull", "scans@v0.2")
    fresh.mlv("verify", "scans@v0.2")
    ada.mlv("fsck")


def test_without_yes_nothing_goes_and_without_a_reason_nothing_is_even_looked_for(ada: Sandbox, shelf: Path) -> None:
    before = len(files_with(SECRETS["whole"], ada.path, shelf))

    said = ada.mlv("retire", "scans@v0.1", "other.bin", "--reason", "x").said
    dry = ada.mlv("retire", "scans@v0.1", "other.bin", *WHY, "-n").said

    assert "would remove" in said
    assert "would remove" in dry
    assert "data/snapshots/scans_v0.1/other.bin" in said
    assert len(files_with(SECRETS["whole"], ada.path, shelf)) == before
    assert ada.git("status", "--porcelain").out == ""
    assert ada.mlv("retire", "scans@v0.1", "--yes", check=False).status == 2
    assert ada.mlv("retire", "scans@v0.1", "none.bin", *WHY, check=False).status == 2
    assert ada.mlv("retire", "--sha256", "a" * 64, *WHY, check=False).status == 2


def test_a_whole_version_goes_from_every_version_that_has_its_bytes(ada: Sandbox, shelf: Path) -> None:
    said = ada.mlv("retire", "scans@v0.2", *WHY, "-m", "Retire it").said

    assert "next: git mlv push" in said
    first, second = (
        json.loads(ada.read(f"data/snapshots/scans_{version}.manifest.json")) for version in ("v0.1", "v0.2")
    )
    assert "paths" not in second["retired"]
    assert len(first["retired"]["paths"]) == 40
    assert second["retired"]["reason"] == "Consent withdrawn"
    assert_nowhere("packed", ada.path, shelf)
    assert not (ada / "data/snapshots/scans_v0.2").exists()
    ada.mlv("verify", "scans@v0.1")
    for command in ("resolve", "pull", "restore", "drop"):
        asked = ada.mlv(command, "scans@v0.2", check=False)
        assert asked.status == 1
        assert "scans@v0.2 was retired by Ada" in asked.err
        assert "Consent withdrawn" in asked.err
    assert "retired already" in ada.mlv("retire", "scans@v0.2", *WHY).said
    assert ada.git("status", "--porcelain").out == ""


def test_every_guard_accepts_exactly_the_hole(team: Team, ada: Sandbox) -> None:
    ada.write("tracked/a.csv", b"a\n" + SECRETS["whole"])
    ada.write("tracked/b.csv", "b\n")
    ada.mlv("snapshot", "create", "rows", "v0.1", "tracked", "--storage", "git", "-m", "Freeze rows")
    ada.push("origin", "main")

    said = ada.mlv("retire", "rows@v0.1", "a.csv", *WHY).said

    assert "git filter-repo --invert-paths --path data/snapshots/rows_v0.1/a.csv" in said
    ada.git("commit", "-qm", "Retire a row file")
    ada.push("origin", "main")
    ada.mlv("verify")
    ada.git("rm", "-q", "data/snapshots/rows_v0.1/b.csv")
    ada.assert_refused("commit", "-qm", "Remove another one", because="MLV101")
    ada.git("commit", "-qm", "Remove another one", "--no-verify")
    refused = ada.push("--no-verify", "origin", "main", check=False)
    assert refused.status != 0
    assert "MLV101" in refused.said


def test_the_commit_takes_along_that_git_has_the_file_no_more(team: Team, ada: Sandbox) -> None:
    ada.write("tracked/a.csv", b"a\n" + SECRETS["whole"])
    ada.write("tracked/b.csv", "b\n")
    ada.mlv("snapshot", "create", "rows", "v0.1", "tracked", "--storage", "git", "-m", "Freeze rows")
    ada.write("mine.txt", "staged, and of no concern")
    ada.git("add", "mine.txt")

    ada.mlv("retire", "rows@v0.1", "a.csv", *WHY, "-m", "Retire a row file")

    assert ada.git("ls-tree", "--name-only", "HEAD", "data/snapshots/rows_v0.1/").out.split() == [
        "data/snapshots/rows_v0.1/b.csv"
    ]
    assert ada.git("status", "--porcelain").out.splitlines() == ["A  mine.txt", "?? tracked/"]
    ada.mlv("check", "--all")
    assert "stands as it was frozen" in ada.mlv("restore", "rows@v0.1").said
    ada.mlv("verify", "rows@v0.1")


def test_a_commit_that_is_refused_has_removed_nothing(ada: Sandbox, shelf: Path) -> None:
    before = len(files_with(SECRETS["whole"], ada.path, shelf))
    ada.hook("commit-msg", "exit 1")

    assert ada.mlv("retire", "scans@v0.1", "other.bin", *WHY, "-m", "No", check=False).status != 0

    assert len(files_with(SECRETS["whole"], ada.path, shelf)) == before


def test_another_clone_lets_go_of_the_bytes_at_its_next_pull(team: Team, ada: Sandbox) -> None:
    bob = team.bob
    bob.git("pull", "-q")
    bob.mlv("pull", "--all")
    assert files_with(SECRETS["packed"], bob.path) != []
    ada.mlv("retire", "scans@v0.1", "small/17.txt", *WHY, "-m", "Retire it")
    ada.mlv("push")

    bob.git("pull", "-q")
    dry = bob.mlv("pull", "-n").said
    said = bob.mlv("pull").said

    assert "would remove" in dry
    assert "Consent withdrawn" in said
    assert_nowhere("packed", bob.path)
    assert (bob / "data/snapshots/scans_v0.1/small/16.txt").exists()
    bob.mlv("verify")
    bob.mlv("fsck")
    assert "removed" not in bob.mlv("pull").said


def test_what_serves_and_was_trained_on_the_bytes_is_named_loudly(ada: Sandbox) -> None:
    ada.write("out/model.pkl", "weights\n")
    ada.mlv("model", "add", "clf", "v0.1.0", "out/model.pkl", "--data", "scans@v0.1", "-m", "Add clf")
    ada.mlv("promote", "clf", "v0.1.0", "production", "--tag", "-m", "first")

    ran = ada.mlv("retire", "scans@v0.1", "other.bin", *WHY, "-m", "Retire it", check=False)

    assert ran.status == 1
    assert "clf@v0.1.0 (production) serves now" in ran.err


def test_a_remote_that_cannot_be_reached_is_named_and_the_same_command_ends_it(
    team: Team, ada: Sandbox, shelf: Path
) -> None:
    away = shelf.with_name("away")
    shelf.rename(away)
    shelf.write_text("no folder")

    ran = ada.mlv("retire", "scans@v0.1", "small/17.txt", *WHY, "-m", "Retire it", check=False)

    assert ran.status == 4
    assert "not gone from shelf" in ran.err
    assert_nowhere("packed", ada.path)
    shelf.unlink()
    away.rename(shelf)
    ada.mlv("retire", "scans@v0.1", "small/17.txt", *WHY, "-m", "Retire it")
    assert_nowhere("packed", ada.path, shelf)


def test_a_damaged_copy_in_quarantine_goes_too(ada: Sandbox, shelf: Path) -> None:
    sha256 = digest_of(ada, "v0.1", "other.bin")
    stored = ada / f".git/mlv/objects/sha256/{sha256[:2]}/{sha256[2:]}"
    stored.chmod(0o644)
    stored.write_bytes(b"!" + stored.read_bytes()[1:])
    ada.mlv("fsck")
    assert len(list((ada / ".git/mlv/objects/quarantine").iterdir())) == 1

    ada.mlv("retire", "scans@v0.1", "other.bin", *WHY, "-m", "Retire it")

    assert_nowhere("whole", ada.path, shelf)


def test_a_shared_store_keeps_what_another_repository_needs_until_that_retires_it(
    team: Team, ada: Sandbox, shelf: Path
) -> None:
    common = team.playground.folder / "common"
    bob = team.bob
    bob.git("pull", "-q")
    for person in (ada, bob):
        person.config("mlv.store", str(common))
        person.mlv("fsck")
    bob.mlv("pull", "--all")

    ran = ada.mlv("retire", "scans@v0.1", "other.bin", *WHY, "-m", "Retire it", check=False)

    assert ran.status == 1
    assert "uses this store" in ran.err
    assert_nowhere("whole", ada.path, shelf)
    assert files_with(SECRETS["whole"], common) != []
    bob.mlv("verify")
    ada.mlv("push")
    bob.git("pull", "-q")
    bob.mlv("pull")
    assert_nowhere("whole", bob.path, common)


def test_a_bucket_has_not_a_byte_of_it_left(team: Team, tmp_path_factory: pytest.TempPathFactory) -> None:
    from mlvgit.records.settings import Remote as Named
    from mlvgit.remotes.table import open_remote

    ada = team.ada
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
    with pytest.MonkeyPatch.context() as patch, seaweedfs(tmp_path_factory.mktemp("weed")) as endpoint:
        for name, value in keys.items():
            patch.setenv(name, value)
        url = f"s3://{BUCKET}/team"
        fill(ada, f"{{url: '{url}', endpoint: '{endpoint}'}}")
        ada.mlv("push", **keys)
        remote = open_remote(Named("shelf", url, endpoint), ada.path)

        def there() -> bytes:
            found = b""
            for space in ("sha256", "extents"):
                for each in list(remote.names(space)):
                    with remote.download(each, space) as reader:
                        while portion := reader.read(1 << 20):
                            found += portion
            return found

        before = there()
        assert [name for name, secret in SECRETS.items() if secret not in before] == []

        for path in ("other.bin", "small/17.txt", "big.bin"):
            ada.mlv("retire", "scans@v0.1", path, *WHY, "-m", "Retire it", **keys)

        after = there()
        assert [name for name, secret in SECRETS.items() if secret in after] == []
        assert files_with(SECRETS["whole"], ada.path) == []
        fresh = _fresh(team, keys)
        assert hashlib.sha256(fresh.read("data/snapshots/scans_v0.2/big.bin")).hexdigest() == digest_of(
            ada, "v0.2", "big.bin"
        )


def _fresh(team: Team, keys: dict[str, str]) -> Sandbox:
    team.ada.mlv("push", **keys)
    fresh = team.clone("fresh")
    fresh.mlv("pull", "--all", **keys)
    fresh.mlv("verify", "scans@v0.1", "scans@v0.2", **keys)
    return fresh


def test_what_was_retired_is_said_and_stands_in_nobodys_way(ada: Sandbox) -> None:
    ada.mlv("retire", "scans@v0.1", "other.bin", *WHY, "-m", "Retire it")
    folder = "data/snapshots/scans_v0.1"
    ada.git("rm", "-q", "--cached", "--ignore-unmatch", folder)
    os.unlink(ada / folder / "small/3.txt")

    assert f"restored {folder}/small/3.txt" in ada.mlv("restore", "scans@v0.1").said
    assert "nothing to do" in ada.mlv("restore", "scans@v0.1").said
    for command in (("restore", "scans@v0.1", "other.bin"), ("pull", f"{folder}/other.bin")):
        asked = ada.mlv(*command, check=False)
        assert asked.status == 1
        assert "other.bin of scans@v0.1 was retired by Ada" in asked.err
        assert "Consent withdrawn" in asked.err
    assert "41 files" in ada.mlv("verify", "scans@v0.1").said
    for command in (("verify", "scans@v0.1"), ("snapshot", "show", "scans@v0.1"), ("snapshot", "list")):
        assert "retired" in ada.mlv(*command).said
    ada.write("new.txt", "new")
    base = ("snapshot", "create", "scans", "--storage", "store", "--base", "scans@v0.1", "--add", "new.txt")
    assert "42 files" in ada.mlv(*base, "v0.3", "-m", "Go on without it").said
    assert "42 files" in ada.mlv(*base, "v0.4", "--remove", "other.bin", "-m", "The same, said").said
    ada.write(f"{folder}/other.bin", "somebody's")
    ada.mlv("restore", "scans@v0.1")
    assert not (ada / folder / "other.bin").exists()


def test_bytes_that_another_version_goes_on_from_are_said_to_stay(ada: Sandbox) -> None:
    ada.write("grow/big", noise(9, 300_000))
    ada.mlv("snapshot", "create", "grown", "v0.1", "grow", "--storage", "store", "-m", "Freeze")
    ada.write("grow/big", noise(9, 300_000) + b"more")
    ada.mlv("snapshot", "create", "grown", "v0.2", "grow", "--from", "grown@v0.1", "--storage", "store", "-m", "Again")

    said = ada.mlv("retire", "grown@v0.1", "big", *WHY, "-m", "Retire it", check=False).said

    assert "stay: other files, which are not retired, have all of them" in said


def many_folders(ada: Sandbox, number: int) -> None:
    for each in range(number):
        ada.write(f"tracked/f{each}/row.csv", f"row {each}\n")
    ada.mlv("snapshot", "create", "rows", "v0.1", "tracked", "--storage", "git", "-m", "Freeze rows")
    shutil.rmtree(ada / "tracked")


def test_a_git_kept_version_of_however_many_folders_is_said_to_be_in_the_history(ada: Sandbox) -> None:
    many_folders(ada, 510)

    said = ada.mlv("retire", "rows@v0.1", *WHY[:2]).said

    assert "Git's history has them" in said
    assert "git filter-repo --invert-paths --path data/snapshots/rows_v0.1/f" in said
    assert "(510 paths)" in said


def test_the_same_bytes_that_git_tracks_elsewhere_are_named_now_and_in_the_past(ada: Sandbox) -> None:
    ada.write("raw/a.txt", noise(3, 700_000) + SECRETS["whole"])
    ada.write("old/b.txt", noise(3, 700_000) + SECRETS["whole"])
    ada.git("add", "raw/a.txt", "old/b.txt")
    ada.git("commit", "-qm", "Keep the raw file too")
    ada.git("rm", "-q", "old/b.txt")
    ada.git("commit", "-qm", "Remove one")

    said = ada.mlv("retire", "scans@v0.1", "other.bin", *WHY, "-m", "Retire it").said

    assert "Git tracks the same bytes here as 1 other file: git rm raw/a.txt" in said
    assert "--path raw/a.txt" in said
    assert "--path old/b.txt" in said
    assert "small" not in said


def test_bytes_that_were_only_staged_once_are_named_as_objects_that_nothing_leads_to(ada: Sandbox) -> None:
    ada.write("raw/a.txt", noise(3, 700_000) + SECRETS["whole"])
    ada.git("add", "raw/a.txt")
    ada.git("rm", "-q", "--cached", "raw/a.txt")

    said = ada.mlv("retire", "scans@v0.1", "other.bin", *WHY[:2]).said

    assert "Git has 1 object with these bytes here that no branch and no tag leads to" in said
    assert "Git's history" not in said


def branch_off(ada: Sandbox) -> Path:
    """Freeze v0.3, with the bytes of v0.1 and one file more, on the branch `feat`, push it, and come back to main."""
    ada.git("switch", "-qc", "feat")
    shutil.copytree(ada / "data/snapshots/scans_v0.1", ada / "raw")
    ada.write("raw/new.bin", noise(5, 300_000))
    ada.mlv("snapshot", "create", "scans", "v0.3", "raw", "--storage", "store", "-m", "Freeze on feat")
    shutil.rmtree(ada / "raw")
    ada.mlv("push")
    ada.git("switch", "-q", "main")
    return ada / "data/snapshots/scans_v0.3"


def test_each_branch_that_freezes_the_bytes_still_is_named_with_what_to_do_there(team: Team, ada: Sandbox) -> None:
    branch_off(ada)
    ada.git("branch", "same")
    sha256 = digest_of(ada, "v0.1", "other.bin")

    said = ada.mlv("retire", "scans@v0.1", "other.bin", *WHY, "-m", "Retire it").said

    feat = next(line for line in said.splitlines() if "feat, origin/feat" in line)
    assert "scans@v0.3" in feat
    assert f"git mlv retire --sha256 {sha256} there" in feat
    same = next(line for line in said.splitlines() if "the branch same has" in line)
    assert "merge this commit there" in same
    assert "origin/main" not in said
    ada.git("branch", "-D", "same")
    ada.git("switch", "-q", "feat")
    ada.git("merge", "-q", "--no-verify", "--no-edit", "main")
    ada.mlv("retire", "--sha256", sha256, *WHY, "-m", "Retire it here too")
    ada.mlv("push")
    ada.git("switch", "-q", "main")
    assert "branch" not in ada.mlv("retire", "scans@v0.1", "other.bin", *WHY).said


def test_what_another_branch_left_in_the_working_directory_goes_too(team: Team, ada: Sandbox, shelf: Path) -> None:
    left = branch_off(ada)
    assert (left / "other.bin").exists()

    dry = ada.mlv("retire", "scans@v0.1", "other.bin", *WHY[:2]).said
    assert "left here by a version of another branch: data/snapshots/scans_v0.3/other.bin" in dry
    assert (left / "other.bin").exists()
    ada.mlv("retire", "scans@v0.1", "other.bin", *WHY, "-m", "Retire it")

    assert_nowhere("whole", ada.path, shelf)
    assert (left / "new.bin").exists()
    assert ada.git("status", "--porcelain").out == ""


def test_a_pull_in_another_clone_finds_what_another_branch_left_there(team: Team, ada: Sandbox) -> None:
    branch_off(ada)
    bob = team.bob
    bob.git("fetch", "-q")
    bob.git("switch", "-q", "feat")
    bob.mlv("pull", "scans@v0.3")
    bob.git("switch", "-q", "main")
    bob.git("pull", "-q")
    assert files_with(SECRETS["whole"], bob / "data") == [str(bob / "data/snapshots/scans_v0.3/other.bin")]
    ada.mlv("retire", "scans@v0.1", "other.bin", *WHY, "-m", "Retire it")
    ada.mlv("push")

    bob.git("pull", "-q")
    bob.mlv("pull")

    assert_nowhere("whole", bob.path)
    assert (bob / "data/snapshots/scans_v0.3/new.bin").exists()


def test_freezing_retired_bytes_again_is_warned_of_with_who_when_why_and_the_way_out(
    team: Team, ada: Sandbox, shelf: Path
) -> None:
    again = noise(3, 700_000) + SECRETS["whole"]
    ada.write("raw/other.bin", again)
    ada.write("raw/new.bin", "new")
    quiet = ada.mlv("snapshot", "create", "quiet", "v0.1", "raw/new.bin", "--storage", "store", "-m", "Freeze new ones")
    assert "retired" not in quiet.err
    ada.mlv("retire", "scans@v0.1", "other.bin", *WHY, "-m", "Retire it")

    frozen = ada.mlv("snapshot", "create", "scans", "v0.3", "raw", "--storage", "store", "-m", "Freeze again")

    assert "scans@v0.3 has 1 file with bytes that were retired from scans@v0.1, by Ada" in frozen.err
    assert "Consent withdrawn" in frozen.err
    assert "  other.bin\n" in frozen.err
    assert "new.bin" not in frozen.err
    assert "git mlv discard scans@v0.3" in frozen.err
    model = ada.mlv("model", "add", "clf", "v0.1.0", "raw/other.bin", "--storage", "store", "--json", "-m", "Add clf")
    assert "clf@v0.1.0 has 1 file with bytes that were retired from scans@v0.1" in model.err
    assert json.loads(model.out)["retired_before"] == ["other.bin"]
    clean = ada.mlv("snapshot", "create", "clean", "v0.1", "raw/new.bin", "--storage", "store", "-m", "Freeze another")
    assert "retired" not in clean.err

    shutil.rmtree(ada / "raw")
    ada.mlv("discard", "clf@v0.1.0")
    ada.mlv("discard", "scans@v0.3")
    ada.git("commit", "-qm", "Take them back")
    ada.mlv("pull")
    assert_nowhere("whole", ada.path, shelf)


def test_who_prunes_an_old_version_is_told_what_frees_its_room_and_erases_nothing(ada: Sandbox, shelf: Path) -> None:
    ada.git("rm", "-q", "data/snapshots/scans_v0.1.manifest.json")

    said = ada.git("commit", "-m", "The old one away", check=False).err

    ways = said.partition("keep it: ")[2].partition("undo it:")[0].splitlines()
    restore, drop, erase = (way.strip() for way in ways if way.strip())
    assert drop.startswith("git mlv drop scans@v0.1   # frees its room here")
    assert erase.endswith("# only to erase: its bytes go everywhere, from scans@v0.2 too")
    for way in (restore, drop):
        ada.run("sh", "-c", way)
    assert not (ada / "data/snapshots/scans_v0.1/other.bin").exists()
    assert files_with(SECRETS["whole"], shelf)
    assert ada.git("status", "--porcelain").out == ""
    ada.mlv("pull", "scans@v0.1", "scans@v0.2")
    ada.mlv("verify", "scans@v0.1", "scans@v0.2")
    dry = ada.run("sh", "-c", erase)
    assert "scans@v0.2 (the newest of scans) loses 40 files too" in dry.err
    assert "--yes\n        scans@v0.2 (the newest of scans) loses 40 files\n" in dry.out
    assert json.loads(ada.mlv("retire", "scans@v0.1", "--reason", "x", "--json").out)["beyond"]


def test_an_erasure_names_loudly_the_versions_that_were_not_named_and_lose_files(ada: Sandbox) -> None:
    alone = ada.mlv("retire", "scans@v0.1", "other.bin", *WHY[:2])
    assert "loses" not in alone.said

    ran = ada.mlv("retire", "scans@v0.1", "small/17.txt", *WHY, "-m", "Retire it")

    assert "warning: scans@v0.2 (the newest of scans) loses 1 file too" in ran.err
