"""Repositories of other shapes: in each, honest work passes and a falsification is refused, and undone as printed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import Playground, Ran, Sandbox
from tests.e2e.world import (
    CSV,
    FOLDER,
    MAIN,
    MANIFEST,
    ROWS,
    Template,
    World,
    append,
    assert_frozen,
    assert_settled,
    freeze,
    refused,
    sneak,
    take,
    work_honestly,
)


def attempt(repo: Sandbox, *args: str, code: str = "MLV101", **more: str) -> Ran:
    """Run Git, which must refuse because of `code` and leave HEAD alone."""
    head = repo.git("rev-parse", "--quiet", "--verify", "HEAD", check=False).out
    ran = refused(repo.git(*args, check=False, **more), code)
    assert repo.git("rev-parse", "--quiet", "--verify", "HEAD", check=False).out == head
    return ran


def falsify_and_undo(repo: Sandbox, world: World) -> None:
    """Edit a frozen file: refused by commit, check, push and the server; the printed way out is taken, and passes."""
    append(repo)
    ran = attempt(repo, "commit", "-am", "Fix a row")
    take(repo, ran, "undo")
    assert_settled(repo)

    append(repo)
    sneak(repo)
    with world.unmoved():
        refused(repo.mlv("check", "origin/main..HEAD", check=False), "MLV101")
        refused(repo.push("--no-verify", "origin", MAIN, check=False), "MLV101")
        ran = refused(repo.push("origin", MAIN, check=False), "MLV101")
    take(repo, ran, "mend")
    repo.git("commit", "-qm", "Mend")
    assert_settled(repo)
    assert_frozen(repo)
    repo.push("origin", MAIN)


def works(repo: Sandbox, world: World) -> None:
    """Honest work passes, a falsification is refused, and taken back it passes again."""
    work_honestly(repo, MAIN)
    falsify_and_undo(repo, world)
    repo.mlv("verify", "iris@v0.1")


# Objects and references


@pytest.fixture(scope="session")
def sha256_template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The same world in SHA-256."""
    return Template(tmp_path_factory.mktemp("sha256") / "world", "sha256")


def test_sha256(playground: Playground, sha256_template: Template) -> None:
    world = World(playground, sha256_template)
    bob = world.person()
    assert len(bob.head()) == 64

    works(bob, world)


def test_reftable(world: World) -> None:
    bob = world.person()
    if bob.git("refs", "migrate", "--ref-format=reftable", check=False).status != 0:
        pytest.skip("this Git has no reftable (2.45 and later have)")
    bob.mlv("install")

    works(bob, world)


def test_packed_objects_and_refs(world: World) -> None:
    bob = world.person()
    for repo in (bob, world.server):
        repo.git("gc", "-q", "--prune=now")

    works(bob, world)


# Working directories


def test_linked_worktree(world: World) -> None:
    bob = world.person()
    linked = bob.worktree("linked")

    works(linked, world)
    assert_settled(bob)


def test_linked_worktree_of_a_bare_clone(world: World) -> None:
    bare = Sandbox(world.playground, world.playground.folder / "bare.git")
    world.playground.run(
        "git", "clone", "-q", "--bare", str(world.server.path), str(bare.path), cwd=world.playground.folder
    )
    bare.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    bare.git("fetch", "-q")
    linked = bare.worktree("linked", "-b", "mine")
    linked.mlv("install")

    works(linked, world)


def test_submodule(world: World) -> None:
    outer = world.playground.init("outer")
    outer.git("submodule", "add", "-q", str(world.server.path), "data team")
    outer.git("commit", "-qm", "Add the data")
    inner = Sandbox(world.playground, outer / "data team")
    inner.git("checkout", "-q", "-B", "main", "origin/main")
    inner.mlv("install")

    works(inner, world)
    outer.git("commit", "-qam", "Move on")


def test_a_repository_around_a_submodule(world: World) -> None:
    library = world.playground.init("library")
    library.write("lib.py", "x = 1\n")
    library.commit("A library")
    bob = world.person()
    bob.git("submodule", "add", "-q", str(library.path), "lib")
    assert "mlv" not in bob.git("commit", "-qm", "Use the library").said

    works(bob, world)


def test_a_submodule_in_the_place_of_a_snapshot_is_refused(world: World) -> None:
    other = world.playground.init("other")
    other.write("iris.csv", ROWS)
    other.commit("Data")
    bob = world.person()
    bob.git("rm", "-rq", FOLDER)
    bob.git("submodule", "add", "-q", "--force", str(other.path), FOLDER)

    attempt(bob, "commit", "-m", "Data as a submodule")


def test_separate_git_dir(world: World) -> None:
    bob = world.person()
    (world.playground.folder / "elsewhere").mkdir()
    bob.git("init", "-q", "--separate-git-dir", str(world.playground.folder / "elsewhere" / "git dir"))
    bob.mlv("install")
    assert (bob / ".git").is_file()

    works(bob, world)


