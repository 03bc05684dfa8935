"""Falsified histories that are refused on the spot: each row refused, and each printed way out taken."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Ran, Sandbox
from tests.e2e.world import (
    CSV,
    FOLDER,
    MAIN,
    MANIFEST,
    REGISTRY,
    ROWS,
    World,
    add_model,
    append,
    assert_frozen,
    assert_settled,
    commands,
    fit_manifest,
    freeze,
    refused,
    replace,
    sneak,
    take,
    thaw,
    work_honestly,
)


def attempt(repo: Sandbox, *args: str, code: str = "MLV101", **more: str) -> Ran:
    """Run Git, which must refuse because of `code` and leave HEAD's published part alone."""
    ran = repo.git(*args, check=False, **more)
    assert ran.status != 0, ran.said
    return refused(ran._replace(status=1), code)


# git commit


def staged(repo: Sandbox) -> tuple[str, ...]:
    append(repo)
    repo.stage()
    return ("commit", "-m", "Fix a row")


def unstaged(repo: Sandbox) -> tuple[str, ...]:
    append(repo)
    return ("commit", "-a", "-m", "Fix a row")


def by_path(repo: Sandbox) -> tuple[str, ...]:
    append(repo)
    return ("commit", "-m", "Fix a row", CSV)


def amended(repo: Sandbox) -> tuple[str, ...]:
    append(repo)
    repo.stage()
    return ("commit", "--amend", "--no-edit")


def fixup(repo: Sandbox) -> tuple[str, ...]:
    append(repo)
    return ("commit", "-a", "--fixup=:/Freeze iris")


COMMITS: dict[str, Callable[[Sandbox], tuple[str, ...]]] = {
    "commit": staged,
    "commit -a": unstaged,
    "commit PATH": by_path,
    "commit --amend of a published version": amended,
    "commit --fixup of a published version": fixup,
}


@pytest.mark.parametrize("row", COMMITS)
def test_refused_and_undone(world: World, row: str) -> None:
    bob = world.person()
    command = COMMITS[row](bob)
    head = bob.head()

    ran = attempt(bob, *command)
    take(bob, ran, "undo")

    assert bob.head() == head
    assert bob.read(CSV) == ROWS.encode()
    assert_settled(bob)
    work_honestly(bob)


@pytest.mark.parametrize("row", COMMITS)
def test_refused_and_restored(world: World, row: str) -> None:
    bob = world.person()
    command = COMMITS[row](bob)

    ran = attempt(bob, *command)
    take(bob, ran, "undo it")

    assert_settled(bob)
    assert_frozen(bob)
    assert any((bob / ".git/mlv/aside").rglob("iris.csv")), "the altered bytes are kept"
    work_honestly(bob)


@pytest.mark.parametrize("row", ["commit", "commit -a", "commit PATH"])
def test_refused_and_kept_as_a_new_version(world: World, row: str) -> None:
    bob = world.person()
    command = COMMITS[row](bob)

    ran = attempt(bob, *command)
    take(bob, ran, "keep it")
    bob.git("commit", "-qm", "Freeze the corrected iris")

    assert_settled(bob)
    assert_frozen(bob)
    bob.assert_committed("data/snapshots/iris_v0.2/iris.csv", ROWS + "9.9,9.9,virginica\n")
    bob.mlv("verify")
    bob.push("origin", "main")


# What can be altered


def manifest_fitted(repo: Sandbox) -> None:
    """Edit the data, and the manifest so that it verifies."""
    append(repo)
    fit_manifest(repo)


def symlinked(repo: Sandbox) -> None:
    (repo / "elsewhere.csv").write_text(ROWS)
    repo.remove(CSV)
    os.symlink("../../../elsewhere.csv", repo / CSV)


def snapshot_deleted(repo: Sandbox) -> None:
    repo.git("rm", "-rq", FOLDER, MANIFEST)


def renamed_elsewhere(repo: Sandbox) -> None:
    repo.git("mv", FOLDER, "data/old")


def entry_dropped(repo: Sandbox) -> None:
    text = repo.read(REGISTRY).decode()
    lines = [line for line in text.splitlines(keepends=True) if '"v0.1.0"' not in line]
    assert len(lines) == text.count("\n") - 1, text
    repo.write(REGISTRY, "".join(lines))


