"""Everyday work: each row of the table, with real Git, ends with no finding."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.conftest import Ran, Sandbox
from tests.e2e.world import CSV, FOLDER, MANIFEST, REGISTRY, World, add_model


@pytest.fixture
def bob(world: World) -> Sandbox:
    """A clone whose hooks are installed, on main."""
    return world.person("bob")


def freeze(repo: Sandbox, name: str = "wine", version: str = "v0.1", rows: str = "a,b\n1,2\n", *options: str) -> None:
    """Freeze and stage a small snapshot."""
    repo.write("raw/data.csv", rows)
    repo.mlv("snapshot", "create", name, version, "raw/data.csv", *options)
    shutil.rmtree(repo / "raw")


def silent(ran: Ran) -> Ran:
    """Fail when a guard said anything."""
    assert "mlv:" not in ran.said, ran.said
    assert "MLV" not in ran.said, ran.said
    return ran


def push(repo: Sandbox, *args: str) -> None:
    """Push through both guards, which say nothing."""
    silent(repo.push(*(args or ("origin", "HEAD:refs/heads/main"))))


def no_finding(repo: Sandbox, base: str = "origin/main") -> None:
    """The branch, as CI would check it, and everything that is there, give no finding."""
    assert repo.mlv("check", f"{base}..HEAD").out == "no findings\n"
    assert repo.mlv("check", "--all").out == "no findings\n"


# One's own history


def test_amend_of_an_unpushed_snapshot(bob: Sandbox) -> None:
    freeze(bob)
    bob.git("commit", "-qm", "Freeze wine")
    silent(bob.git("commit", "-q", "--amend", "-m", "Freeze the wine data"))
    freeze(bob, "wine", "v0.1", "a,b\n1,3\n", "--replace")

    silent(bob.git("commit", "-q", "--amend", "--no-edit"))

    no_finding(bob)
    push(bob)


def test_fixup_of_an_unpushed_snapshot(bob: Sandbox) -> None:
    freeze(bob)
    bob.git("commit", "-qm", "Freeze wine")
    bob.commit_files("Code", notes_txt="1")
    freeze(bob, "wine", "v0.1", "a,b\n1,3\n", "--replace")
    silent(bob.git("commit", "-q", "--fixup", "HEAD~1"))

    silent(bob.git("rebase", "-q", "-i", "--autosquash", "origin/main", GIT_SEQUENCE_EDITOR="true"))

    assert bob.git("log", "--oneline", "origin/main..").out.count("\n") == 2
    no_finding(bob)
    push(bob)


def test_reorder_of_unpushed_snapshots(bob: Sandbox) -> None:
    freeze(bob, "wine", "v0.1")
    bob.git("commit", "-qm", "Freeze wine v0.1")
    freeze(bob, "wine", "v0.2", "a,b\n5,6\n")
    bob.git("commit", "-qm", "Freeze wine v0.2")
    swap = 'sh -c \'tail -r "$0" 2>/dev/null || tac "$0" | grep pick >"$0.new" && mv "$0.new" "$0"\''

    silent(bob.git("rebase", "-q", "-i", "origin/main", GIT_SEQUENCE_EDITOR=swap))

    assert bob.git("log", "--format=%s", "origin/main..").out == "Freeze wine v0.1\nFreeze wine v0.2\n"
    no_finding(bob)
    push(bob)


@pytest.mark.parametrize("backend", ["--merge", "--apply"])
def test_rebase_of_an_unpushed_snapshot(world: World, bob: Sandbox, backend: str) -> None:
    freeze(bob)
    bob.git("commit", "-qm", "Freeze wine")
    ada = world.person("ada")
    freeze(ada, "digits")
    ada.git("commit", "-qm", "Freeze digits")
    push(ada)
    bob.git("fetch", "-q")

    silent(bob.git("rebase", "-q", backend, "origin/main"))

    no_finding(bob)
    push(bob)


def test_a_typo_in_the_notes_of_a_published_snapshot(bob: Sandbox) -> None:
    document = json.loads(bob.read(MANIFEST))
    document["notes"] = "Corrected spelling"
    bob.write(MANIFEST, json.dumps(document, indent=2) + "\n")

    silent(bob.git("commit", "-qam", "Mend a typo"))

    no_finding(bob)
    push(bob)


def test_force_push_of_ones_own_branch(bob: Sandbox) -> None:
    bob.branch("wine")
    freeze(bob)
    bob.git("commit", "-qm", "Freeze wine")
    push(bob, "-u", "origin", "wine")
    freeze(bob, "wine", "v0.1", "a,b\n7,8\n", "--replace")
    silent(bob.git("commit", "-q", "--amend", "--no-edit"))

    push(bob, "--force-with-lease", "origin", "wine")

    no_finding(bob)


# Releases, by every way that hosts merge


def release(repo: Sandbox) -> None:
    """On a branch: data, a version trained on it, tagged and in production."""
    repo.branch("release-v0.4.0")
    freeze(repo, "iris", "v0.2", "sepal,petal,kind\n1,2,setosa\n")
    repo.git("commit", "-qm", "Freeze iris v0.2")
    add_model(repo, "v0.4.0")
    repo.git("commit", "-qm", "Add v0.4.0")
    repo.mlv("promote", "--tag", "iris_clf", "v0.4.0", "production", "-m", "better")
    push(repo, "--atomic", "origin", "release-v0.4.0", "iris_clf@v0.4.0")


def merged(world: World, *commands: tuple[str, ...]) -> Sandbox:
    """Merge the release on main as a host does: without hooks of ours, and push it past the server's guard."""
    host = world.plain("host")
    host.git("fetch", "-q")
    for command in commands:
        host.git(*command)
    push(host, "origin", "main")
    return host


