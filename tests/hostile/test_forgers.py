"""Forgers with commit rights: what no single push shows, and what goes by another name."""

from __future__ import annotations

import hashlib
import json
import re
import shutil

import pytest

from tests.conftest import Ran, Sandbox
from tests.e2e.world import (
    CSV,
    FOLDER,
    MANIFEST,
    REGISTRY,
    World,
    append,
    fit_manifest,
    freeze,
    sneak,
)


def pushes(who: Sandbox, *args: str) -> Ran:
    """Push and fail unless it goes through."""
    ran = who.push("origin", *(args or ("HEAD:refs/heads/main",)), check=False)
    assert ran.status == 0, ran.said
    return ran


def is_refused(who: Sandbox, *args: str, code: str = "") -> Ran:
    """Push and fail unless the server refuses in words of ours."""
    ran = who.push("origin", *(args or ("HEAD:refs/heads/main",)), check=False)
    assert ran.status != 0, "was let in"
    assert "Traceback" not in ran.said, ran.said
    assert "this is a bug" not in ran.said, ran.said
    assert re.search(rf"^remote: error {code or 'MLV'}", ran.said, re.MULTILINE), ran.said
    return ran


def edit_json(who: Sandbox, path: str, change) -> None:
    document = json.loads(who.read(path))
    change(document)
    (who / path).chmod(0o644)
    who.write(path, json.dumps(document, indent=2) + "\n")


# several pushes


def test_a_forged_registry_that_passed_through_history_is_no_revert(world: World) -> None:
    bob = world.plain()

    def forge(document):
        document["versions"][0]["data_snapshots"] = ["iris_v9.9"]

    honest = bob.read(REGISTRY)
    edit_json(bob, REGISTRY, forge)
    forged = bob.read(REGISTRY)
    sneak(bob, "one")
    bob.write(REGISTRY, honest)
    sneak(bob, "and back")
    bob.push("origin", "HEAD:refs/heads/main", check=False)
    bob.write(REGISTRY, forged)
    sneak(bob, "again")
    is_refused(bob, code="MLV201")


def test_a_version_cannot_be_dropped_by_way_of_history(world: World) -> None:
    bob = world.plain()
    honest = bob.read(REGISTRY)
    edit_json(bob, REGISTRY, lambda document: document["versions"].pop(1))
    forged = bob.read(REGISTRY)
    sneak(bob, "one")
    bob.write(REGISTRY, honest)
    sneak(bob, "and back")
    bob.push("origin", "HEAD:refs/heads/main", check=False)
    bob.write(REGISTRY, forged)
    sneak(bob, "again")
    is_refused(bob, code="MLV201")


def test_a_registry_cannot_be_deleted_by_way_of_history(world: World) -> None:
    bob = world.plain()
    honest = bob.read(REGISTRY)
    bob.remove(REGISTRY)
    sneak(bob, "one")
    bob.write(REGISTRY, honest)
    sneak(bob, "and back")
    bob.push("origin", "HEAD:refs/heads/main", check=False)
    bob.remove(REGISTRY)
    sneak(bob, "again")
    is_refused(bob, code="MLV201")


def test_lineage_cannot_be_altered_by_way_of_history(world: World) -> None:
    bob = world.plain()
    freeze(bob, "rows", "a\n1\n")
    path = "data/snapshots/rows_v0.1.manifest.json"
    edit_json(bob, path, lambda document: document.update(derived_from=["iris_v0.1"]))
    sneak(bob, "freeze")
    pushes(bob)
    honest = bob.read(path)
    edit_json(bob, path, lambda document: document.update(derived_from=["other_v0.1"]))
    forged = bob.read(path)
    sneak(bob, "one")
    bob.write(path, honest)
    sneak(bob, "back")
    bob.push("origin", "HEAD:refs/heads/main", check=False)
    bob.write(path, forged)
    sneak(bob, "again")
    is_refused(bob, code="MLV102")


# settings