def test_sparse_checkout(world: World) -> None:
    bob = world.person()
    bob.git("status")  # the copied index knows no stat of these files yet
    bob.git("sparse-checkout", "set", "--cone", "models")
    assert not (bob / CSV).exists()

    assert bob.mlv("check").out.startswith("no findings")
    bob.git("sparse-checkout", "disable")
    bob.git("sparse-checkout", "set", "--cone", "data")
    works(bob, world)


def test_sparse_checkout_with_a_sparse_index_judges_what_is_not_there(world: World) -> None:
    bob = world.person()
    bob.git("sparse-checkout", "set", "--cone", "--sparse-index", "models")
    bob.git("update-index", "--force-remove", "--", MANIFEST)

    ran = attempt(bob, "commit", "-m", "Out of sight", code="MLV102")
    bob.git("restore", "--staged", "--ignore-skip-worktree-bits", "--", MANIFEST)

    assert "git mlv restore iris@v0.1" in ran.said
    bob.git("sparse-checkout", "disable")
    work_honestly(bob)


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_index_version(world: World, version: str) -> None:
    bob = world.person()
    bob.config("index.version", version)
    bob.git("update-index", "--index-version", version)

    works(bob, world)


def test_split_index(world: World) -> None:
    bob = world.person()
    bob.config("core.splitIndex", "true")
    bob.git("update-index", "--split-index")

    works(bob, world)


def test_untracked_cache_and_file_system_cache(world: World) -> None:
    bob = world.person()
    bob.config("core.untrackedCache", "true")
    bob.config("feature.manyFiles", "true")
    bob.git("status")

    works(bob, world)


def test_intent_to_add(world: World) -> None:
    bob = world.person()
    bob.write("data/snapshots/wine_v0.1/wine.csv", "1\n")
    bob.git("add", "-N", "data/snapshots/wine_v0.1/wine.csv")

    assert "mlv" not in bob.git("commit", "-q", "--allow-empty", "-m", "Nothing yet").said
    attempt(bob, "commit", "-am", "Now", code="MLV104")


def test_assume_unchanged_hides_nothing_that_is_staged(world: World) -> None:
    bob = world.person()
    append(bob)
    bob.stage(CSV)
    bob.git("update-index", "--assume-unchanged", CSV)

    ran = attempt(bob, "commit", "-m", "Hidden")
    bob.git("update-index", "--no-assume-unchanged", CSV)
    take(bob, ran, "undo")

    assert_settled(bob)


# History


def test_shallow_clone(world: World) -> None:
    bob = Sandbox(world.playground, world.playground.folder / "shallow")
    world.playground.run(
        "git", "clone", "-q", "--depth=1", f"file://{world.server.path}", "shallow", cwd=world.playground.folder
    )
    bob.mlv("install")

    works(bob, world)


def test_shallow_clone_says_what_it_cannot_know(world: World) -> None:
    ada = world.person("ada")
    work_honestly(ada, "HEAD:refs/heads/topic")
    ada.push("origin", "HEAD~1:refs/heads/main")
    freeze(ada, "later", "1\n")
    ada.git("checkout", "-q", "-B", "main", "origin/main")
    ada.git("commit", "-qm", "Later")
    ada.push("origin", "main")
    bob = Sandbox(world.playground, world.playground.folder / "shallow")
    options = ("--depth=1", "--no-single-branch", "--branch=topic")
    world.playground.run(
        "git", "clone", "-q", *options, f"file://{world.server.path}", "shallow", cwd=world.playground.folder
    )
    bob.git("remote", "set-head", "origin", "main")
    bob.mlv("install")
    bob.write("x.txt", "1\n")
    bob.commit("Honest")

    said = bob.push("origin", "topic").said
    assert "history is cut off here" in said
    assert "git fetch --unshallow" in said
    assert "error" not in said

    bob.write(f"{FOLDER}/more.csv", "1\n")
    sneak(bob)
    refused(bob.push("origin", "topic", check=False), "MLV103")
    refused(bob.push("--no-verify", "origin", "topic", check=False), "MLV103")
    bob.git("fetch", "-q", "--unshallow")
    assert "cut off" not in refused(bob.push("origin", "topic", check=False), "MLV103").said


def test_no_commit_yet(world: World) -> None:
    repo = world.playground.init("fresh")
    repo.mlv("init")
    repo.write("data/snapshots/wine_v0.1/wine.csv", "1\n")
    repo.stage()

    ran = attempt(repo, "commit", "-m", "First", code="MLV104")
    take(repo, ran, "undo")
    assert repo.read("data/snapshots/wine_v0.1/wine.csv") == b"1\n"
    repo.git("commit", "-qm", "First")
    take(repo, ran, "keep it")
    repo.git("commit", "-qm", "Freeze wine")
    assert repo.mlv("check", "--all").out == "no findings\n"