def test_squash_merge_of_a_release(world: World, bob: Sandbox) -> None:
    release(bob)
    host = merged(world, ("merge", "-q", "--squash", "origin/release-v0.4.0"), ("commit", "-qm", "Release v0.4.0 (#7)"))
    host.git("fetch", "-q", "--tags")
    no_finding(host, "origin/main~1")


def test_rebase_merge_of_a_release(world: World, bob: Sandbox) -> None:
    release(bob)
    ada = world.person("ada")
    ada.commit_files("Code", other_py="1")
    push(ada)
    host = merged(
        world,
        ("checkout", "-q", "-b", "rebased", "origin/release-v0.4.0"),
        ("rebase", "-q", "--force-rebase", "origin/main"),
        ("checkout", "-q", "main"),
        ("merge", "-q", "--ff-only", "rebased"),
    )
    host.git("fetch", "-q", "--tags")
    no_finding(host, "origin/main~3")


def test_merge_button_of_a_release(world: World, bob: Sandbox) -> None:
    release(bob)
    host = merged(world, ("merge", "-q", "--no-ff", "-m", "Merge release (#7)", "origin/release-v0.4.0"))
    host.git("fetch", "-q", "--tags")
    no_finding(host, "origin/main~1")


def test_a_true_merge_of_main_into_a_branch(world: World, bob: Sandbox) -> None:
    bob.branch("wine")
    freeze(bob)
    bob.git("commit", "-qm", "Freeze wine")
    ada = world.person("ada")
    freeze(ada, "digits")
    ada.git("commit", "-qm", "Freeze digits")
    push(ada)

    silent(bob.git("pull", "-q", "--no-rebase", "--no-edit", "origin", "main"))

    no_finding(bob)
    push(bob, "origin", "wine")


def test_cherry_pick_to_a_release_branch(bob: Sandbox) -> None:
    freeze(bob, "iris", "v0.2", "sepal,petal,kind\n1,2,setosa\n")
    bob.git("commit", "-qm", "Freeze iris v0.2")
    picked = bob.head()
    push(bob)
    bob.git("checkout", "-q", "-b", "release/1", "origin/release/1")

    silent(bob.git("cherry-pick", picked))

    assert bob.mlv("check", "origin/release/1..HEAD").out == "no findings\n"
    push(bob, "origin", "release/1")


@pytest.mark.parametrize("published", [False, True], ids=["unpushed", "on main"])
def test_revert_of_a_merge(bob: Sandbox, published: bool) -> None:
    bob.branch("feature")
    bob.commit_files("Code", feature_py="1")
    bob.checkout("main")
    bob.git("merge", "-q", "--no-ff", "--no-edit", "feature")
    if published:
        push(bob)

    silent(bob.git("revert", "--no-edit", "-m", "1", "HEAD"))

    no_finding(bob)
    push(bob)


