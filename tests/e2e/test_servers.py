"""Servers as they are found: what HEAD names, and who may weaken a guard."""

from tests.conftest import Playground
from tests.e2e.world import CSV, World, append, refused, sneak


def test_a_server_whose_head_names_a_branch_that_nobody_pushed_still_protects_main(playground: Playground) -> None:
    server = playground.server("odd.git")
    server.git("symbolic-ref", "HEAD", "refs/heads/master")
    server.mlv("install", "--server")
    ada = playground.init("ada")
    ada.git("remote", "add", "origin", str(server.path))
    ada.write("a.csv", "a\n1\n")
    ada.mlv("snapshot", "create", "d", "v0.1", "a.csv", "-m", "Freeze")
    ada.push("origin", "main")
    (ada / "data/snapshots/d_v0.1/a.csv").chmod(0o644)
    ada.write("data/snapshots/d_v0.1/a.csv", "a\n2\n")
    sneak(ada)

    answer = ada.push("origin", "main", check=False)

    assert answer.status != 0
    assert "MLV101" in answer.said


def test_a_server_accepts_a_weaker_guard_only_with_a_reason_and_when_its_operator_allows_reasons(world: World) -> None:
    bob = world.person("bob")
    world.server.config("receive.advertisePushOptions", "true")
    bob.write("mlv.yaml", bob.read("mlv.yaml").decode() + "limits: {file_in_git: 50 MiB}\n")
    bob.git("commit", "-qam", "Larger files")

    assert "MLV108" in bob.push("--no-verify", "origin", "main", check=False).said
    assert bob.push("--no-verify", "-o", "mlv.override=agreed", "origin", "main", check=False).status != 0
    world.server.config("mlv.allowOverride", "true")
    accepted = bob.push("--no-verify", "-o", "mlv.override=agreed with Ada", "origin", "main")

    assert "agreed with Ada" in accepted.said


def test_settings_that_allow_more_are_pushed_with_the_reason_that_the_refusal_asks_for(world: World) -> None:
    bob = world.person("bob")
    bob.write("mlv.yaml", bob.read("mlv.yaml").decode() + "limits: {file_in_git: 50 MiB}\n")
    bob.git("commit", "-qam", "Larger files")
    world.server.config("receive.advertisePushOptions", "true")
    world.server.config("mlv.allowOverride", "true")

    refused = bob.push("origin", "main", check=False).said
    printed = next(line for line in refused.splitlines() if "push -o mlv.override" in line)
    words = printed.partition("git ")[2].partition("#")[0].replace('"REASON"', "agreed").split()
    bob.git(*words, "origin", "main")

    assert "MLV108" not in bob.mlv("check").said


def test_a_reason_does_not_let_a_falsified_history_in(world: World) -> None:
    mallory = world.plain("mallory")
    world.server.config("receive.advertisePushOptions", "true")
    world.server.config("mlv.allowOverride", "true")
    append(mallory, CSV)
    sneak(mallory)

    with world.unmoved():
        answer = mallory.push("-o", "mlv.override=please", "origin", "main", check=False)

    refused(answer, "MLV101")


def test_an_operator_who_installs_twice_changes_nothing(world: World) -> None:
    world.server.mlv("install", "--server")

    assert "nothing to do" in world.server.mlv("install", "--server").out


def test_a_promotion_that_skips_staging_is_refused_at_push_where_the_settings_ask_for_staging(world: World) -> None:
    bob = world.person("bob")
    stages = (
        "stages: {dev: {}, staging: {tag: true}, production: {one: true, tag: true, from: [staging]}, archived: {}}\n"
    )
    bob.write("mlv.yaml", bob.read("mlv.yaml").decode() + stages)
    bob.git("commit", "-qam", "Agree on stages")
    bob.push("origin", "main")
    bob.mlv("tag-model", "iris_clf", "v0.3.0")
    registry = "models/iris_clf/registry.json"
    text = bob.read(registry).decode().replace('"stage": "production"', '"stage": "archived"')
    line = '    {"version": "v0.3.0", "stage": "production"}\n  ]'
    bob.write(registry, text.replace("}\n  ]", "},\n" + line))

    refused(bob.git("commit", "-am", "Skip staging", check=False), "MLV205")
    sneak(bob)

    with world.unmoved():
        answer = bob.push("--no-verify", "--atomic", "origin", "main", "iris_clf@v0.3.0", check=False)
    refused(answer, "MLV205")
