"""Frozen things that somebody renames with `git mv`: every printed way out leads to the end, none to a half."""

from __future__ import annotations

import pytest

from tests.conftest import Ran, Sandbox
from tests.e2e.world import (
    CSV,
    FOLDER,
    MANIFEST,
    World,
    add_model,
    append,
    assert_frozen,
    assert_settled,
    refused,
    take,
    work_honestly,
)


@pytest.fixture
def bob(world: World) -> Sandbox:
    return world.person()


def rename_model(bob: Sandbox) -> Ran:
    bob.git("mv", "models/iris_clf", "models/flowers")
    return refused(bob.git("commit", "-qm", "Rename the model", check=False), "MLV102")


def rename_snapshot(bob: Sandbox) -> Ran:
    bob.git("mv", FOLDER, "data/snapshots/flowers_v0.1")
    bob.git("mv", MANIFEST, "data/snapshots/flowers_v0.1.manifest.json")
    return refused(bob.git("commit", "-qm", "Rename the data", check=False), "MLV102")


RENAMES = {"model": rename_model, "snapshot": rename_snapshot}


@pytest.mark.parametrize("label", ["undo", "undo it"])
@pytest.mark.parametrize("what", RENAMES)
def test_a_rename_that_is_undone_leaves_nothing_of_it_staged(bob: Sandbox, what: str, label: str) -> None:
    bob.write("code.py", "1\n")
    bob.git("add", "code.py")

    take(bob, RENAMES[what](bob), label)

    assert bob.git("diff", "--cached", "--name-status").out == "A\tcode.py\n"
    assert bob.mlv("resolve", "iris_clf@production").out.rstrip().endswith("/models/iris_clf/v0.2.0")
    bob.git("commit", "-qm", "Code")
    assert_frozen(bob)
    work_honestly(bob, "main")


@pytest.mark.parametrize("what", RENAMES)
def test_a_rename_on_purpose_freezes_the_files_under_both_names(bob: Sandbox, what: str) -> None:
    take(bob, RENAMES[what](bob), "keep it")

    bob.git("commit", "-qm", "Under another name too")
    assert_frozen(bob)
    assert_settled(bob)
    assert "ok  flowers@v0.1" in bob.mlv("verify").out
    assert bob.mlv("resolve", "iris_clf@production").out.rstrip().endswith("/models/iris_clf/v0.2.0")
    bob.push("origin", "main")


def test_what_undoes_a_rename_leaves_other_honest_work_staged(bob: Sandbox) -> None:
    add_model(bob, "v0.4.0")
    append(bob)
    bob.git("add", CSV)

    take(bob, refused(bob.git("commit", "-qm", "Both", check=False), "MLV101"), "undo")

    staged = bob.git("diff", "--cached", "--name-only").out
    assert staged == "models/iris_clf/v0.4.0.manifest.json\nmodels/iris_clf/v0.4.0/model.pkl\n"


def test_a_picked_rename_is_mended_whole(bob: Sandbox) -> None:
    bob.branch("side")
    bob.write("code.py", "1\n")
    bob.git("mv", "models/iris_clf", "models/flowers")
    bob.git("add", "code.py")
    bob.git("commit", "-qnm", "Rename and code")
    bob.checkout("main")

    ran = refused(bob.git("cherry-pick", "side", check=False)._replace(status=1), "MLV102")
    take(bob, ran, "mend", "then go on")

    assert_settled(bob)
    assert bob.git("diff", "--name-only", "HEAD~1").out == "code.py\n"


def test_the_command_that_git_has_for_renaming_is_explained(bob: Sandbox) -> None:
    for word in ("rename", "mv"):
        said = bob.mlv(word, "iris", "flowers", check=False).err

        assert "snapshot create NEW VERSION data/snapshots/OLD_VERSION --from OLD@VERSION" in said
        assert "model add NEW VERSION models/OLD/VERSION" in said
    bob.mlv("snapshot", "create", "flowers", "v0.1", FOLDER, "--from", "iris@v0.1", "-m", "Name it anew")
    bob.mlv("model", "add", "flowers_clf", "v0.2.0", "models/iris_clf/v0.2.0", "-m", "Name it anew")
    bob.mlv("verify")
