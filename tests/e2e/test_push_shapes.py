"""Shapes of a push that must be judged whole: several refs, tags, deletions, first and forced pushes."""

from __future__ import annotations

import pytest

from tests.conftest import Ran, Sandbox
from tests.e2e.world import (
    CSV,
    MAIN,
    MANIFEST,
    ROWS,
    SUBJECT,
    World,
    add_model,
    append,
    assert_frozen,
    assert_settled,
    commands,
    freeze,
    refused,
    script,
    sneak,
    take,
    work_honestly,
)

TAG = "iris_clf@v0.2.0"


def refused_twice(world: World, bob: Sandbox, code: str, *args: str) -> Ran:
    """Push through the hook and past it: both are refused, nothing moves; return what the hook said."""
    with world.unmoved():
        refused(bob.push("--no-verify", *args, check=False), code)
        return refused(bob.push(*args, check=False), code)


def refused_by_server(world: World, bob: Sandbox, code: str, *args: str) -> Ran:
    """Push past the hook, which may not know what the server has."""
    with world.unmoved():
        return refused(bob.push("--no-verify", *args, check=False), code)


def finish(bob: Sandbox) -> None:
    """Fail unless everything is as it was frozen, and honest work goes on."""
    assert_settled(bob)
    assert_frozen(bob)
    work_honestly(bob, MAIN)


@pytest.fixture
def bob(world: World) -> Sandbox:
    """A clone whose hooks are installed."""
    return world.person()


# Several refs


def test_several_refs_of_which_the_last_is_bad_are_refused_whole(world: World, bob: Sandbox) -> None:
    for name in ("a", "b"):
        bob.branch(name, "main")
        bob.write(f"{name}.txt", "1\n")
        bob.commit(name)
    bob.branch("z", "main")
    append(bob)
    sneak(bob)

    refused_twice(world, bob, "MLV101", "origin", "a", "b", "z")
    refused_twice(world, bob, "MLV101", "--all", "origin")
    bob.push("origin", "a", "b")

    bob.checkout("main")
    finish(bob)


def test_a_bad_branch_beside_its_own_repair_is_refused(world: World, bob: Sandbox) -> None:
    append(bob)
    bad = sneak(bob)
    bob.mlv("restore", "iris@v0.1")
    bob.git("commit", "-qm", "Take it back")

    refused_twice(world, bob, "MLV101", "origin", "main:refs/heads/mended", f"{bad}:refs/heads/main")
    bob.push("origin", "main")


# Tags


def release(repo: Sandbox, version: str = "v0.3.0") -> None:
    """Tag a version."""
    repo.mlv("tag-model", "iris_clf", version)


def test_a_good_tag_alone_passes(bob: Sandbox) -> None:
    release(bob)

    assert bob.push("origin", "iris_clf@v0.3.0").said == ""


def test_a_tag_alone_that_vouches_for_other_files_is_refused_and_made_again(world: World, bob: Sandbox) -> None:
    message = bob.git("cat-file", "tag", TAG).out.partition("\n\n")[2].replace("v0.2.0", "v0.3.0")
    bob.git("tag", "-a", "-m", message, "iris_clf@v0.3.0")

    pushed = refused_twice(world, bob, "MLV502", "origin", "iris_clf@v0.3.0")
    take(bob, pushed, "undo it")
    take(bob, pushed, "keep it")
    bob.push("origin", "iris_clf@v0.3.0")

    finish(bob)


def test_a_tag_alone_under_anothers_name_is_refused(world: World, bob: Sandbox) -> None:
    bob.git("update-ref", "refs/tags/iris_clf@v0.3.0", bob.head(TAG))

    pushed = refused_twice(world, bob, "MLV502", "origin", "iris_clf@v0.3.0")
    take(bob, pushed, "undo it")

    assert bob.git("tag", "--list", "iris_clf@v0.3.0").out == ""
    finish(bob)


def test_a_tag_alone_on_a_falsified_commit_is_refused(world: World, bob: Sandbox) -> None:
    append(bob)
    sneak(bob)
    release(bob)
    bob.git("tag", "plain")
    bob.git("tag", "-a", "-m", "Annotated", "annotated")

    for tag in ("iris_clf@v0.3.0", "plain", "annotated"):
        refused_twice(world, bob, "MLV101", "origin", tag)
    refused_twice(world, bob, "MLV101", "--tags", "origin")

    bob.git("tag", "-d", "iris_clf@v0.3.0", "plain", "annotated")
    bob.git("reset", "-q", "--hard", "origin/main")
    bob.git("tag", "plain")
    assert bob.push("origin", "plain").said == ""


