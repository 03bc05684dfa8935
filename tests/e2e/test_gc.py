"""Collecting: only what nothing needs goes, and what cannot be told is refused; with real repositories of every shape."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Playground, Sandbox

OLD = b"old" * 5000
NEW = b"new" * 7000
LOOSE = b"loose" * 4000
MANIFEST = "data/snapshots/scans_v0.1.manifest.json"


def named(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Lab(Sandbox):
    """A repository without hooks, and a store."""

    @property
    def store(self) -> Path:
        return self.path / ".git/mlv/objects"

    def has(self, data: bytes) -> bool:
        return (self.store / "sha256" / named(data)[:2] / named(data)[2:]).exists()

    def freeze(self, version: str, data: bytes, *options: str) -> None:
        self.write("raw.bin", data)
        self.mlv("snapshot", "create", "scans", version, "raw.bin", "--storage", "store", *options)
        self.remove("raw.bin")

    def loose(self, data: bytes = LOOSE) -> None:
        """Put an object into the store that nothing ever named, by a repository that is gone."""
        path = self.store / "sha256" / named(data)[:2] / named(data)[2:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def gc(self, *args: str, status: int = 0) -> dict:
        ran = self.mlv("gc", "--grace", "0", "--json", *args, check=False)
        assert ran.status == status, ran.said
        return json.loads(ran.out) if ran.out else {"said": ran.err}


@pytest.fixture
def lab(playground: Playground) -> Lab:
    """`scans` v0.1 (OLD) is committed; LOOSE is needed by nothing."""
    lab = Lab(playground, playground.init("lab").path)
    lab.write("mlv.yaml", "limits: {}\n")
    lab.commit("Set up")
    lab.freeze("v0.1", OLD, "-m", "Freeze")
    lab.loose()
    return lab


def forget(lab: Lab) -> None:
    """Have no reflog lead to what was there."""
    lab.git("reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all")


def test_what_nothing_needs_goes_and_its_bytes_are_said_before(lab: Lab) -> None:
    before = lab.gc("-n")
    assert (before["removed"], before["objects"], before["bytes"]) == (False, [named(LOOSE)], len(LOOSE))
    assert lab.has(LOOSE)

    said = lab.mlv("gc", "--grace", "0").out

    assert said.startswith("removing 19.5 KiB (1 object) that nothing needs")
    assert (lab.has(OLD), lab.has(LOOSE)) == (True, False)
    lab.mlv("fsck")
    assert lab.gc()["objects"] == []


def test_what_is_young_stays_for_the_grace_and_a_time_to_come_is_young(lab: Lab) -> None:
    assert lab.mlv("gc").out.startswith("nothing to do")
    path = lab.store / "sha256" / named(LOOSE)[:2] / named(LOOSE)[2:]
    os.utime(path, (time.time() - 13 * 86400,) * 2)
    assert lab.mlv("gc").out.startswith("nothing to do")
    os.utime(path, (time.time() + 10 * 86400,) * 2)
    assert json.loads(lab.mlv("gc", "--grace", "0", "--json").out)["recent"] == 1
    os.utime(path, (time.time() - 15 * 86400,) * 2)

    lab.mlv("gc")

    assert (lab.has(OLD), lab.has(LOOSE)) == (True, False)


def on_a_branch(lab: Lab) -> None:
    lab.branch("side")
    lab.freeze("v0.2", NEW, "-m", "Freeze")
    lab.checkout("main")


def on_a_tag(lab: Lab) -> None:
    on_a_branch(lab)
    lab.git("tag", "-a", "-m", "kept", "kept", "side")
    lab.git("branch", "-D", "side")


def on_a_remote_branch(lab: Lab) -> None:
    on_a_branch(lab)
    lab.git("update-ref", "refs/remotes/origin/side", "side")
    lab.git("branch", "-D", "side")


def on_a_run_ref(lab: Lab) -> None:
    on_a_branch(lab)
    lab.git("update-ref", "refs/mlv/runs/r1", "side")
    lab.git("branch", "-D", "side")


def in_a_tagged_tree(lab: Lab) -> None:
    on_a_branch(lab)
    lab.git("tag", "tree", "side^{tree}")
    lab.git("branch", "-D", "side")


def in_a_stash(lab: Lab) -> None:
    lab.freeze("v0.2", NEW)
    lab.git("stash")


def in_the_index(lab: Lab) -> None:
    lab.freeze("v0.2", NEW)
    lab.remove("data/snapshots/scans_v0.2.manifest.json")


def untracked(lab: Lab) -> None:
    lab.freeze("v0.2", NEW)
    lab.git("rm", "-q", "--cached", "data/snapshots/scans_v0.2.manifest.json")


def untracked_and_ignored(lab: Lab) -> None:
    untracked(lab)
    lab.write(".gitignore", "*.json\n")


def in_another_worktree(lab: Lab) -> None:
    lab.git("worktree", "add", "-q", "--detach", "../other")
    other = Lab(lab.playground, lab.playground.folder / "other")
    other.freeze("v0.2", NEW, "-m", "Freeze")
    (lab / ".git/worktrees/other/logs/HEAD").unlink()


def in_the_index_of_another_worktree(lab: Lab) -> None:
    lab.git("worktree", "add", "-q", "--detach", "../other")
    other = Lab(lab.playground, lab.playground.folder / "other")
    other.freeze("v0.2", NEW)
    other.remove("data/snapshots/scans_v0.2.manifest.json")


def untracked_in_another_worktree(lab: Lab) -> None:
    lab.git("worktree", "add", "-q", "--detach", "../other")
    untracked(Lab(lab.playground, lab.playground.folder / "other"))


def set_aside_by_discard(lab: Lab) -> None:
    lab.freeze("v0.2", NEW)
    lab.mlv("discard", "scans@v0.2")


def in_the_middle_of_a_merge(lab: Lab) -> None:
    on_a_branch(lab)
    lab.commit("Other")
    lab.git("merge", "--no-commit", "--no-ff", "side")
    lab.git("rm", "-q", "-f", "data/snapshots/scans_v0.2.manifest.json")
    lab.git("branch", "-D", "side")


def in_the_middle_of_a_rebase(lab: Lab) -> None:
    on_a_branch(lab)
    lab.checkout("side")
    lab.write("a", "theirs")
    lab.commit("Clash")
    lab.freeze("v0.3", NEW + b"!", "-m", "Freeze")
    lab.checkout("main")
    lab.write("a", "ours")
    lab.commit("Other")
    lab.checkout("side")
    lab.git("rebase", "main", check=False)
    lab.git("update-ref", "-d", "refs/heads/side")
    assert (lab / ".git/rebase-merge").is_dir()


def replaced_by_another_commit(lab: Lab) -> None:
    on_a_branch(lab)
    lab.git("replace", "side", "main")


def pinned_by_commit(lab: Lab) -> None:
    on_a_branch(lab)
    lab.git("config", "mlv.pin", lab.head("side"))
    lab.git("branch", "-D", "side")


def pinned_by_name(lab: Lab) -> None:
    lab.loose(NEW)
    lab.git("config", "mlv.pin", f"sha256:{named(NEW)}")


def told_otherwise_by_the_environment(lab: Lab) -> None:
    on_a_branch(lab)
    lab.git("config", "log.follow", "true")
    lab.git("config", "diff.relative", "true")
    lab.git("config", "log.diffMerges", "off")


def only_in_a_merge(lab: Lab) -> None:
    lab.branch("side")
    lab.commit("Side")
    lab.checkout("main")
    lab.commit("Main")
    lab.git("merge", "--no-commit", "--no-ff", "side")
    lab.freeze("v0.2", NEW)
    lab.git("commit", "-qm", "Merge, and freeze by the way")
    lab.git("rm", "-q", "data/snapshots/scans_v0.2.manifest.json")
    lab.git("commit", "-qm", "Take it away")


PLACES = [
    on_a_branch,
    on_a_tag,
    on_a_remote_branch,
    on_a_run_ref,
    in_a_tagged_tree,
    in_a_stash,
    in_the_index,
    untracked,
    untracked_and_ignored,
    in_another_worktree,
    in_the_index_of_another_worktree,
    untracked_in_another_worktree,
    set_aside_by_discard,
    in_the_middle_of_a_merge,
    in_the_middle_of_a_rebase,
    replaced_by_another_commit,
    pinned_by_commit,
    pinned_by_name,
    told_otherwise_by_the_environment,
    only_in_a_merge,
]


@pytest.mark.parametrize("place", PLACES)
def test_what_is_still_needed_stays(lab: Lab, place: Callable[[Lab], None]) -> None:
    place(lab)
    for line in lab.git("stash", "list").out.splitlines() or [""]:
        if not line:
            forget(lab)  # else the stash itself would be forgotten

    done = lab.gc()

    assert lab.has(NEW)
    assert lab.has(OLD)
    assert done["objects"] == [named(LOOSE)]


def test_what_only_a_reflog_leads_to_stays_until_the_reflog_forgets_it(lab: Lab) -> None:
    lab.freeze("v0.2", NEW, "-m", "Freeze")
    lab.git("reset", "-q", "--hard", "HEAD~1")

    lab.gc()
    assert lab.has(NEW)

    forget(lab)
    (lab / ".git/ORIG_HEAD").unlink(missing_ok=True)
    assert named(NEW) in lab.gc()["objects"]
    assert not lab.has(NEW)
    assert lab.has(OLD)


def broken_ref(lab: Lab) -> None:
    (lab / ".git/refs/heads/broken").write_text("no commit\n")


def ref_to_nothing(lab: Lab) -> None:
    (lab / ".git/refs/heads/gone").write_text("1" * 40 + "\n")


def manifest_in_history(lab: Lab) -> None:
    good = lab.read(MANIFEST)
    lab.write(MANIFEST, good[: len(good) // 2])
    lab.commit("Break it")
    lab.write(MANIFEST, good)
    lab.commit("Mend it")


def manifest_emptied(lab: Lab) -> None:
    lab.write(MANIFEST, b"")


def manifest_of_a_later_version(lab: Lab) -> None:
    lab.write(MANIFEST, lab.read(MANIFEST).replace(b'"1.0"', b'"1.9"').replace(b'"storage"', b'"parts": 1, "storage"'))


def manifest_blob_missing(lab: Lab) -> None:
    oid = lab.git("rev-parse", f"HEAD:{MANIFEST}").out.strip()
    (lab / ".git/objects" / oid[:2] / oid[2:]).unlink()


def tree_missing(lab: Lab) -> None:
    oid = lab.git("rev-parse", "HEAD:data").out.strip()
    (lab / ".git/objects" / oid[:2] / oid[2:]).unlink()


def index_broken(lab: Lab) -> None:
    (lab / ".git/index").write_bytes(b"DIRC and no more")


def worktree_not_there(lab: Lab) -> None:
    lab.git("worktree", "add", "-q", "../other")
    (lab.playground.folder / "other").rename(lab.playground.folder / "unplugged")


def settings_broken(lab: Lab) -> None:
    lab.write("mlv.yaml", "layout: [\n")


def pin_unknown(lab: Lab) -> None:
    lab.git("config", "mlv.pin", "nothing-that-is-here")


def shared_store(lab: Lab) -> None:
    shared = lab.playground.folder / "shared"
    lab.git("config", "mlv.store", str(shared))
    lab.mlv("fsck")
    other = lab.clone("other")
    other.git("config", "mlv.store", str(shared))
    other.mlv("pull")


REFUSED = [
    broken_ref,
    ref_to_nothing,
    manifest_in_history,
    manifest_emptied,
    manifest_of_a_later_version,
    manifest_blob_missing,
    tree_missing,
    index_broken,
    worktree_not_there,
    settings_broken,
    pin_unknown,
    shared_store,
]


@pytest.mark.parametrize("harm", REFUSED)
def test_what_cannot_be_told_is_refused_and_nothing_goes(lab: Lab, harm: Callable[[Lab], None]) -> None:
    harm(lab)
    before = sorted(lab.playground.folder.glob("**/sha256/*/*"))

    refused = lab.mlv("gc", "--grace", "0", check=False)

    assert refused.status in (1, 2, 3), refused.said
    assert "Traceback" not in refused.said
    assert "bug" not in refused.said
    assert sorted(lab.playground.folder.glob("**/sha256/*/*")) == before
    assert lab.mlv("gc", "--grace", "0", "-n", check=False).status != 0


def test_a_shallow_and_a_partial_clone_are_refused(lab: Lab) -> None:
    lab.git("config", "uploadpack.allowFilter", "true")
    for name, option in (("shallow", "--depth=1"), ("partial", "--filter=blob:none")):
        clone = Lab(lab.playground, lab.clone(name, option).path)
        clone.loose()

        assert clone.mlv("gc", "--grace", "0", check=False).status == 1
        assert clone.has(LOOSE)


def test_what_a_partial_clone_left_out_is_fetched_by_the_command_that_is_named(lab: Lab) -> None:
    lab.git("config", "uploadpack.allowFilter", "true")
    clone = lab.clone("partial", "--filter=blob:none", "--no-checkout")

    refused = clone.mlv("status", check=False)

    assert refused.status == 3
    clone.git(*re.search(r"hint: git (.*?)   ", refused.err)[1].split())
    clone.mlv("status")


def test_a_manifest_that_nobody_can_mend_is_excused_by_name_and_what_it_names_is_kept(lab: Lab) -> None:
    lab.loose(NEW)
    lab.write("data/snapshots/scans_v0.2.manifest.json", f'{{"dataset": "scans", "files": [{{"sha256": "{named(NEW)}"')
    lab.commit("Break it")
    lab.git("rm", "-q", "data/snapshots/scans_v0.2.manifest.json")
    lab.git("commit", "-qm", "Take it away")
    refused = lab.mlv("gc", "--grace", "0", check=False)
    command = next(line for line in refused.said.splitlines() if "mlv.unreadableManifest" in line)

    lab.run("sh", "-c", command[command.index("git config") : command.index("   (")])

    assert lab.gc()["objects"] == [named(LOOSE)]
    assert lab.has(NEW)


def test_a_file_that_is_only_called_like_a_manifest_is_in_nobodys_way(lab: Lab) -> None:
    lab.write("web/manifest.json", '{"short_name": "App", "icons": []}\n')
    lab.write("web/app.manifest.json", f'{{"digest": "{named(LOOSE)}"}}\n')
    lab.commit("Add an app")

    assert lab.gc()["objects"] == []
    assert lab.has(LOOSE)


def test_damaged_bytes_that_were_set_aside_are_listed_and_go_only_when_that_is_asked_for(lab: Lab) -> None:
    place = lab.store / "quarantine"
    place.mkdir()
    for data, suffix in ((OLD, "1"), (NEW, "2"), (LOOSE, "3")):
        (place / f"{named(data)}.{suffix}").write_bytes(b"damaged")
    (lab.store / "sha256" / named(OLD)[:2] / named(OLD)[2:]).unlink()

    listed = lab.gc("--quarantine", "-n")["set_aside"]

    assert [each["needed"] for each in sorted(listed, key=lambda each: each["path"][-1])] == [True, False, False]
    lab.gc()
    assert len(list(place.iterdir())) == 3
    lab.gc("--quarantine")
    assert [path.name for path in place.iterdir()] == [f"{named(OLD)}.1"]  # it may be all that is left


def test_a_freeze_under_way_is_waited_for(lab: Lab) -> None:
    wait = "import sys, time; from pathlib import Path; from mlvgit.store.lock import exclusive\n"
    wait += "with exclusive(Path(sys.argv[1]), 'snapshot create'):\n print('held', flush=True); sys.stdin.read()\n"
    python = lab.run("git", "mlv", "--version") and Path(os.sys.executable)
    holder = subprocess.Popen(
        [python, "-c", wait, lab / ".git/mlv"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        busy = lab.mlv("gc", "--grace", "0", check=False)

        assert busy.status == 5
        assert "snapshot create" in busy.said
        assert lab.has(LOOSE)
    finally:
        holder.communicate()
    lab.gc()
    assert not lab.has(LOOSE)


# A remote


@pytest.fixture
def shelf(lab: Lab) -> Path:
    place = lab.playground.folder / "shelf"
    lab.write("mlv.yaml", f"remotes:\n  shelf: {{url: {place}}}\n")
    lab.commit("Name a shelf")
    server = lab.playground.server()
    lab.git("remote", "add", "origin", str(server.path))
    lab.mlv("push")
    path = place / "sha256" / named(LOOSE)[:2] / named(LOOSE)[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(LOOSE)
    return place


def on(place: Path, data: bytes) -> bool:
    return (place / "sha256" / named(data)[:2] / named(data)[2:]).exists()


def test_on_a_remote_it_only_says_what_would_go_unless_told_and_waits_for_the_grace(lab: Lab, shelf: Path) -> None:
    said = lab.mlv("gc", "--remote", "shelf", "--grace", "0").out
    assert "would remove 19.5 KiB (1 object)" in said
    assert "git mlv gc --remote shelf --yes" in said
    assert on(shelf, LOOSE)
    assert lab.mlv("gc", "--remote", "shelf", "--yes").out.startswith("nothing to do")  # found unneeded just now
    assert on(shelf, LOOSE)

    lab.mlv("gc", "--remote", "shelf", "--yes", "--grace", "0")

    assert (on(shelf, OLD), on(shelf, LOOSE)) == (True, False)
    assert lab.has(LOOSE)  # the store is another matter


def test_what_others_pushed_and_nobody_fetched_here_refuses_it_on_a_remote(lab: Lab, shelf: Path) -> None:
    bob = Lab(lab.playground, lab.clone("bob").path)
    server = lab.git("remote", "get-url", "origin").out.strip()
    bob.git("remote", "set-url", "origin", server)
    bob.branch("bobs")
    bob.freeze("v0.2", NEW, "-m", "Freeze")
    bob.mlv("push")
    assert on(shelf, NEW)

    refused = lab.mlv("gc", "--remote", "shelf", "--yes", "--grace", "0", check=False)

    assert refused.status == 1
    assert "git fetch" in refused.said
    assert on(shelf, NEW)
    lab.git("fetch", "-q", "origin")
    lab.mlv("gc", "--remote", "shelf", "--yes", "--grace", "0")
    assert (on(shelf, NEW), on(shelf, OLD), on(shelf, LOOSE)) == (True, True, False)


def test_a_git_server_that_cannot_be_asked_refuses_it_on_a_remote(lab: Lab, shelf: Path) -> None:
    lab.git("remote", "set-url", "origin", "/nowhere/at/all")

    assert lab.mlv("gc", "--remote", "shelf", "--yes", "--grace", "0", check=False).status == 1
    assert on(shelf, LOOSE)
    assert lab.mlv("gc", "--remote", "cellar", check=False).status == 2


def test_what_killed_commands_left_goes_once_nobody_can_be_writing_it_and_is_said_by_fsck(lab: Lab) -> None:
    lab.freeze("v0.1", OLD, "-m", "Freeze")
    (lab.store / "sha256/ab").mkdir(exist_ok=True)
    left = [lab.store / name for name in ("sha256/ab/.mlv-tmp-1", "incoming/.mlv-tmp-2", "extents/.mlv-tmp-3")]
    young = lab.store / "sha256/ab/.mlv-tmp-4"
    for path in (*left, young):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half")
        os.utime(path, (time.time() - 2 * 86400,) * 2 if path != young else None)

    assert "3 files" in lab.mlv("fsck").said
    assert len(lab.gc("-n")["leftovers"]) == 3
    assert all(path.exists() for path in left)
    assert sorted(lab.gc()["leftovers"]) == sorted(map(str, left))
    assert not any(path.exists() for path in left)
    assert young.exists()
    assert lab.has(OLD)