def test_a_promotion_reverted(bob: Sandbox) -> None:
    add_model(bob, "v0.4.0")
    bob.git("commit", "-qm", "Add v0.4.0")
    bob.mlv("promote", "--tag", "iris_clf", "v0.4.0", "production")
    push(bob, "--atomic", "origin", "main", "iris_clf@v0.4.0")

    silent(bob.git("revert", "--no-edit", "HEAD"))

    assert '"v0.2.0", "stage": "production"' in bob.read(REGISTRY).decode()
    no_finding(bob)
    push(bob)


def test_rollback_and_promote_again(bob: Sandbox) -> None:
    silent(bob.mlv("rollback", "iris_clf"))
    push(bob)
    silent(bob.mlv("promote", "iris_clf", "v0.2.0", "production"))

    no_finding(bob)
    push(bob)


# Moving things


def test_folder_rename_with_the_settings(bob: Sandbox) -> None:
    bob.write("mlv.yaml", bob.read("mlv.yaml").decode() + "folders: {snapshots: datasets/frozen}\n")
    (bob / "datasets").mkdir()
    bob.git("mv", "data/snapshots", "datasets/frozen")
    manifest = "datasets/frozen/iris_v0.1.manifest.json"
    bob.write(manifest, bob.read(manifest).decode().replace("data/snapshots/", "datasets/frozen/"))
    attributes = bob.read(".gitattributes").decode()
    bob.write(".gitattributes", attributes.replace("data/snapshots", "datasets/frozen"))
    bob.git("add", "--all")

    silent(bob.git("commit", "-qm", "Move the data"))

    no_finding(bob)
    push(bob)


def test_a_project_folder_renamed_in_a_monorepo(world: World, bob: Sandbox) -> None:
    for team in ("flowers", "wines"):
        (bob / team).mkdir()
        bob.mlv("init", "--no-hooks", team)
    bob.git("commit", "-qm", "Two roots")
    bob.write("raw.csv", "a,b\n1,2\n")
    bob.mlv("snapshot", "create", "wine", "v0.1", "../raw.csv", cwd=bob / "wines")
    bob.remove("raw.csv")
    bob.git("commit", "-qm", "Freeze wine")
    push(bob)

    bob.git("mv", "wines", "drinks")
    silent(bob.git("commit", "-qm", "Rename the project"))

    no_finding(bob)
    push(bob)


def test_monorepo_with_two_roots_each_judged_by_its_own_settings(bob: Sandbox) -> None:
    for team, limit in (("flowers", "1 KiB"), ("wines", "1 MiB")):
        bob.write(f"{team}/mlv.yaml", f"format: 1.0\nlimits: {{file_in_git: {limit}}}\n")
    bob.commit("Two roots")
    bob.write("raw.csv", "a,b\n" + "1,2\n" * 1000)

    silent(bob.mlv("snapshot", "create", "wine", "v0.1", "../raw.csv", "-m", "Freeze wine", cwd=bob / "wines"))
    refused = bob.mlv("snapshot", "create", "iris", "v0.1", "../raw.csv", cwd=bob / "flowers", check=False)

    assert "MLV107" in refused.err
    bob.remove("raw.csv")
    assert "wine@v0.1" in bob.mlv("snapshot", "list", cwd=bob / "wines").out
    assert "wine" not in bob.mlv("snapshot", "list", cwd=bob / "flowers").out
    no_finding(bob)
    push(bob)


# Remotes, tags, clones


def test_a_second_remote(world: World, bob: Sandbox) -> None:
    mirror = world.playground.server("mirror.git", f"--object-format={world.playground.object_format}")
    bob.git("remote", "add", "mirror", str(mirror.path))

    push(bob, "mirror", "main", "iris_clf@v0.1.0", "iris_clf@v0.2.0")
    freeze(bob)
    silent(bob.git("commit", "-qm", "Freeze wine"))
    push(bob, "mirror", "main")
    push(bob, "origin", "main")

    no_finding(bob)


