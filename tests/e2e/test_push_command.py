"""`git mlv push`: a release arrives whole or not at all."""

import json

from tests.conftest import Playground
from tests.e2e.world import CSV, World, append, sneak


def test_a_release_takes_two_commands(world: World) -> None:
    bob = world.person("bob")
    bob.mlv("promote", "--tag", "iris_clf", "v0.3.0", "production", "-m", "better")

    said = bob.mlv("push").out

    assert "main" in said
    assert "iris_clf@v0.3.0" in said
    assert world.server.head("main") == bob.head()
    assert world.server.head("refs/tags/iris_clf@v0.3.0") == bob.head("refs/tags/iris_clf@v0.3.0")


def test_a_second_push_does_nothing_and_says_so(world: World) -> None:
    bob = world.person("bob")

    assert "nothing to do" in bob.mlv("push").out


def test_a_tag_that_was_made_after_the_push_goes_along_with_the_next(world: World) -> None:
    bob = world.person("bob")
    bob.commit_files("Code", code_py="1")
    bob.mlv("push")
    bob.mlv("tag-model", "iris_clf", "v0.3.0")

    assert "iris_clf@v0.3.0" in bob.mlv("push").out
    assert world.server.head("refs/tags/iris_clf@v0.3.0") == bob.head("refs/tags/iris_clf@v0.3.0")
    assert "nothing to do" in bob.mlv("push").out


def test_a_tag_that_the_remote_has_otherwise_is_named_and_left_alone(world: World) -> None:
    ada, bob = world.person("ada"), world.person("bob")
    ada.mlv("tag-model", "iris_clf", "v0.3.0")
    ada.mlv("push")
    bob.mlv("tag-model", "iris_clf", "v0.3.0")
    bob.git("tag", "-f", "-a", "-m", "Another", "iris_clf@v0.3.0", "HEAD~1")
    theirs = world.server.head("refs/tags/iris_clf@v0.3.0")

    said = bob.mlv("push").said

    assert "another tag iris_clf@v0.3.0" in said
    assert world.server.head("refs/tags/iris_clf@v0.3.0") == theirs
    bob.git("tag", "-d", "iris_clf@v0.3.0")
    bob.git("fetch", "-q", "origin", "tag", "iris_clf@v0.3.0")
    assert "nothing to do" in bob.mlv("push").out


def test_a_refused_push_moves_nothing_and_says_why(world: World) -> None:
    bob = world.person("bob")
    append(bob, CSV)
    sneak(bob)

    with world.unmoved():
        refused = bob.mlv("push", check=False)

    assert refused.status == 1
    assert "MLV101" in refused.err


def test_a_new_branch_is_pushed_and_followed(world: World) -> None:
    bob = world.person("bob")
    bob.branch("feature")
    bob.commit_files("Code", code_py="1")

    assert json.loads(bob.mlv("push", "--json").out) == {
        "remote": "origin",
        "refs": ["feature"],
        "sent_bytes": 0,
        "differing_tags": [],
        "warnings": [],
    }
    assert bob.git("rev-parse", "--abbrev-ref", "@{upstream}").out == "origin/feature\n"


def test_before_the_first_commit_there_is_nothing_to_push(playground: Playground) -> None:
    repo = playground.init()
    repo.git("remote", "add", "origin", str(playground.server().path))

    said = repo.mlv("push", check=False)

    assert said.status == 2
    assert "no commit yet" in said.said