def identity_altered(repo: Sandbox) -> None:
    entry = next(line for line in repo.read(REGISTRY).decode().splitlines() if '"v0.2.0"' in line)
    tree = entry.split('"tree_sha256": "')[1][:64]
    replace(repo, REGISTRY, tree, "f" * 64)


ALTERATIONS: dict[str, tuple[str, Callable[[Sandbox], object]]] = {
    "a file edited": ("MLV101", append),
    "a file deleted": ("MLV101", lambda repo: repo.remove(CSV)),
    "a mode changed": ("MLV101", lambda repo: thaw(repo, CSV).chmod(0o755)),
    "a file turned into a symlink": ("MLV101", symlinked),
    "a file added": ("MLV103", lambda repo: repo.write(f"{FOLDER}/more.csv", "1,2\n")),
    "a manifest edited": ("MLV102", lambda repo: replace(repo, MANIFEST, '"version": "v0.1"', '"version": "v0.2"')),
    "a manifest edited to fit new bytes": ("MLV102", manifest_fitted),
    "a manifest deleted": ("MLV102", lambda repo: repo.remove(MANIFEST)),
    "a snapshot deleted": ("MLV102", snapshot_deleted),
    "a snapshot renamed away": ("MLV101", renamed_elsewhere),
    "a registry entry dropped": ("MLV201", entry_dropped),
    "a registry identity altered": ("MLV201", identity_altered),
    "two versions in production": ("MLV202", lambda repo: replace(repo, REGISTRY, '"archived"', '"production"')),
    "an unknown stage": ("MLV205", lambda repo: replace(repo, REGISTRY, '"archived"', '"retired"')),
    "a registry that cannot be read": ("MLV106", lambda repo: repo.write(REGISTRY, "<<<<<<< HEAD\n")),
    "an unmade manifest": ("MLV104", lambda repo: repo.write("data/snapshots/wine_v0.1/wine.csv", "1\n")),
}


@pytest.mark.parametrize("row", ALTERATIONS)
def test_every_alteration_is_refused_and_undone_and_its_own_undo_taken(world: World, row: str) -> None:
    bob = world.person()
    code, alter = ALTERATIONS[row]
    head = bob.head()

    alter(bob)
    bob.stage()
    ran = attempt(bob, "commit", "-m", "Alter", code=code)
    take(bob, ran, "undo")
    assert bob.git("diff", "--cached", "--name-only", "--", FOLDER, MANIFEST, REGISTRY).out == ""
    bob.git("clean", "-qfdx", "data")
    bob.git("reset", "-q", "--hard")

    alter(bob)
    bob.stage()
    ran = attempt(bob, "commit", "-m", "Alter", code=code)
    take(bob, ran, "undo it")
    if bob.git("diff", "--cached", "--name-only").out:  # what else was staged is no harm
        bob.git("commit", "-qm", "The rest")

    assert_frozen(bob)
    assert bob.git("rev-parse", f"HEAD:{REGISTRY}").out == bob.git("rev-parse", f"{head}:{REGISTRY}").out
    assert_settled(bob)
    work_honestly(bob)


# What comes from a colleague: merge, cherry-pick, rebase, am


@pytest.fixture
def bob(world: World) -> Sandbox:
    """Bob with work of his own, and with the branch `side` of a colleague without hooks.

    `side` is an honest commit, one that edits a frozen file, and another honest one.
    """
    mallory = world.plain()
    mallory.branch("side")
    mallory.write("side1.txt", "1\n")
    sneak(mallory, "side one")
    append(mallory)
    mallory.write("side2.txt", "1\n")
    sneak(mallory, "side falsifies")
    mallory.write("side3.txt", "1\n")
    sneak(mallory, "side three")
    bob = world.person()
    bob.write("mine.txt", "1\n")
    bob.stage()
    bob.git("commit", "-qm", "Mine")
    bob.git("fetch", "-q", str(mallory.path), "side:side")
    return bob


def finish(bob: Sandbox) -> None:
    """Fail unless the operation is over, nothing frozen was altered, and honest work goes on."""
    assert_settled(bob)
    assert_frozen(bob)
    assert bob.git("symbolic-ref", "HEAD").out == "refs/heads/main\n"
    work_honestly(bob)


WAYS = {"undone": ("undo",), "left out": ("leave it out",), "mended": ("mend", "then go on")}
TWO_WAYS = ["undone", "mended"]


