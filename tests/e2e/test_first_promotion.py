"""The only promotion that a model had: published, it is not forgotten; before that it is reverted as it was made."""

from __future__ import annotations

import shutil

import pytest

from tests.conftest import Sandbox
from tests.e2e.world import MAIN, World, assert_settled, refused, sneak, take

WINE = "models/wine_clf/registry.json"
TAG = "wine_clf@v0.1.0"


def promote_first(person: Sandbox) -> None:
    person.write("out/model.pkl", "weights\n")
    person.mlv("model", "add", "wine_clf", "v0.1.0", "out/model.pkl", "-m", "Add wine_clf")
    shutil.rmtree(person / "out")
    person.mlv("promote", "--tag", "wine_clf", "v0.1.0", "production", "-m", "the first")


@pytest.fixture
def bob(world: World) -> Sandbox:
    """What he promoted is on the server."""
    bob = world.person()
    promote_first(bob)
    bob.push("--atomic", "origin", "main", TAG)
    return bob


def served(person: Sandbox) -> str:
    return person.mlv("resolve", "wine_clf@production", check=False).said


@pytest.mark.parametrize("label", ["undo", "undo it"])
def test_deleting_the_registry_of_a_published_promotion_is_refused(bob: Sandbox, label: str) -> None:
    bob.git("rm", "-q", WINE)

    ran = refused(bob.git("commit", "-qm", "Bye", check=False), "MLV201")
    take(bob, ran, label)

    assert_settled(bob)
    assert "wine_clf/v0.1.0" in served(bob)


def test_emptying_it_is_refused_and_leaving_service_is_not(bob: Sandbox) -> None:
    bob.write(WINE, '{"name": "wine_clf", "versions": []}\n')
    bob.git("add", WINE)

    take(bob, refused(bob.git("commit", "-qm", "Bye", check=False), "MLV201"), "keep it")

    assert_settled(bob)
    assert '"archived"' in bob.read(WINE).decode()
    bob.push("origin", "main")


def test_past_the_hooks_it_is_refused_at_push_by_the_check_and_by_the_server(world: World, bob: Sandbox) -> None:
    bob.git("rm", "-q", WINE)
    sneak(bob, "Bye")

    refused(bob.mlv("check", "origin/main..HEAD", check=False), "MLV201")
    with world.unmoved():
        refused(bob.push("origin", "--no-verify", MAIN, check=False), "MLV201")
        ran = refused(bob.push("origin", MAIN, check=False), "MLV201")
    take(bob, ran, "keep it")
    bob.push("origin", "main")
    assert world.server.head("main") == bob.head()


def test_a_revert_of_a_published_first_promotion_says_how_to_leave_service(bob: Sandbox) -> None:
    ran = bob.git("revert", "--no-edit", "HEAD", check=False)

    refused(ran._replace(status=1), "MLV201")
    take(bob, ran, "undo")
    take(bob, ran, "keep it")
    assert_settled(bob)
    bob.push("origin", "main")


def test_a_first_promotion_that_is_not_published_is_reverted(world: World) -> None:
    bob = world.person()
    promote_first(bob)

    assert "mlv" not in bob.git("revert", "--no-edit", "HEAD").err

    bob.refute_committed(WINE)
    assert "mlv" not in bob.push("--atomic", "origin", "main", TAG).err