def test_no_commit_yet_and_a_stale_manifest(world: World) -> None:
    repo = world.playground.init("fresh")
    repo.mlv("init")
    freeze(repo, "wine", "1\n")
    append(repo, "data/snapshots/wine_v0.1/wine.csv", "2\n")
    repo.stage()

    ran = attempt(repo, "commit", "-m", "First", code="MLV103")
    take(repo, ran, "keep it")
    repo.git("commit", "-qm", "First")

    repo.assert_committed("data/snapshots/wine_v0.1/wine.csv", "1\n2\n")
    assert repo.mlv("check", "--all").out == "no findings\n"


def test_detached_head(world: World) -> None:
    bob = world.person()
    bob.checkout("HEAD", "--detach")

    works(bob, world)


def test_grafts_and_replaced_objects_do_not_hide_a_falsification(world: World) -> None:
    bob = world.person()
    append(bob)
    bad = sneak(bob)
    good = bob.git("commit-tree", "-p", "origin/main", "-m", "Looks good", "origin/main^{tree}").out.strip()
    bob.git("replace", bad, good)

    refused(bob.push("--no-verify", "origin", "main", check=False), "MLV101")
    refused(bob.push("origin", "main", check=False), "MLV101")


# Names


NAMES = {
    "spaces": "a b.csv",
    "unicode": "größe-данные-数据.csv",
    "a leading dash": "-rf.csv",
    "percent and hash": "100%#1.csv",
    "looks like an option": "--output=x",
    "emoji": "🌸.csv",
    "a shell's dollar": "$(touch pwned).csv",
    "an apostrophe": "it's.csv",
    "brackets": "[ab].csv",
    "a leading tilde": "~root.csv",
    "double quotes": 'a"b.csv',
    "a glob": "ab*?.csv",
    "a pathspec": ":(top)x.csv",
    "an exclamation mark": "!important.csv",
}
BAD_NAMES = {"a backslash": "a\\b.csv", "a newline": "a\nb.csv"}


def test_hostile_file_names(world: World) -> None:
    bob = world.person()
    for name in NAMES.values():
        bob.write(f"raw/{name}", ROWS)
    bob.mlv("snapshot", "create", "odd", "v0.1", "raw")
    shutil.rmtree(bob / "raw")
    paths = [f"data/snapshots/odd_v0.1/{name}" for name in NAMES.values()]
    assert "mlv" not in bob.git("commit", "-qm", "Freeze").said
    bob.push("origin", "main")

    for path in paths:
        append(bob, path)
    ran = attempt(bob, "commit", "-am", "Edit")
    assert [path for path in paths if path not in ran.said] == []
    take(bob, ran, "undo")
    assert_settled(bob)
    for path in paths:
        append(bob, path)
    sneak(bob)
    refused(bob.push("--no-verify", "origin", "main", check=False), "MLV101")
    ran = refused(bob.push("origin", "main", check=False), "MLV101")
    take(bob, ran, "mend")
    bob.git("commit", "-qm", "Mend")
    bob.push("origin", "main")

    for path in paths:
        bob.assert_committed(path, ROWS)
    assert not (bob / "pwned").exists()
    assert not (bob / "x").exists()


@pytest.mark.parametrize("kind", NAMES)
def test_hostile_file_name_in_a_pasted_command(world: World, kind: str) -> None:
    bob = world.person()
    path = f"{FOLDER}/{NAMES[kind]}"
    bob.write(path, "1\n")
    bob.stage()

    ran = attempt(bob, "commit", "-m", "One more file", code="MLV103")
    take(bob, ran, "undo")

    assert bob.git("ls-files", "-z", "--", f":(literal){path}").out == ""
    assert (bob / path).exists(), "a new file is left on disk"
    assert not list(bob.path.rglob("pwned"))


@pytest.mark.parametrize("kind", BAD_NAMES)
def test_file_name_that_is_not_the_same_everywhere(world: World, kind: str) -> None:
    bob = world.person()
    bob.write(f"data/snapshots/odd_v0.1/{BAD_NAMES[kind]}", ROWS)
    made = bob.mlv("snapshot", "create", "odd", "v0.1", check=False)
    assert made.status in (1, 2), made.said
    assert "Traceback" not in made.said
    bob.git("add", "--all", "data")

    ran = attempt(bob, "commit", "-m", "By hand", code="MLV105")
    take(bob, ran, "undo")

    work_honestly(bob)