def test_top_settings_that_come_late_do_not_unprotect_nested_roots(playground, template) -> None:
    server = playground.server()
    server.mlv("install", "--server")
    bob = Sandbox(playground, playground.folder / "bob")
    playground.run("git", "clone", "-q", str(server.path), str(bob.path), cwd=playground.folder)
    bob.git("checkout", "-qB", "main")
    bob.write("team/mlv.yaml", "format: '1.0'\n")
    bob.write("team/raw.csv", "a\n1\n")
    bob.mlv("snapshot", "create", "iris", "v0.1", "raw.csv", cwd=bob / "team")
    sneak(bob)
    pushes(bob)
    bob.write("mlv.yaml", "protect: [nothing]\n")
    sneak(bob)
    is_refused(bob, code="MLV108")


def test_frozen_things_moved_to_a_looser_root_are_noticed(world: World) -> None:
    bob = world.plain()
    bob.write(
        "b/mlv.yaml", 'exceptions: [{code: MLV101, path: "**", reason: x}, {code: MLV103, path: "**", reason: x}]\n'
    )
    sneak(bob, "a new root of our own")
    pushes(bob)
    bob.write("b/data/x", "")
    (bob / "b/data/x").unlink()
    bob.git("mv", "data/snapshots", "b/data/snapshots")
    sneak(bob, "move")
    ran = bob.push("origin", "HEAD:refs/heads/main", check=False)
    if ran.status == 0:
        moved = "b/" + CSV
        append(bob, moved)
        sneak(bob, "alter")
        is_refused(bob, code="MLV101")


