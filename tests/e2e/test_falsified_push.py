"""Falsified histories past the commit hooks: refused at push, by `git mlv check`, and by the server of a bare pusher."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Ran, Sandbox
from tests.e2e.conftest import Team
from tests.e2e.test_falsified_commit import ALTERATIONS
from tests.e2e.world import (
    CSV,
    FOLDER,
    MAIN,
    MANIFEST,
    REGISTRY,
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
    replace,
    sneak,
    take,
    work_honestly,
)


def refused_everywhere(world: World, bob: Sandbox, code: str) -> Ran:
    """Check what Bob has as CI does, and push it to main: through his hook, and from a clone without hooks.

    Returns:
        What his hook said; nothing moved.
    """
    mallory = world.plain()
    mallory.git("fetch", "-q", str(bob.path), "HEAD:refs/heads/theirs")
    with world.unmoved():
        checked = refused(bob.mlv("check", "origin/main..HEAD", check=False), code)
        received = refused(mallory.push("origin", "theirs:refs/heads/main", check=False), code)
        pushed = refused(bob.push("origin", MAIN, check=False), code)
    assert commands(pushed.said, "mend") == commands(received.said, "mend")
    assert commands(pushed.said, "undo it") == commands(received.said, "undo it") == commands(checked.said, "undo it")
    return pushed


def finish(world: World, bob: Sandbox) -> None:
    """Fail unless everything is as it was frozen, and the server took it: the honest push that follows."""
    assert_settled(bob)
    assert_frozen(bob)
    assert world.server.head("main") == bob.head()


# Every alteration that `git commit --no-verify` lets through


@pytest.mark.parametrize("row", ALTERATIONS)
def test_no_verify_is_refused_and_mended(world: World, row: str) -> None:
    bob = world.person()
    code, alter = ALTERATIONS[row]
    alter(bob)
    sneak(bob)

    pushed = refused_everywhere(world, bob, code)
    take(bob, pushed, "mend", "then go on", GIT_EDITOR=SUBJECT)

    assert bob.git("diff", "--stat", "origin/main", "HEAD~2", "--", REGISTRY, FOLDER, MANIFEST).out == ""
    finish(world, bob)


@pytest.mark.parametrize("row", ALTERATIONS)
def test_no_verify_is_refused_and_its_own_undo_taken(world: World, row: str) -> None:
    bob = world.person()
    code, alter = ALTERATIONS[row]
    alter(bob)
    sneak(bob)

    received = refused(bob.push("--no-verify", "origin", "main", check=False), code)
    take(bob, received, "undo it")
    bob.git("commit", "-qm", "Take it back")
    bob.push("origin", "main")

    finish(world, bob)


def test_no_verify_is_refused_and_kept_as_a_new_version(world: World) -> None:
    bob = world.person()
    append(bob)
    sneak(bob)

    pushed = refused(bob.push("origin", "main", check=False), "MLV101")
    take(bob, pushed, "keep it")
    bob.git("commit", "-qm", "Freeze the corrected iris")
    bob.push("origin", "main")

    bob.assert_committed("data/snapshots/iris_v0.2/iris.csv", ROWS + "9.9,9.9,virginica\n")
    finish(world, bob)


# Other ways to make a commit


def forged(bob: Sandbox) -> str:
    """Return a tree in which a frozen file was edited; index and files stay as they are."""
    blob = bob.git("hash-object", "-w", "--stdin", input=ROWS + "9,9,forged\n").out.strip()
    index = {"GIT_INDEX_FILE": str(bob / ".git/forged-index")}
    bob.git("read-tree", "HEAD", **index)
    bob.git("update-index", "--cacheinfo", f"100644,{blob},{CSV}", **index)
    return bob.git("write-tree", **index).out.strip()


def by_commit_tree(bob: Sandbox) -> str:
    return bob.git("commit-tree", "-p", "HEAD", "-m", "Forge", forged(bob)).out.strip()


def by_update_ref(bob: Sandbox) -> str:
    oid = by_commit_tree(bob)
    bob.git("update-ref", "refs/heads/main", oid)
    bob.git("reset", "-q", "--hard")
    return oid


def by_fast_import(bob: Sandbox) -> str:
    data = (ROWS + "9,9,forged\n").encode()
    stream = (
        b"commit refs/heads/imported\ncommitter M <m@example.com> 1767225600 +0000\ndata 5\nForge\n"
        b"from " + bob.head().encode() + b"\nM 100644 inline " + CSV.encode() + b"\n"
        b"data %d\n%s\n" % (len(data), data)
    )
    bob.git("fast-import", "--quiet", input=stream)
    return bob.head("imported")


@pytest.mark.parametrize("route", [by_commit_tree, by_update_ref, by_fast_import], ids=lambda route: route.__name__)
def test_plumbing_is_refused_and_mended(world: World, route: Callable[[Sandbox], str]) -> None:
    bob = world.person()
    oid = route(bob)
    bob.git("reset", "-q", "--hard", oid)

    pushed = refused_everywhere(world, bob, "MLV101")
    take(bob, pushed, "mend", "then go on", GIT_EDITOR=SUBJECT)

    finish(world, bob)


@pytest.mark.parametrize("route", [by_commit_tree, by_fast_import], ids=lambda route: route.__name__)
def test_plumbing_pushed_by_its_id_is_refused(world: World, route: Callable[[Sandbox], str]) -> None:
    bob = world.person()
    oid = route(bob)

    with world.unmoved():
        refused(bob.push("origin", f"{oid}:refs/heads/main", check=False), "MLV101")
        refused(bob.push("--no-verify", "origin", f"{oid}:refs/heads/main", check=False), "MLV101")

    finish(world, bob)


def test_fast_forward_of_somebodys_bad_branch_is_refused(world: World) -> None:
    mallory, bob = world.plain("eve"), world.person()
    append(mallory)
    sneak(mallory)
    bob.git("pull", "-q", "--ff-only", str(mallory.path), "main")

    pushed = refused_everywhere(world, bob, "MLV101")
    take(bob, pushed, "mend", "then go on", GIT_EDITOR=SUBJECT)

    finish(world, bob)


def test_a_merge_made_without_hooks_is_refused(world: World) -> None:
    bob = world.person()
    bob.branch("side")
    append(bob)
    sneak(bob)
    bob.checkout("main")
    bob.write("mine.txt", "1\n")
    bob.commit("Mine")
    bob.git("merge", "-q", "--no-edit", "--no-verify", "side")

    pushed = refused_everywhere(world, bob, "MLV101")
    take(bob, pushed, "mend", "then go on", GIT_EDITOR=SUBJECT)

    finish(world, bob)


# Registries


def test_two_promotions_that_merge_cleanly_are_refused(world: World) -> None:
    ada = world.person("ada")
    add_model(ada, "v0.4.0")
    others = [f'    {{"version": "{version}", "stage": "dev"}}' for version in ("v0.2.5", "v0.3.0", "v0.3.5", "v0.4.0")]
    enter(ada, *others)
    ada.git("commit", "-qm", "Add v0.4.0")
    ada.mlv("tag-model", "iris_clf", "v0.3.0")
    ada.mlv("tag-model", "iris_clf", "v0.4.0")
    ada.push("--atomic", "origin", "main", "iris_clf@v0.3.0", "iris_clf@v0.4.0")
    mallory = world.plain("eve")
    mallory.git("pull", "-q")
    for version in ("v0.3.0", "v0.4.0"):
        mallory.git("checkout", "-q", "-B", f"promote-{version}", "main")
        replace(mallory, REGISTRY, '"production"', '"archived"')
        replace(mallory, REGISTRY, f'"{version}", "stage": "dev"', f'"{version}", "stage": "production"')
        sneak(mallory, f"Promote {version}")
    mallory.checkout("main")
    mallory.git("merge", "-q", "--no-edit", "promote-v0.3.0")
    assert "CONFLICT" not in mallory.git("merge", "-q", "--no-edit", "promote-v0.4.0").said
    bob = world.person()
    bob.git("pull", "-q", "origin", "main")
    bob.git("pull", "-q", "--ff-only", str(mallory.path), "main")

    pushed = refused_everywhere(world, bob, "MLV202")
    assert "v0.3.0 and v0.4.0" in pushed.said
    bob.run("sh", "-c", commands(pushed.said, "keep it")[0])
    bob.git("commit", "-qm", "It is v0.4.0")
    bob.push("origin", "main")

    assert bob.mlv("resolve", "iris_clf@production", "model.pkl").out.strip().endswith("v0.4.0/model.pkl")
    finish(world, bob)


def enter(repo: Sandbox, *entries: str) -> None:
    """Add lines to the registry by hand, and stage it."""
    lines = repo.read(REGISTRY).decode().splitlines()
    last = max(number for number, line in enumerate(lines) if '"version"' in line)
    lines[last] = ",\n".join([lines[last].rstrip(","), *entries])
    repo.write(REGISTRY, "\n".join(lines) + "\n")
    repo.stage(REGISTRY)


def staged_untagged(bob: Sandbox) -> None:
    enter(bob, '    {"version": "v0.3.0", "stage": "staging"}')


def test_a_stage_by_hand_for_a_version_without_a_tag_is_refused_and_undone(world: World) -> None:
    bob = world.person()
    staged_untagged(bob)
    warned = bob.git("commit", "-am", "Stage v0.3.0")
    assert "warning MLV203" in warned.said, "at commit it only warns"

    pushed = refused_everywhere(world, bob, "MLV203")
    take(bob, pushed, "undo it")
    bob.git("commit", "-qm", "Take it back")
    bob.push("origin", "main")

    finish(world, bob)


def test_a_stage_by_hand_for_a_version_without_a_tag_is_refused_and_tagged(world: World) -> None:
    bob = world.person()
    staged_untagged(bob)
    bob.git("commit", "-qam", "Stage v0.3.0")

    pushed = refused(bob.push("origin", "main", check=False), "MLV203")
    take(bob, pushed, "keep it")

    refused(bob.push("origin", "main", check=False), "MLV203")  # the tag has to go with it
    bob.push("--atomic", "origin", "main", "iris_clf@v0.3.0")
    finish(world, bob)


def test_a_stage_by_hand_for_a_version_that_does_not_exist_is_refused(world: World) -> None:
    bob = world.person()
    staged_untagged(bob)
    replace(bob, REGISTRY, '"v0.3.0"', '"v0.9.0"')
    bob.git("commit", "-qam", "Stage v0.9.0")

    pushed = refused_everywhere(world, bob, "MLV204")
    take(bob, pushed, "undo it")
    bob.git("commit", "-qm", "Take it back")
    bob.push("origin", "main")

    finish(world, bob)


# A version reused


def test_a_version_reused_under_another_identity_is_refused_and_renumbered(world: World) -> None:
    ada, bob = world.person("ada"), world.person()
    freeze(ada, "iris", "ada\n", "v0.2")
    ada.git("commit", "-qm", "Freeze iris v0.2")
    ada.push("origin", "main")
    freeze(bob, "iris", "bob\n", "v0.2")
    bob.git("commit", "-qm", "Freeze iris v0.2")
    bob.git("fetch", "-q")
    mallory = world.plain()
    mallory.git("fetch", "-q", str(bob.path), "main:theirs")

    with world.unmoved():
        checked = refused(bob.mlv("check", "origin/main..HEAD", check=False), "MLV206")
        pushed = refused(bob.push("origin", "HEAD:refs/heads/wine", check=False), "MLV206")
        refused(bob.push("--no-verify", "origin", "HEAD:refs/heads/wine", check=False), "MLV206")
        refused(mallory.push("origin", "theirs:refs/heads/wine", check=False), "MLV206")
    assert commands(checked.said, "keep it") == commands(pushed.said, "keep it")
    take(bob, pushed, "keep it")
    bob.git("commit", "-qm", "Renumber")
    bob.git("pull", "-q", "--no-rebase", "--no-edit", "origin", "main")
    bob.push("origin", "main")

    bob.assert_committed("data/snapshots/iris_v0.2/iris.csv", "ada\n")
    bob.assert_committed("data/snapshots/iris_v0.3/iris.csv", "bob\n")
    finish(world, bob)


def test_a_version_reused_by_a_force_push_of_main_is_refused(world: World) -> None:
    ada, bob = world.person("ada"), world.person()
    freeze(ada, "iris", "ada\n", "v0.2")
    ada.git("commit", "-qm", "Freeze iris v0.2")
    ada.push("origin", "main")
    freeze(bob, "iris", "bob\n", "v0.2")
    bob.git("commit", "-qm", "Freeze iris v0.2")

    with world.unmoved():
        answer = bob.push("--no-verify", "--force", "origin", "main", check=False)
        refused(answer, "MLV101")
        bob.git("fetch", "-q")
        refused(bob.push("--force", "origin", "main", check=False), "MLV101")


# Guards weakened


WEAKENED = {
    "an exception added": 'exceptions: [{code: MLV101, path: "**", reason: "in a hurry"}]\n',
    "a gate removed": "stages: {dev: {}, staging: {}, production: {one: true}, archived: {}}\n",
    "a limit raised": "limits: {file_in_git: 1 GiB}\n",
    "the branch no longer protected": 'protect: ["release/*"]\n',
    "the folders moved": "folders: {snapshots: elsewhere}\n",
    "advice only": "mode: advise\n",
}


@pytest.mark.parametrize("row", WEAKENED)
def test_a_guard_weakened_in_the_same_push_is_refused(world: World, row: str) -> None:
    bob = world.person()
    bob.write("mlv.yaml", bob.read("mlv.yaml").decode() + WEAKENED[row])
    sneak(bob, "Settings")
    append(bob)
    sneak(bob)

    code = "MLV102" if row == "the folders moved" else "MLV108"
    pushed = refused_everywhere(world, bob, code)
    codes = re.findall(r"error (MLV\d+)", pushed.said)
    assert {code, "MLV101"} <= set(codes), pushed.said
    take(bob, pushed, "mend", "then go on", GIT_EDITOR=SUBJECT)

    assert WEAKENED[row] not in bob.read("mlv.yaml").decode()
    finish(world, bob)


def test_a_guard_weakened_alone_is_seen_and_let_in_by_who_guards_the_server(world: World) -> None:
    bob = world.person()
    bob.write("mlv.yaml", bob.read("mlv.yaml").decode() + WEAKENED["a limit raised"])
    warned = bob.git("commit", "-am", "Larger files")
    assert "warning MLV108" in warned.said

    refused_everywhere(world, bob, "MLV108")
    world.server.config("receive.advertisePushOptions", "true")
    world.server.config("mlv.allowOverride", "true")
    with world.unmoved():
        refused(bob.push("--no-verify", "origin", "main", check=False), "MLV108")
    bob.push("--no-verify", "-o", "mlv.override=agreed with Ada", "origin", "main")

    work_honestly(bob, MAIN)


def test_settings_that_are_deleted_weaken_what_they_said(world: World) -> None:
    ada, bob = world.person("ada"), world.person()
    ada.write("mlv.yaml", ada.read("mlv.yaml").decode() + "limits: {file_in_git: 1 KiB}\n")
    ada.commit("Small files only")
    ada.push("origin", "main")
    bob.git("pull", "-q")
    bob.remove("mlv.yaml")
    sneak(bob)

    pushed = refused_everywhere(world, bob, "MLV108")
    take(bob, pushed, "mend", "then go on", GIT_EDITOR=SUBJECT)

    finish(world, bob)


# What is taken back on the way


def test_what_was_falsified_and_taken_back_before_the_push_goes_through_with_a_word(world: World) -> None:
    bob = world.person()
    append(bob)
    bad = sneak(bob)
    bob.mlv("restore", "iris@v0.1")
    bob.git("commit", "-qm", "Take it back")

    said = bob.push("origin", "main").said

    assert f"warning MLV101 {CSV}" in said
    assert bad[:12] in said
    assert_frozen(bob)
    assert bob.mlv("check", f"{bad}~1..HEAD").status == 0
    refused(bob.mlv("check", f"{bad}~1..HEAD", "--each", check=False), "MLV101")


def test_a_bundle_or_a_patch_from_elsewhere_is_judged_like_any_commit(world: World, tmp_path: Path) -> None:
    mallory, bob = world.plain("eve"), world.person()
    append(mallory)
    sneak(mallory)
    mallory.git("bundle", "create", "-q", str(tmp_path / "eve.bundle"), "main")
    bob.git("pull", "-q", "--ff-only", str(tmp_path / "eve.bundle"), "main")

    refused_everywhere(world, bob, "MLV101")


def test_a_release_whose_tag_stayed_behind_is_pushed_by_the_printed_command(team: Team) -> None:
    ada = team.ada
    ada.write("model.pkl", "weights\n")
    ada.mlv("model", "add", "clf", "v0.1.0", "model.pkl", "-m", "Add")
    ada.mlv("promote", "clf", "v0.1.0", "production", "--tag", "-m", "first")

    refused = ada.push("origin", "main", check=False)

    assert "keep it: git mlv push" in refused.said
    ada.mlv("push")
    assert team.server.head("main") == ada.head()


@pytest.mark.parametrize("remote", ["origin", "elsewhere", "{url}"])
@pytest.mark.parametrize("target", ["main", "next"])
def test_a_tag_that_stayed_behind_goes_along_with_any_branch_to_any_remote(
    team: Team, remote: str, target: str
) -> None:
    ada = team.ada
    ada.git("remote", "add", "elsewhere", str(team.server.path))
    ada.write("model.pkl", "weights\n")
    ada.mlv("model", "add", "clf", "v0.1.0", "model.pkl", "-m", "Add")
    ada.mlv("promote", "clf", "v0.1.0", "production", "--tag", "-m", "first")
    ada.git("switch", "-qc", "work")

    refused = ada.push(remote.format(url=team.server.path), f"HEAD:refs/heads/{target}", check=False)
    _, by_hand = commands(refused.said, "keep it")
    ada.run("sh", "-c", by_hand)

    assert team.server.head(target) == ada.head()
    assert team.server.head("clf@v0.1.0^{commit}") == ada.head("clf@v0.1.0^{commit}")


def test_a_password_in_a_url_is_not_printed(team: Team) -> None:
    ada = team.ada
    ada.git("config", f"url.{team.server.path}.insteadOf", "https://ada:secret@example.com/r.git")
    ada.write("model.pkl", "weights\n")
    ada.mlv("model", "add", "clf", "v0.1.0", "model.pkl", "-m", "Add")
    ada.mlv("promote", "clf", "v0.1.0", "production", "--tag", "-m", "first")

    lines = f"refs/heads/main {ada.head()} refs/heads/main {ada.head('origin/main')}\n"
    url = "https://ada:secret@example.com/r.git"
    refused = ada.mlv("hook", "pre-push", url, url, input=lines, check=False)

    assert "MLV203" in refused.said
    assert "secret" not in refused.said


def test_a_published_debt_that_check_all_lists_is_mended_by_the_printed_undo(team: Team) -> None:
    ada = team.ada
    ada.write("iris.csv", "a,b\n1,2\n")
    ada.mlv("snapshot", "create", "iris", "v0.1", "iris.csv", "-m", "Freeze")
    ada.push("origin", "main")
    ada.write("data/snapshots/iris_v0.1/iris.csv", "a,b\n1,3\n")
    ada.git("commit", "-qam", "Falsify", "--no-verify")

    listed = ada.mlv("check", "--all", check=False)

    assert "undo it: git mlv restore iris@v0.1\n" in listed.said
    ada.mlv("restore", "iris@v0.1")
    ada.git("commit", "-qm", "Put it back")
    assert ada.mlv("check", "--all").status == 0


def test_attributes_that_change_frozen_bytes_at_check_out_are_refused(world: World) -> None:
    bob = world.person("bob")
    bob.write("data/.gitattributes", "*.csv text eol=crlf\n")
    bob.git("add", "data")
    assert "MLV108" in bob.git("commit", "-qm", "Line ends").said
    for options in ((), ("--no-verify",)):
        refused = bob.push(*options, "origin", "main", check=False)
        assert refused.status != 0
        assert "MLV108" in refused.said
        assert "at check out (data/.gitattributes:1: *.csv text eol=crlf)" in refused.said
    assert "MLV108" in bob.mlv("check", "origin/main..HEAD", check=False).said
    line = refused.said.partition("leaves them alone: ")[2].partition("\n")[0].strip()
    with (bob / "data/.gitattributes").open("a") as file:
        file.write(line + "\n")
    bob.git("commit", "-qam", "Leave frozen files alone")
    bob.push("origin", "main")
    world.person("carol").mlv("verify")


def test_attributes_that_leave_frozen_bytes_alone_are_nobodys_concern(world: World) -> None:
    bob = world.person("bob")
    standing = bob.read(".gitattributes").decode()
    bob.write(".gitattributes", "* text=auto\n*.csv ident\n*.bin filter=lfs\n" + standing)
    bob.write("docs/.gitattributes", "*.csv text eol=crlf\n")
    bob.git("add", ".gitattributes", "docs")
    assert "MLV108" not in bob.git("commit", "-qm", "Attributes").said
    bob.push("origin", "main")