def test_many_files_with_control_characters_in_their_names_are_taken_back_from_a_list(world: World) -> None:
    bob = world.person()
    for number in range(6):
        bob.write(f"{FOLDER}/bell\x07{number}.csv", "1\n")
    bob.stage()

    ran = attempt(bob, "commit", "-m", "Bells", code="MLV105")
    assert "\x07" not in ran.said
    take(bob, ran, "undo")

    shutil.rmtree(bob / FOLDER)
    bob.git("checkout", "-q", "--", FOLDER)
    assert_settled(bob)
    work_honestly(bob)


def test_file_names_that_are_not_utf8_are_refused_and_printed_safely(world: World) -> None:
    bob = world.person()
    bob.write(os.fsencode(FOLDER) + b"/caf\xe9.csv", "1\n")
    bob.stage()

    ran = attempt(bob, "commit", "-m", "Latin", code="MLV105")
    take(bob, ran, "undo")

    Path(os.fsdecode(os.fsencode(bob.path) + b"/" + os.fsencode(FOLDER) + b"/caf\xe9.csv")).unlink()
    assert_settled(bob)
    work_honestly(bob)


REFS = {
    "an option": "--output=x",
    "quotes": 'it\'s"quoted"',
    "unicode": "größe/данные/数据",
    "shell": "$(touch${IFS}pwned);`touch${IFS}pwned`",
    "percent": "100%(refname)",
    "a lone dash": "-",
    "at signs": "iris_clf@v0.2.0@x",
    "like an id": "0123456789012345678901234567890123456789",
    "like HEAD": "HEAD",
    "like main elsewhere": "origin/main",
}
OWN_MAIN = "refs/heads/main:refs/heads/main"


@pytest.mark.parametrize("kind", REFS)
def test_hostile_ref_names(world: World, kind: str) -> None:
    """A branch and a tag of that name are here, are pushed with honest work, and hide no falsification."""
    bob = world.person()
    name = REFS[kind]
    for folder in ("heads", "tags"):
        bob.git("update-ref", f"refs/{folder}/{name}", "HEAD")
    refs = (f"refs/heads/{name}", f"refs/tags/{name}")

    work_honestly(bob, OWN_MAIN, *refs)
    append(bob)
    ran = attempt(bob, "commit", "-am", "Edit")
    bob.git("update-ref", refs[0], sneak(bob))
    with world.unmoved():
        refused(bob.push("--force", "origin", *refs, check=False), "MLV101")
        refused(bob.push("--no-verify", "origin", f"{refs[0]}:refs/heads/main", check=False), "MLV101")
    take(bob, ran, "undo it")
    bob.git("commit", "-qm", "Take it back")

    assert not (bob / "pwned").exists()
    assert not (world.server / "pwned").exists()
    assert not (bob / "x").exists()
    bob.push("origin", OWN_MAIN)


def test_the_server_is_not_fooled_by_hostile_refs_of_its_own(world: World) -> None:
    for ref in ("refs/tags/--output=x", "refs/heads/main@{0}", "refs/tags/main", "refs/tags/iris_clf@v0.2.0^{}"):
        world.server.git("update-ref", ref, ":/Freeze iris", check=False)
    bob = world.person()

    falsify_and_undo(bob, world)

    assert not (world.server / "x").exists()


def test_a_repository_in_a_folder_with_a_hostile_name(world: World) -> None:
    bob = world.person('it\'s $(touch pwned) "here" -größe')
    bob.mlv("install")

    works(bob, world)
    assert not list(world.playground.folder.rglob("pwned"))


def test_what_a_sparse_checkout_leaves_out_is_no_damage(world: World) -> None:
    bob = world.person("bob")
    bob.git("status")  # the copied index knows no stat of these files yet
    bob.git("sparse-checkout", "set", "runs")

    said = bob.mlv("verify").out

    assert "left out by the sparse checkout: git sparse-checkout add data/snapshots/" in said
    assert "BAD" not in said


def test_a_shallow_clone_says_that_its_events_are_cut_off(world: World) -> None:
    world.playground.run(
        "git", "clone", "-q", "--depth=1", f"file://{world.server.path}", "shallow", cwd=world.playground.folder
    )
    shallow = Sandbox(world.playground, world.playground.folder / "shallow")

    assert "git fetch --unshallow" in shallow.mlv("log").err
    assert "git fetch --unshallow" in shallow.mlv("rollback", "iris_clf", check=False).err


def test_a_folder_of_many_files_that_went_is_a_few_findings(world: World) -> None:
    bob = world.person("bob")
    for number in range(50):
        bob.write(f"raw/{number:02}.csv", f"{number}\n")
    bob.mlv("snapshot", "create", "many", "v0.1", "raw", "-m", "Freeze")
    bob.git("rm", "-rq", "data/snapshots/many_v0.1")

    refused = bob.git("commit", "-qm", "Away", check=False).err

    assert refused.count("MLV101") == 4
    assert "and 47 more files of many@v0.1" in refused