def test_a_deleted_model_tag_is_refused(world: World, bob: Sandbox) -> None:
    pushed = refused_twice(world, bob, "MLV501", "origin", f":refs/tags/{TAG}")
    bob.git("tag", "-d", TAG)
    refused_by_server(world, bob, "MLV501", "--delete", "origin", TAG)
    take(bob, pushed, "undo it")

    assert bob.head(TAG) == world.server.head(TAG)
    finish(bob)


def test_a_deleted_tag_that_is_no_model_tag_passes(bob: Sandbox) -> None:
    bob.git("tag", "nightly")
    bob.push("origin", "nightly")

    assert "mlv" not in bob.push("--delete", "origin", "nightly").said


def test_a_moved_model_tag_is_refused_and_fetched_back(world: World, bob: Sandbox) -> None:
    published = bob.head(TAG)
    message = bob.git("cat-file", "tag", TAG).out.partition("\n\n")[2]
    bob.git("tag", "-f", "-a", "-m", message, TAG, "main")

    pushed = refused_twice(world, bob, "MLV501", "--force", "origin", f"refs/tags/{TAG}")
    take(bob, pushed, "undo it")

    assert bob.head(TAG) == published
    finish(bob)


@pytest.mark.parametrize("kind", ["lightweight", "annotated"])
def test_a_model_tag_replaced_by_another_kind_of_tag_is_refused(world: World, bob: Sandbox, kind: str) -> None:
    options = ["-a", "-m", "again"] if kind == "annotated" else []
    bob.git("tag", "-f", *options, TAG, f"{TAG}^{{commit}}")

    pushed = refused_twice(world, bob, "MLV501", "--force", "origin", f"refs/tags/{TAG}")
    take(bob, pushed, "undo it")

    finish(bob)


def test_a_promotion_and_the_deletion_of_its_tag_in_one_push_are_refused(world: World, bob: Sandbox) -> None:
    release(bob)
    bob.push("origin", "iris_clf@v0.3.0")
    bob.mlv("promote", "iris_clf", "v0.3.0", "production", "-m", "better")

    refused_twice(world, bob, "MLV501", "origin", "main", ":refs/tags/iris_clf@v0.3.0")
    bob.push("origin", "main")

    finish(bob)


# First pushes


def first(world: World, bob: Sandbox) -> Sandbox:
    """Make an empty guarded server and call it `new`."""
    server = world.playground.server("new.git")
    server.mlv("install", "--server")
    bob.git("remote", "add", "new", str(server.path))
    return server


def test_a_first_push_to_an_empty_server_is_judged(world: World, bob: Sandbox) -> None:
    server = first(world, bob)
    append(bob)
    sneak(bob)
    bob.git("branch", "-q", "bad")
    bob.git("reset", "-q", "--hard", "origin/main")

    for options in ((), ("--no-verify",)):
        answer = bob.push(*options, "new", "bad:refs/heads/main", check=False)
        refused(answer, "MLV101" if not options else "MLV103")
    assert server.git("for-each-ref").out == ""
    assert "mlv" not in bob.push("--atomic", "new", "main", TAG, "iris_clf@v0.1.0").said
    assert server.head("main") == bob.head()


def test_a_first_push_of_an_untagged_release_is_refused_and_pushed_with_its_tags(world: World, bob: Sandbox) -> None:
    server = first(world, bob)

    answer = refused(bob.push("--no-verify", "new", "main", check=False), "MLV203")
    assert server.git("for-each-ref").out == ""
    assert "git mlv tag-model iris_clf v0.2.0" in answer.said
    assert commands(answer.said, "mend") == [], "the server has nothing to take it from"
    bob.push("--no-verify", "--atomic", "new", "main", TAG, "iris_clf@v0.1.0")


def test_a_first_push_of_a_new_project_is_judged(world: World) -> None:
    server = world.playground.server("fresh.git")
    server.mlv("install", "--server")
    repo = world.playground.init("fresh")
    repo.git("remote", "add", "origin", str(server.path))
    repo.write("data/snapshots/wine_v0.1/wine.csv", "1\n")
    repo.commit("By hand, without mlvgit")

    answer = refused(repo.push("origin", "main", check=False), "MLV104")
    take(repo, answer, "keep it")
    repo.git("commit", "-qm", "Freeze wine")
    repo.push("origin", "main")

    assert server.head("main") == repo.head()


# Force pushes, new and deleted branches