def test_gto_tags_already_there(bob: Sandbox) -> None:
    for name in ("iris_clf@v0.0.1", "iris_clf#prod#1", "other@v1.0.0"):
        bob.git("tag", "-a", "-m", "gto", name)
    push(bob, "origin", "--tags")
    bob.git("tag", "-f", "-a", "-m", "gto again", "other@v1.0.0", "HEAD~1")

    push(bob, "--force", "origin", "other@v1.0.0")

    no_finding(bob)
    assert "iris_clf@v0.2.0" in bob.mlv("tag-model", "iris_clf", "v0.2.0").out


def test_a_clone_without_bytes(world: World, bob: Sandbox) -> None:
    world.server.config("uploadpack.allowFilter", "true")
    lean = Sandbox(world.playground, world.playground.folder / "lean")
    bob.run(
        *("git", "clone", "-q", "--filter=blob:none", "--sparse", f"file://{world.server.path}", str(lean.path)),
        cwd=world.playground.folder,
    )
    lean.mlv("install")
    lean.write("code.py", "print(1)\n")
    lean.git("add", "--sparse", "code.py")

    silent(lean.git("commit", "-qm", "Code"))

    push(lean, "origin", "HEAD:refs/heads/main")
    assert not (lean / CSV).exists()


def test_switching_branches(bob: Sandbox) -> None:
    bob.branch("wine")
    freeze(bob)
    bob.git("commit", "-qm", "Freeze wine")
    silent(bob.git("checkout", "-q", "main"))
    bob.commit_files("Code", code_py="1")
    silent(bob.git("checkout", "-q", "wine"))
    silent(bob.git("checkout", "-q", "origin/release/1"))
    silent(bob.git("checkout", "-q", "main"))

    assert bob.git("status", "--porcelain").out == ""
    no_finding(bob)
    push(bob)


def test_depth_1_ci(world: World, bob: Sandbox) -> None:
    freeze(bob)
    bob.git("commit", "-qm", "Freeze wine")
    push(bob)
    shallow = Sandbox(world.playground, world.playground.folder / "ci")
    bob.run(
        *("git", "clone", "-q", "--depth=1", "--no-tags", f"file://{world.server.path}", str(shallow.path)),
        cwd=world.playground.folder,
    )

    assert shallow.mlv("check", "--all", check=False).status == 0
    assert shallow.mlv("verify").status == 0
    shallow.git("fetch", "-q", "--depth=1", "origin", "release/1")
    assert shallow.mlv("check", "FETCH_HEAD..HEAD", check=False).status == 0


def test_git_stash(bob: Sandbox) -> None:
    freeze(bob)
    bob.write("README.md", "Changed\n")

    silent(bob.git("stash", "push", "-q", "--include-untracked"))
    silent(bob.git("commit", "-q", "--allow-empty", "-m", "Meanwhile"))
    silent(bob.git("stash", "pop", "-q", "--index"))
    silent(bob.git("commit", "-qam", "Freeze wine"))

    no_finding(bob)
    push(bob)


def test_git_add_p(bob: Sandbox) -> None:
    bob.write("README.md", "Flowers\n" + "\n" * 20 + "end\n")
    bob.commit("Long")
    bob.write("README.md", "Flowers and wine\n" + "\n" * 20 + "the end\n")
    freeze(bob)
    bob.git("add", "-p", "README.md", input="y\nn\n")

    silent(bob.git("commit", "-qm", "Part of it"))

    assert bob.git("diff", "--name-only").out == "README.md\n"
    no_finding(bob)
    push(bob)


def test_commit_of_a_path_leaves_a_staged_snapshot_alone(bob: Sandbox) -> None:
    freeze(bob)
    bob.write("README.md", "Changed\n")

    silent(bob.git("commit", "-qm", "Readme only", "README.md"))
    silent(bob.git("commit", "-qm", "Freeze wine"))

    no_finding(bob)
    push(bob)


def test_a_colleague_without_mlvgit(world: World, bob: Sandbox) -> None:
    plain = world.plain("carol")
    plain.commit_files("Code", code_py="1")
    plain.write("models/notes.txt", "not a version\n")
    plain.write("runs/tensorboard.yaml", "events: [1, 2]\n")
    plain.commit("Loose files")
    push(plain, "origin", "main")

    silent(bob.git("pull", "-q", "--rebase"))
    no_finding(bob, "origin/main~2")