@pytest.mark.parametrize("way", TWO_WAYS)
def test_true_merge_is_refused(bob: Sandbox, way: str) -> None:
    head = bob.head()

    ran = attempt(bob, "merge", "--no-edit", "side")
    assert bob.head() == head
    take(bob, ran, *WAYS[way])

    assert (bob / "side3.txt").exists() == (way == "mended")
    finish(bob)


def test_merge_of_what_is_right_into_what_is_falsified_is_refused_and_mended(world: World) -> None:
    bob, ada = world.person(), world.person("ada")
    work_honestly(ada, MAIN)
    append(bob)
    sneak(bob)

    ran = attempt(bob, "pull", "--no-rebase", "--no-edit", "origin", "main")
    take(bob, ran, "mend", "then go on")

    finish(bob)


def test_merge_by_squash_is_refused(bob: Sandbox) -> None:
    bob.git("merge", "-q", "--squash", "side")

    ran = attempt(bob, "commit", "-m", "Squash")
    take(bob, ran, "undo")
    bob.git("commit", "-qm", "The rest")

    finish(bob)


@pytest.fixture
def conflicting(world: World) -> Sandbox:
    """Bob froze iris v0.2, and so did Ada with other data, who pushed it: he is in the middle of a conflict."""
    ada, bob = world.person("ada"), world.person()
    for person, row in ((ada, "1,1,ada\n"), (bob, "2,2,bob\n")):
        person.write("raw/iris.csv", ROWS + row)
        person.mlv("snapshot", "create", "iris", "v0.2", "raw/iris.csv")
        person.git("commit", "-qm", "Freeze iris v0.2")
        (person / "raw/iris.csv").unlink()
    ada.push("origin", "main")
    pulled = bob.git("pull", "--no-rebase", "--no-edit", "origin", "main", check=False)
    assert "CONFLICT" in pulled.out
    return bob


@pytest.mark.parametrize("way", ["undone", "mended", "restored"])
def test_merge_whose_conflict_is_resolved_with_the_unpublished_side_is_refused(conflicting: Sandbox, way: str) -> None:
    bob, head = conflicting, conflicting.head()
    bob.git("checkout", "--ours", "--", "data")
    bob.stage("data")

    ran = attempt(bob, "commit", "--no-edit", code="MLV102")
    assert bob.head() == head
    take(bob, ran, *{**WAYS, "restored": ("undo it",)}[way])
    if way == "restored":
        bob.git("commit", "-q", "--no-edit")

    if way == "undone":
        bob.git("reset", "-q", "--hard", "origin/main")
    bob.assert_committed("data/snapshots/iris_v0.2/iris.csv", ROWS + "1,1,ada\n")
    finish(bob)


def test_merge_whose_conflict_is_resolved_by_mixing_is_refused(conflicting: Sandbox) -> None:
    bob = conflicting
    bob.git("checkout", "--theirs", "--", "data")
    thaw(bob, "data/snapshots/iris_v0.2/iris.csv").write_text(ROWS + "1,1,ada\n2,2,bob\n")
    bob.stage("data")

    ran = attempt(bob, "commit", "--no-edit", code="MLV101")
    take(bob, ran, "keep it")
    bob.git("commit", "-q", "--no-edit")

    bob.assert_committed("data/snapshots/iris_v0.2/iris.csv", ROWS + "1,1,ada\n")
    bob.assert_committed("data/snapshots/iris_v0.3/iris.csv", ROWS + "1,1,ada\n2,2,bob\n")
    finish(bob)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("commits", ["side~1", "side~3..side"])
def test_cherry_pick_is_refused(bob: Sandbox, commits: str, way: str) -> None:
    ran = attempt(bob, "cherry-pick", commits)
    take(bob, ran, *WAYS[way])

    assert (bob / "side2.txt").exists() == (way == "mended")
    assert (bob / "side3.txt").exists() == (way != "undone" and ".." in commits)
    finish(bob)


def test_revert_of_a_published_version_is_refused_and_undone(bob: Sandbox) -> None:
    ran = attempt(bob, "revert", "--no-edit", ":/Add v0.3.0", code="MLV102")
    assert commands(ran.said, "mend", "then go on") == [], "there would be nothing left to commit"
    take(bob, ran, "undo")

    assert (bob / "models/iris_clf/v0.3.0.manifest.json").exists()
    finish(bob)