def test_a_force_push_that_drops_what_is_published_is_refused(world: World, bob: Sandbox) -> None:
    bob.git("reset", "-q", "--hard", ":/Set up mlvgit")
    bob.write("other.txt", "1\n")
    bob.commit("Start again")

    refused_twice(world, bob, "MLV102", "--force", "origin", "main")
    bob.git("reset", "-q", "--hard", "origin/main")

    finish(bob)


def test_a_force_push_of_main_back_to_an_older_commit_is_refused(world: World, bob: Sandbox) -> None:
    older = bob.head(":/Freeze iris")

    refused_twice(world, bob, "MLV102", "--force", "origin", f"{older}:refs/heads/main")

    finish(bob)


def test_a_force_push_of_main_that_keeps_what_is_published_passes(bob: Sandbox) -> None:
    bob.write("README.md", "Flowers, and more\n")
    bob.stage()
    bob.git("commit", "-q", "--amend", "-m", "Add v0.3.0, with a readme")

    assert "error" not in bob.push("--force", "origin", "main").said


def test_a_force_push_through_an_alias_of_main_is_refused(world: World, bob: Sandbox) -> None:
    world.server.git("symbolic-ref", "refs/heads/trunk", "refs/heads/main")
    older = bob.head(":/Freeze iris")

    refused_by_server(world, bob, "MLV102", "--force", "origin", f"{older}:refs/heads/trunk")

    finish(bob)


def test_a_new_branch_is_judged_by_what_it_changes(world: World, bob: Sandbox) -> None:
    bob.branch("topic")
    append(bob)
    sneak(bob)

    pushed = refused_twice(world, bob, "MLV101", "-u", "origin", "topic")
    take(bob, pushed, "mend")
    bob.git("commit", "-qm", "Mend")
    bob.push("-u", "origin", "topic")

    assert_settled(bob)
    assert_frozen(bob)


def test_a_new_release_branch_is_judged(world: World, bob: Sandbox) -> None:
    append(bob)
    sneak(bob)

    refused_twice(world, bob, "MLV101", "origin", "HEAD:refs/heads/release/2")
    assert "mlv" not in bob.push("origin", "origin/main:refs/heads/release/2").said


def test_a_new_branch_with_another_history_that_reuses_a_version_is_refused(world: World, bob: Sandbox) -> None:
    bob.git("checkout", "-q", "--orphan", "island")
    bob.git("rm", "-rqf", ".")
    freeze(bob, "iris", "9,9,island\n")
    bob.git("commit", "-q", "--no-verify", "-m", "Island")

    refused_twice(world, bob, "MLV206", "origin", "island")


def test_a_deleted_branch_of_ones_own_passes(bob: Sandbox) -> None:
    bob.branch("topic")
    freeze(bob, "wine", "1\n")
    bob.git("commit", "-qm", "Wine")
    bob.push("origin", "topic")

    assert "mlv" not in bob.push("--delete", "origin", "topic").said


def test_a_deleted_protected_branch_is_refused(world: World, bob: Sandbox) -> None:
    world.server.config("receive.denyDeleteCurrent", "ignore")
    pushed = refused_twice(world, bob, "MLV102", "--delete", "origin", "main")

    assert "deleting the protected branch main" in pushed.said
    finish(bob)


def test_a_deleted_release_branch_whose_all_is_on_main_passes(bob: Sandbox) -> None:
    assert "mlv" not in bob.push("--delete", "origin", "release/1").said


def test_a_deleted_release_branch_that_has_more_than_main_is_refused_and_merged_first(
    world: World, bob: Sandbox
) -> None:
    bob.git("checkout", "-q", "-b", "release/1", "origin/release/1")
    freeze(bob, "hotfix", "1\n")
    bob.git("commit", "-qm", "Hotfix data")
    bob.push("origin", "release/1")

    pushed = refused_twice(world, bob, "MLV102", "--delete", "origin", "release/1")
    assert "hotfix@v0.1" in pushed.said
    bob.checkout("main")
    bob.git("merge", "-q", "--no-edit", "release/1")
    bob.push("origin", "main", ":release/1")

    finish(bob)


# Nothing, and what is there already


def test_up_to_date_asks_nothing(world: World, bob: Sandbox) -> None:
    with world.unmoved():
        assert bob.push("origin", "main").said == ""
    assert bob.run(str(script(bob / ".git", "pre-push")), "origin", str(world.server.path), input="").said == ""
    assert world.server.run(str(script(world.server.path, "pre-receive")), input="").said == ""