def test_a_colleague_with_a_newer_mlvgit(bob: Sandbox) -> None:
    freeze(bob)
    path = "data/snapshots/wine_v0.1.manifest.json"
    document = json.loads(bob.read(path))
    document["format"] = "1.7"
    document["shelf"] = {"row": 3}
    bob.write(path, json.dumps(document, indent=2) + "\n")
    bob.git("add", path)

    silent(bob.git("commit", "-qm", "Freeze wine, with a newer program"))

    no_finding(bob)
    push(bob)


def test_a_repair_of_what_somebody_falsified_before_the_guards_came(bob: Sandbox, world: World) -> None:
    good = bob.read(CSV)
    (bob / CSV).chmod(0o644)
    bob.write(CSV, "falsified\n")
    bob.git("commit", "-qam", "Falsify", "--no-verify")
    with world.unguarded():
        bob.push("--no-verify", "origin", "HEAD:refs/heads/main")
    freeze(bob)
    silent(bob.git("commit", "-qm", "A debt is in nobody's way"))
    push(bob)

    bob.write(CSV, good)
    silent(bob.git("commit", "-qam", "Repair"))

    push(bob)
    assert bob.mlv("check", "--all").out == "no findings\n"


def test_renaming_a_registry_stage_through_the_allowed_way(bob: Sandbox) -> None:
    bob.mlv("promote", "--tag", "iris_clf", "v0.3.0", "staging")

    push(bob, "--atomic", "origin", "main", "iris_clf@v0.3.0")

    no_finding(bob)


def test_comments_on_a_published_version(bob: Sandbox) -> None:
    silent(bob.mlv("comment", "iris_clf@v0.2.0", "Drifts on small petals", "-m", "Comment"))

    no_finding(bob)
    push(bob)


def test_readme_edit_beside_a_frozen_folder(bob: Sandbox) -> None:
    bob.write("data/snapshots/README.md", "What these are\n")
    bob.write(f"{FOLDER}/.DS_Store", "junk")
    silent(bob.git("commit", "-qm", "Nothing frozen", "--allow-empty"))
    bob.git("add", "data/snapshots/README.md")

    silent(bob.git("commit", "-qm", "Document the data"))

    no_finding(bob)
    push(bob)


def test_a_run_record_for_a_released_version(bob: Sandbox) -> None:
    bob.write("env/requirements.lock", "scikit-learn==1.9.0\n")
    bob.commit("Lock")
    bob.mlv("record", "iris_clf", "v0.2.0", "--data", "iris@v0.1", "-m", "Record")

    no_finding(bob)
    push(bob)


def test_a_second_remote_when_there_are_debts(world: World, bob: Sandbox) -> None:
    (bob / CSV).chmod(0o644)
    bob.write(CSV, "falsified before the guards came\n")
    bob.git("commit", "-qam", "Old sins", "--no-verify")
    with world.unguarded():
        bob.push("--no-verify", "origin", "HEAD:refs/heads/main")
    mirror = world.playground.server("mirror.git", f"--object-format={world.playground.object_format}")
    bob.git("remote", "add", "mirror", str(mirror.path))

    push(bob, "mirror", "main")


def test_two_promotions_in_one_push_and_a_rollback_when_production_takes_only_from_staging(bob: Sandbox) -> None:
    stages = (
        "stages: {dev: {}, staging: {tag: true}, production: {one: true, tag: true, from: [staging]}, archived: {}}\n"
    )
    bob.write("mlv.yaml", bob.read("mlv.yaml").decode() + stages)
    silent(bob.git("commit", "-qam", "Agree on stages"))
    push(bob)
    bob.mlv("promote", "--tag", "iris_clf", "v0.3.0", "staging")
    silent(bob.mlv("promote", "iris_clf", "v0.3.0", "production"))
    push(bob, "--atomic", "origin", "main", "iris_clf@v0.3.0")

    silent(bob.mlv("rollback", "iris_clf"))

    push(bob)
    assert '"v0.2.0", "stage": "production"' in bob.read(REGISTRY).decode()