def test_a_server_that_points_elsewhere_still_protects_main(playground, template) -> None:
    server = playground.server()
    server.git("symbolic-ref", "HEAD", "refs/heads/master")
    server.mlv("install", "--server")
    bob = Sandbox(playground, playground.folder / "bob")
    playground.run("git", "clone", "-q", str(server.path), str(bob.path), cwd=playground.folder)
    bob.git("checkout", "-qB", "main")
    bob.write("r/x.csv", "a\n1\n")
    bob.mlv("init", "--no-hooks", check=False)
    sneak(bob, "settings")
    pushes(bob)
    pushes(bob, "HEAD:refs/heads/master")  # HEAD of the server is there now
    bob.mlv("snapshot", "create", "iris", "v0.1", "r")
    sneak(bob, "freeze")
    pushes(bob)
    append(bob, "data/snapshots/iris_v0.1/x.csv")
    fit = json.loads(bob.read(MANIFEST))
    data = bob.read("data/snapshots/iris_v0.1/x.csv")
    fit["files"][0].update(size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    for key in ("tree_sha256", "total_bytes"):
        fit.pop(key, None)
    (bob / MANIFEST).chmod(0o644)
    bob.write(MANIFEST, json.dumps(fit))
    sneak(bob, "forge")
    is_refused(bob)


# documents that are not files


def as_link(bob: Sandbox, path: str, target: bytes) -> None:
    oid = bob.git("hash-object", "-w", "--stdin", input=target).out.strip()
    bob.git("update-index", "--add", "--cacheinfo", f"120000,{oid},{path}")


@pytest.mark.parametrize("path", [REGISTRY, MANIFEST, "mlv.yaml"])
def test_a_document_that_is_a_link_is_refused(world: World, path: str) -> None:
    bob = world.plain()
    as_link(bob, path, bob.read(path))
    bob.git("commit", "-q", "--no-verify", "-m", "link")
    is_refused(bob)


# course manifests, second records


def test_a_course_manifest_cannot_contradict_a_frozen_snapshot(world: World) -> None:
    bob = world.plain()
    document = json.loads(bob.read(MANIFEST))
    document["files"][0]["sha256"] = "0" * 64
    document.pop("tree_sha256")
    bob.write("data/snapshots/manifest.json", json.dumps(document))
    sneak(bob)
    is_refused(bob)


def test_a_second_record_of_a_run_does_not_take_the_place_of_the_first(world: World) -> None:
    bob = world.plain()
    record = f"run_id: r1\ncode_commit: {bob.head()}\ndata_snapshot: iris_v0.1\nnotes: honest\n"
    bob.write("runs/r1.yaml", record)
    sneak(bob)
    pushes(bob)
    bob.write("runs/r1.yml", record.replace("honest", "forged"))
    sneak(bob)
    is_refused(bob, code="MLV106")


# tags


def test_a_model_tag_of_a_tag_of_a_file_is_refused_in_words(world: World) -> None:
    bob = world.plain()
    body = bob.git("cat-file", "tag", "iris_clf@v0.2.0").out.partition("\n\n")[2].replace("v0.2.0", "v0.4.0")
    blob = bob.head(f"HEAD:{CSV}")
    who = "tagger A <a@b> 1767225600 +0000"
    inner = bob.git("mktag", input=f"object {blob}\ntype blob\ntag inner\n{who}\n\nx\n").out.strip()
    outer = bob.git("mktag", input=f"object {inner}\ntype tag\ntag iris_clf@v0.4.0\n{who}\n\n{body}").out.strip()
    bob.git("update-ref", "refs/tags/iris_clf@v0.4.0", outer)
    is_refused(bob, "iris_clf@v0.4.0", code="MLV502")


def tag_like(
    bob: Sandbox, name: str, change=lambda text: text, model: str = "iris_clf@v0.2.0", commit: str = ""
) -> None:
    raw = bob.git("cat-file", "tag", model).out
    head, _, body = raw.partition("\n\n")
    head = head.replace(f"tag {model}", f"tag {name}")
    if commit:
        head = re.sub("object .*", f"object {commit}", head)
    oid = bob.git("mktag", "--no-strict", input=head + "\n\n" + change(body)).out.strip()
    bob.git("update-ref", f"refs/tags/{name}", oid)


@pytest.mark.parametrize("name", ["other=iris_clf@v0.2.0", "iris_clf@v0.5.0", "release-2", "iris_clf@v0.2.0-x"])
def test_a_model_tag_under_another_name_is_refused(world: World, name: str) -> None:
    bob = world.plain()
    tag_like(bob, name)
    is_refused(bob, f"refs/tags/{name}", code="MLV502")


def test_a_tag_that_says_two_versions_is_refused(world: World) -> None:
    bob = world.plain()
    # v0.3.0 is in dev, its tag would be honest; another reader takes the last line for the version
    bob.mlv("tag-model", "iris_clf", "v0.3.0", check=False)
    tag_like(bob, "iris_clf@v0.3.0", lambda text: text + "Mlv-Version: v0.2.0\n", model="iris_clf@v0.3.0")
    is_refused(bob, "iris_clf@v0.3.0", code="MLV502")


def test_a_lightweight_tag_vouches_for_nothing(world: World) -> None:
    bob = world.plain()
    bob.git("tag", "iris_clf@v0.3.0", "HEAD")
    edit_json(bob, REGISTRY, lambda d: d["versions"].append({"version": "v0.3.0", "stage": "staging"}))
    assert "staging" in bob.read(REGISTRY).decode()
    sneak(bob)
    is_refused(bob, "HEAD:refs/heads/main", "iris_clf@v0.3.0", code="MLV203")


def test_a_published_tag_cannot_be_replaced_by_a_lightweight_one(world: World) -> None:
    bob = world.plain()
    bob.git("tag", "-f", "iris_clf@v0.2.0", "HEAD~1^{commit}")
    is_refused(bob, "-f", "iris_clf@v0.2.0", code="MLV501")


# bytes


def test_published_bytes_cannot_leave_by_calling_them_stored(world: World) -> None:
    bob = world.plain()
    edit_json(bob, MANIFEST, lambda document: document.update(storage="store"))
    sneak(bob)
    bob.push("origin", "HEAD:refs/heads/main", check=False)
    bob.git("rm", "-q", CSV)
    sneak(bob)
    is_refused(bob, code="MLV101")


def test_other_bytes_cannot_come_in_place_of_retired_ones(world: World) -> None:
    bob = world.plain()
    retired = {"by": "x", "at": "2026-01-01T00:00:00Z", "reason": "gdpr"}
    edit_json(bob, MANIFEST, lambda document: document.update(retired=retired))
    append(bob)
    sneak(bob)
    is_refused(bob, code="MLV101")
    bob.git("rm", "-q", CSV)
    sneak(bob)
    pushes(bob)
    bob.write(CSV, "x\n")
    sneak(bob)
    is_refused(bob, code="MLV103")


def test_other_files_under_another_spelling_are_refused(world: World) -> None:
    bob = world.plain()
    bob.write("raw/iris.csv", "forged\n")
    bob.mlv("snapshot", "create", "iris", "v0.1.0", "raw", check=False)
    if not (bob / "data/snapshots/iris_v0.1.0").exists():
        document = json.loads(bob.read(MANIFEST))
        bob.write("data/snapshots/iris_v0.1.0/iris.csv", "forged\n")
        document["version"] = "v0.1.0"
        document["files"] = [
            {
                "path": "data/snapshots/iris_v0.1.0/iris.csv",
                "size_bytes": 7,
                "sha256": hashlib.sha256(b"forged\n").hexdigest(),
            }
        ]
        for key in ("tree_sha256", "total_bytes", "file_count"):
            document.pop(key)
        bob.write("data/snapshots/iris_v0.1.0.manifest.json", json.dumps(document))
    shutil.rmtree(bob / "raw")
    sneak(bob)
    is_refused(bob, code="MLV206")


def test_a_newer_format_with_an_entry_that_means_something_else(world: World) -> None:
    bob = world.plain()
    edit_json(bob, MANIFEST, lambda document: document.update(format="1.9", exclude=["iris.csv"]))
    append(bob)
    sneak(bob)
    is_refused(bob, code="MLV101")


# histories


def unrelated(bob: Sandbox) -> None:
    tree = bob.head("HEAD^{tree}")
    bob.git("checkout", "-q", "--orphan", "elsewhere")
    append(bob)
    fit_manifest(bob)
    sneak(bob, f"unrelated {tree}")


@pytest.mark.parametrize("ref", ["main", "release/2", "feature", "release/1"])
def test_a_tree_of_an_unrelated_history_is_refused(world: World, ref: str) -> None:
    bob = world.plain()
    unrelated(bob)
    is_refused(bob, "-f", f"HEAD:refs/heads/{ref}")


@pytest.mark.parametrize("ref", ["refs/tags/v1", "refs/heads/release/x"])
def test_an_old_state_may_not_bring_other_bytes_by_another_ref(world: World, ref: str) -> None:
    bob = world.plain()
    append(bob)
    fit_manifest(bob)
    sneak(bob)
    is_refused(bob, f"HEAD:{ref}")


def test_a_merge_that_takes_one_side_cannot_take_versions_away(world: World) -> None:
    bob = world.plain()
    bob.git("checkout", "-q", "-b", "side", "origin/main~3")
    bob.write("x", "x")
    sneak(bob)
    bob.git("merge", "-q", "-s", "ours", "--no-verify", "-m", "ours", "origin/main")
    is_refused(bob)


def test_an_octopus_cannot_hide_an_edit(world: World) -> None:
    bob = world.plain()
    for name in "abc":
        bob.git("checkout", "-q", "-b", name, "origin/main")
        bob.write(name, name)
        if name == "c":
            append(bob)
        sneak(bob, name)
    bob.git("checkout", "-q", "a")
    bob.git("merge", "-q", "--no-verify", "-m", "octopus", "b", "c")
    assert len(bob.git("log", "-1", "--format=%P").out.split()) == 3
    is_refused(bob, code="MLV101")


def test_a_criss_cross_cannot_hide_an_edit(world: World) -> None:
    bob = world.plain()
    bob.git("checkout", "-q", "-b", "x", "origin/main")
    bob.write("x", "x")
    sneak(bob, "x")
    bob.git("checkout", "-q", "-b", "y", "origin/main")
    append(bob)
    sneak(bob, "y")
    bob.git("merge", "-q", "--no-verify", "-m", "yx", "x")
    bob.git("checkout", "-q", "x")
    bob.git("merge", "-q", "--no-verify", "-m", "xy", "y~1")
    is_refused(bob, "x:refs/heads/x", "y:refs/heads/y", code="MLV101")


def test_a_mirror_push_is_judged_whole(world: World) -> None:
    bob = world.plain()
    append(bob)
    sneak(bob)
    bob.git("fetch", "-q", "origin", "+refs/heads/*:refs/heads/*", "--update-head-ok", check=False)
    before = world.refs()
    append(bob)
    sneak(bob)
    ran = bob.git("push", "--mirror", check=False)
    assert ran.status != 0
    assert "MLV101" in ran.said
    assert world.refs() == before


def test_main_cannot_be_deleted_and_pushed_anew(world: World) -> None:
    world.server.config("receive.denyDeleteCurrent", "ignore")
    bob = world.plain()
    is_refused(bob, ":refs/heads/main", code="MLV102")
    is_refused(bob, ":refs/heads/main", ":refs/heads/release/1", code="MLV102")


def test_replace_refs_change_nothing(world: World) -> None:
    bob = world.plain()
    old = bob.head()
    append(bob)
    sneak(bob)
    bob.git("replace", old, bob.head())
    bob.push("origin", f"refs/replace/{old}", check=False)
    is_refused(bob, code="MLV101")


def test_a_shallow_push_is_judged_by_the_server(world: World) -> None:
    bob = Sandbox(world.playground, world.playground.folder / "shallow")
    world.playground.run(
        "git", "clone", "-q", "--depth", "1", f"file://{world.server.path}", str(bob.path), cwd=world.playground.folder
    )
    append(bob)
    sneak(bob)
    is_refused(bob, code="MLV101")


# who owns it


def test_a_nested_root_cannot_take_frozen_files_over(world: World) -> None:
    bob = world.plain()
    for where in ("data", "data/snapshots", FOLDER, "models", "models/iris_clf"):
        bob.write(f"{where}/mlv.yaml", 'exceptions: [{code: MLV101, path: "**", reason: x}]\n')
        append(bob)
        sneak(bob)
        is_refused(bob)
        bob.git("reset", "-q", "--hard", "origin/main")


def test_a_folder_setting_cannot_move_over_a_frozen_one(world: World) -> None:
    bob = world.plain()
    for text in (
        "folders: {snapshots: elsewhere}\n",
        "folders: {models: data/snapshots}\n",
        "folders: {runs: data/snapshots/iris_v0.1}\n",
        "folders: {snapshots: data}\n",
    ):
        bob.write("mlv.yaml", text)
        append(bob)
        sneak(bob)
        is_refused(bob)
        bob.git("reset", "-q", "--hard", "origin/main")


def test_exceptions_cannot_be_added_in_one_push_and_used_in_the_next(world: World) -> None:
    bob = world.plain()
    for text in (
        'exceptions: [{code: MLV101, path: "**", reason: x}]\n',
        "protect: [nothing]\n",
        "mode: advise\n",
        "stages: {production: {}}\n",
    ):
        bob.write("mlv.yaml", text)
        sneak(bob)
        is_refused(bob, code="MLV108")
        bob.git("reset", "-q", "--hard", "origin/main")


def test_a_submodule_in_place_of_a_frozen_folder_is_refused(world: World) -> None:
    bob = world.plain()
    bob.git("rm", "-rq", "--cached", FOLDER)
    bob.git("update-index", "--add", "--cacheinfo", f"160000,{bob.head()},{FOLDER}")
    bob.git("commit", "-q", "--no-verify", "-m", "sub")
    is_refused(bob)


@pytest.mark.parametrize("path", ["data", "data/snapshots", "models"])
def test_a_link_in_place_of_our_folders_is_refused(world: World, path: str) -> None:
    bob = world.plain()
    bob.git("rm", "-rq", "--cached", path)
    as_link(bob, path, b"elsewhere")
    bob.git("commit", "-q", "--no-verify", "-m", "link")
    is_refused(bob)


@pytest.mark.parametrize(
    "name",
    [
        "data/Snapshots/iris_v0.1/iris.csv",
        "DATA/snapshots/iris_v0.1/iris.csv",
        "data/snapshots/Iris_v0.1/iris.csv",
        "data/snapshots/iris_v0.1/IRIS.csv",
        "models/iris_clf/V0.1.0/model.pkl",
        "data/snapshots/iris_v0.1.MANIFEST.json",
        "models/iris_clf/Registry.json",
        "MLV.yaml",
    ],
)
def test_what_lands_on_a_frozen_file_elsewhere_is_refused(world: World, name: str) -> None:
    bob = world.plain()
    oid = bob.git("hash-object", "-w", "--stdin", input="forged\n").out.strip()
    bob.git("update-index", "--add", "--cacheinfo", f"100644,{oid},{name}")
    bob.git("commit", "-q", "--no-verify", "-m", "case")
    is_refused(bob)


@pytest.mark.parametrize(
    "ref", ["refs/remotes/origin/main", "refs/remotes/x/y", "refs/mlv/main", "refs/heads/HEAD", "refs/x"]
)
def test_no_ref_of_another_kind_takes_the_protection_away(world: World, ref: str) -> None:
    bob = world.plain()
    bob.push("origin", f"HEAD~3:{ref}", check=False)
    bob.push("origin", f"HEAD:{ref}", check=False)
    append(bob)
    fit_manifest(bob)
    sneak(bob)
    is_refused(bob)
    bob.git("reset", "-q", "--hard", "origin/main")
    bob.write("mlv.yaml", "protect: [nothing]\n")
    sneak(bob)
    is_refused(bob, code="MLV108")


def test_a_mirror_with_remotes_still_protects_its_branches(world: World) -> None:
    bob = world.plain()
    bob.push("origin", "HEAD:refs/remotes/origin/other", check=False)
    bob.git("checkout", "-q", "--orphan", "new")
    bob.git("rm", "-rqf", ".")
    bob.write("README.md", "gone\n")
    sneak(bob)
    is_refused(bob, "-f", "HEAD:refs/heads/main", code="MLV102")


def test_a_server_with_a_working_directory_protects_its_own_branches(world: World) -> None:
    server = world.plain("desk")
    server.git("config", "receive.denyCurrentBranch", "ignore")
    server.mlv("install", "--server")
    bob = server.clone("eve")
    append(bob)
    fit_manifest(bob)
    sneak(bob)
    is_refused(bob)


def test_protect_counts_where_head_of_the_server_names_nothing(playground) -> None:
    server = playground.server()
    server.git("symbolic-ref", "HEAD", "refs/heads/nothing")
    server.mlv("install", "--server")
    bob = Sandbox(playground, playground.folder / "bob")
    playground.run("git", "clone", "-q", str(server.path), str(bob.path), cwd=playground.folder)
    bob.git("checkout", "-qB", "main")
    bob.write("mlv.yaml", "protect: [main, live/*]\n")
    sneak(bob, "settings")
    pushes(bob)
    freeze(bob, "iris", "a\n1\n")
    sneak(bob, "freeze")
    pushes(bob, "HEAD:refs/heads/live/1")
    append(bob, "data/snapshots/iris_v0.1/iris.csv")
    fit_manifest(bob)
    sneak(bob, "forge")
    is_refused(bob, "HEAD:refs/heads/live/1")