def test_a_bad_branch_that_is_already_on_the_remote_is_refused_when_it_goes_to_main(world: World, bob: Sandbox) -> None:
    mallory = world.plain()
    append(mallory)
    sneak(mallory)
    with world.unguarded():
        mallory.push("origin", "HEAD:refs/heads/bad")
    bob.git("fetch", "-q")

    refused_twice(world, bob, "MLV101", "origin", "origin/bad:main")
    refused_twice(world, bob, "MLV101", "origin", "origin/bad:refs/heads/release/1", "--force")
    refused(bob.mlv("check", "origin/main..origin/bad", check=False), "MLV101")

    assert "mlv" not in bob.push("--delete", "origin", "bad").said
    finish(bob)


def test_a_branch_that_was_pushed_before_a_version_was_published_is_judged_by_what_is_published_now(
    world: World, bob: Sandbox
) -> None:
    freeze(bob, "wine", "bob\n")
    bob.git("commit", "-qm", "Wine")
    bob.push("origin", "HEAD:refs/heads/bobs")
    ada = world.person("ada")
    freeze(ada, "wine", "ada\n")
    ada.git("commit", "-qm", "Wine")
    ada.push("origin", "main")
    bob.git("fetch", "-q")
    bob.git("merge", "-q", "--no-edit", "-X", "ours", "--no-verify", "origin/main")

    pushed = refused_twice(world, bob, "MLV101", "origin", "HEAD:refs/heads/main")
    take(bob, pushed, "mend")
    bob.git("commit", "-qm", "Take what is published")
    bob.push("origin", "main")

    bob.assert_committed("data/snapshots/wine_v0.1/wine.csv", "ada\n")
    finish(bob)


def test_a_push_to_a_remote_that_is_a_bare_address_is_judged(world: World, bob: Sandbox) -> None:
    append(bob)
    sneak(bob)

    refused_twice(world, bob, "MLV101", str(world.server.path), "main")


def test_a_push_of_other_refs_than_branches_and_tags_does_not_publish(world: World, bob: Sandbox) -> None:
    append(bob)
    bad = sneak(bob)
    bob.push("--no-verify", "origin", "HEAD:refs/notes/bad", check=False)

    refused_twice(world, bob, "MLV101", "origin", f"{bad}:refs/heads/main")


def test_a_mirror_push_is_judged_whole(world: World, bob: Sandbox) -> None:
    append(bob)
    sneak(bob)

    refused_by_server(world, bob, "MLV101", "--mirror", "origin")
    refused(bob.push("--mirror", "origin", check=False), "MLV101")


def test_an_annotated_tag_of_a_tag_of_a_model_stays_judged(world: World, bob: Sandbox) -> None:
    add_model(bob, "v0.4.0")
    bob.git("commit", "-qm", "Add v0.4.0")
    release(bob, "v0.4.0")
    bob.push("--atomic", "origin", "main", "iris_clf@v0.4.0")
    bob.git("tag", "-f", "-a", "-m", "on top", "iris_clf@v0.4.0", "iris_clf@v0.4.0")

    pushed = refused_twice(world, bob, "MLV501", "--force", "origin", "refs/tags/iris_clf@v0.4.0")
    take(bob, pushed, "undo it")

    assert bob.head("iris_clf@v0.4.0") == world.server.head("iris_clf@v0.4.0")


def test_a_merge_button_that_drops_a_version_is_refused(world: World, bob: Sandbox) -> None:
    """A host merges without hooks; the merge keeps one side and forgets the other."""
    ada = world.person("ada")
    freeze(ada, "wine", "1\n")
    ada.git("commit", "-qm", "Wine")
    ada.push("origin", "main")
    bob.write("mine.txt", "1\n")
    bob.commit("Mine")
    bob.git("fetch", "-q")
    bob.git("merge", "-q", "--no-verify", "--no-edit", "-s", "ours", "origin/main")

    pushed = refused_twice(world, bob, "MLV102", "origin", "main")
    assert commands(pushed.said, "undo it") == ["git mlv restore wine@v0.1"]
    take(bob, pushed, "mend", "then go on", GIT_EDITOR=SUBJECT)

    bob.assert_committed("data/snapshots/wine_v0.1/wine.csv", "1\n")
    finish(bob)


def test_what_pre_receive_prints_reaches_a_pusher_without_hooks(world: World) -> None:
    mallory = world.plain()
    (mallory / CSV).chmod(0o644)
    mallory.write(CSV, ROWS + "x\n")
    mallory.git("rm", "-q", "--cached", MANIFEST)
    sneak(mallory)

    answer = refused_by_server(world, mallory, "MLV101", "origin", "main")
    assert all(line.startswith("remote: ") for line in answer.err.splitlines() if "MLV" in line)
    take(mallory, answer, "mend", "then go on", GIT_EDITOR=SUBJECT)

    assert mallory.head() == world.server.head("main")