def test_revert_of_more_than_a_published_version_is_refused_and_mended(world: World) -> None:
    bob = world.person()
    bob.write("notes.txt", "1\n")
    freeze(bob, "wine", "a\n")
    bob.git("add", "notes.txt")
    bob.git("commit", "-qm", "Wine and notes")
    bob.push("origin", "main")

    ran = attempt(bob, "revert", "--no-edit", "HEAD", code="MLV102")
    take(bob, ran, "mend", "then go on")

    bob.refute_committed("notes.txt")
    assert (bob / "data/snapshots/wine_v0.1/wine.csv").exists()
    finish(bob)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("backend", ["--merge", "--apply"])
def test_rebase_is_refused(bob: Sandbox, backend: str, way: str) -> None:
    bob.checkout("side")

    ran = attempt(bob, "rebase", backend, "main")
    take(bob, ran, *WAYS[way])

    assert_settled(bob)
    if way == "undone":
        bob.git("checkout", "-q", "-f", "main")
    else:
        assert_frozen(bob)
        assert (bob / "side3.txt").exists()
        assert (bob / "side2.txt").exists() == (way == "mended")
        bob.git("checkout", "-qB", "main")
    finish(bob)


@pytest.mark.parametrize("way", WAYS)
def test_rebase_interactive_is_refused(bob: Sandbox, way: str) -> None:
    bob.checkout("side")

    ran = attempt(bob, "rebase", "-i", "side~3", GIT_SEQUENCE_EDITOR="sed -i.bak '1{h;d};2G'")
    take(bob, ran, *WAYS[way])

    assert_settled(bob)
    if way == "undone":
        bob.git("checkout", "-q", "-f", "main")
    else:
        assert_frozen(bob)
        bob.git("checkout", "-qB", "main")
    finish(bob)


@pytest.mark.parametrize("way", ["undone", "left out"])
def test_rebase_autosquash_of_a_fixup_into_a_published_version_is_refused(world: World, way: str) -> None:
    bob = world.person()
    append(bob)
    bob.git("commit", "-q", "--no-verify", "-a", "--fixup=:/Freeze iris")
    head = bob.head()

    ran = attempt(bob, "rebase", "-i", "--autosquash", ":/Set up mlvgit", GIT_SEQUENCE_EDITOR="true")
    take(bob, ran, *WAYS[way])

    assert_settled(bob)
    if way == "undone":
        assert bob.head() == head
        bob.git("reset", "-q", "--hard", "origin/main")
    finish(bob)


@pytest.mark.parametrize("way", WAYS)
def test_am_is_refused(bob: Sandbox, tmp_path: Path, way: str) -> None:
    bob.git("format-patch", "-q", "-o", str(tmp_path / "patches"), "side~3..side")
    patches = sorted(str(path) for path in (tmp_path / "patches").iterdir())

    ran = attempt(bob, "am", *patches)
    take(bob, ran, *WAYS[way])

    assert (bob / "side2.txt").exists() == (way == "mended")
    assert (bob / "side3.txt").exists() == (way != "undone")
    finish(bob)


def test_a_refusal_in_a_subfolder_prints_commands_that_work_there(world: World) -> None:
    bob = world.person()
    append(bob)
    bob.write("deep/er/x.txt", "1\n")

    ran = bob.run("git", "commit", "-am", "x", cwd=bob / "deep/er", check=False)
    for command in commands(refused(ran, "MLV101").said, "undo"):
        bob.run("sh", "-c", command, cwd=bob / "deep/er")

    assert_settled(bob)
    work_honestly(bob)


def test_a_second_promotion_by_hand_is_refused_and_promoted_properly(world: World) -> None:
    bob = world.person()
    replace(bob, REGISTRY, '"archived"', '"production"')

    ran = attempt(bob, "commit", "-am", "Both", code="MLV202")
    bob.run("sh", "-c", commands(ran.said, "keep it")[0])

    assert_settled(bob)
    bob.assert_committed(REGISTRY, bob.read(REGISTRY))
    work_honestly(bob)


def test_an_unfrozen_snapshot_is_refused_and_frozen(world: World) -> None:
    bob = world.person()
    bob.write("data/snapshots/wine_v0.1/wine.csv", "1\n")
    bob.stage()

    ran = attempt(bob, "commit", "-m", "Wine", code="MLV104")
    take(bob, ran, "keep it")
    bob.git("commit", "-qm", "Wine")

    add_model(bob, "v0.4.0")
    bob.git("commit", "-qm", "More")
    bob.push("origin", "main")
