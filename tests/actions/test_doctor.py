"""The doctor: what is guarded is proved by trying, what is not is named with the command that mends it."""

import sys
from pathlib import Path

import pytest
import yaml

from mlvgit.actions.doctor import Diagnosis, examine
from mlvgit.actions.project import Project
from mlvgit.actions.symptoms import Level
from tests.conftest import ROOT, Sandbox, git_version

config_hooks = pytest.mark.skipif(
    git_version() < (2, 54), reason="this Git runs no hooks from the configuration (2.54 and later do)"
)


@pytest.fixture
def guarded(repo: Sandbox) -> Sandbox:
    """A repository that was set up."""
    repo.mlv("init")
    repo.commit("Set up")
    return repo


def script(repo: Sandbox, event: str) -> Path:
    """Return the hook that Git runs here: in our folder when the configuration names it."""
    configured = repo / f".git/mlv/hooks/{event}"
    return configured if configured.exists() else repo / f".git/hooks/{event}"


def doctor(repo: Sandbox) -> Diagnosis:
    return examine(Project.open(repo.path))


def said(diagnosis: Diagnosis, area: str, level: Level) -> str:
    """Return the lines of an area that have this level."""
    return "\n".join(
        f"{each.text} | {each.mend}" for each in diagnosis.symptoms if (each.area, each.level) == (area, level)
    )


def state(repo: Sandbox) -> dict[str, bytes]:
    """Return everything that the doctor must not touch: refs, index, objects, hooks, configuration, files."""
    paths = (path for path in repo.path.rglob("*") if path.is_file() and "/mlv/cache" not in str(path))
    return {str(path): path.read_bytes() for path in paths}


def test_a_repository_that_was_set_up_is_guarded_and_that_was_tried(guarded: Sandbox) -> None:
    found = doctor(guarded)

    assert found.guarded
    assert found.trial is not None
    assert found.trial.outcome == "refused"
    assert "pre-push: mlvgit" in said(found, "hooks", "ok")


def test_the_repository_is_only_looked_at(guarded: Sandbox) -> None:
    guarded.write("raw/a.csv", "x\n1\n")
    guarded.mlv("snapshot", "create", "iris", "v0.1", "raw")
    before = state(guarded)

    doctor(guarded)

    assert state(guarded) == before


def test_a_clone_without_hooks_is_not_guarded(guarded: Sandbox) -> None:
    found = doctor(guarded.clone())

    assert not found.guarded
    assert found.trial is None
    assert said(found, "hooks", "bad").endswith("| git mlv install")


def test_a_hook_that_lets_everything_through_is_found_by_trying(guarded: Sandbox) -> None:
    hook = script(guarded, "pre-commit")
    text = hook.read_text()
    hook.write_text(text.replace("#!/bin/sh\n", "#!/bin/sh\nexit 0\n", 1))
    assert "mlvgit-hook" in hook.read_text()[:200]

    found = doctor(guarded)

    assert found.trial is not None
    assert found.trial.outcome == "accepted"
    assert "WENT THROUGH" in said(found, "proof", "bad")


def test_a_hook_that_refuses_everything_is_no_proof(guarded: Sandbox) -> None:
    hook = script(guarded, "pre-commit")
    hook.write_text(hook.read_text().replace("#!/bin/sh\n", "#!/bin/sh\necho no >&2; exit 1\n", 1))

    found = doctor(guarded)

    assert found.trial == ("failed", "an honest commit was refused: no")
    assert not found.guarded


def test_an_interpreter_that_is_gone_is_bad(guarded: Sandbox) -> None:
    guarded.write(".git/mlv/python", "/nowhere/python\n/nowhere\n")

    found = doctor(guarded)

    assert not found.guarded
    assert "/nowhere/python is gone" in said(found, "hooks", "bad")


@pytest.mark.parametrize("event", ["pre-commit", "pre-push", "prepare-commit-msg"])
def test_one_hook_that_is_not_executable_is_bad(guarded: Sandbox, event: str) -> None:
    script(guarded, event).chmod(0o644)

    found = doctor(guarded)

    assert not found.guarded
    assert f"{event}: not executable" in said(found, "hooks", "bad")


@pytest.mark.usefixtures("hook_files")
def test_hooks_of_others_are_named_in_the_order_in_which_they_run(repo: Sandbox) -> None:
    repo.hook("pre-commit", "exit 0")
    repo.hook("pre-push", "exit 0")
    repo.mlv("init")

    found = doctor(repo)

    assert "pre-commit: .git/hooks/pre-commit.mlv-kept, then mlvgit" in said(found, "hooks", "ok")
    assert "pre-push: mlvgit, then .git/hooks/pre-push.mlv-kept" in said(found, "hooks", "ok")
    assert found.guarded


def test_it_says_when_new_versions_of_large_files_are_stored_whole(
    guarded: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(doctor(guarded), "store", "warning") == ""
    monkeypatch.setitem(sys.modules, "pyfastcdc", None)
    assert "stored and sent whole" in said(doctor(guarded), "store", "warning")


@config_hooks
def test_hooks_that_git_runs_after_ours_are_named(repo: Sandbox) -> None:
    repo.hook("pre-commit", "exit 0")
    repo.hook("pre-push", "exit 0")
    repo.mlv("init")

    found = doctor(repo)

    again = "Git runs it after mlvgit, which looks again when it staged something"
    assert f"pre-commit: .git/hooks/pre-commit: {again}" in said(found, "hooks", "ok")
    assert "pre-push: .git/hooks/pre-push: Git runs it after mlvgit | " in said(found, "hooks", "ok")
    assert found.guarded


@config_hooks
def test_hooks_that_the_user_has_everywhere_are_not_run_by_the_trial(guarded: Sandbox) -> None:
    for event in ("pre-commit", "pre-receive"):
        guarded.git("config", "--global", "hook.mine.event", event)
        guarded.git("config", "--global", "hook.mine.command", f"touch {guarded.path}/ran; exit 1")
        server = guarded.playground.server(f"{event}.git")
        server.mlv("install", "--server")

        assert doctor(guarded).guarded
        assert doctor(server).guarded
        assert not (guarded / "ran").exists()


def test_hooks_of_others_are_not_run_by_the_trial(repo: Sandbox) -> None:
    repo.hook("pre-commit", f"touch {repo.path}/ran; exit 1")
    repo.mlv("init")

    assert doctor(repo).guarded
    assert not (repo / "ran").exists()


def test_hooks_in_a_folder_of_the_configuration_are_tried_there(repo: Sandbox) -> None:
    repo.write(".husky/pre-commit", "#!/bin/sh\nexit 0\n").chmod(0o755)
    repo.config("core.hooksPath", ".husky")
    repo.mlv("init")

    assert doctor(repo).guarded


@pytest.mark.usefixtures("hook_files")
def test_hooks_that_another_tool_shadows_are_bad(guarded: Sandbox) -> None:
    guarded.write(".husky/pre-commit", "#!/bin/sh\nexit 0\n").chmod(0o755)
    guarded.config("core.hooksPath", ".husky")

    found = doctor(guarded)

    assert not found.guarded
    assert "pre-commit: shadowed" in said(found, "hooks", "bad")


@pytest.mark.usefixtures("hook_files")
def test_a_hook_by_hand_that_calls_the_check_guards(repo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.mlv("init", "--no-hooks")
    repo.mlv("install")
    repo.remove(".git/hooks/pre-commit")
    repo.hook("pre-commit", 'exec git mlv hook pre-commit "$@"')

    found = doctor(repo)

    assert found.trial == ("refused", "")


def test_a_server_is_tried_with_a_push(guarded: Sandbox) -> None:
    server = guarded.server()
    assert not doctor(server).guarded

    server.mlv("install", "--server")
    found = doctor(server)

    assert found.guarded
    assert "push" in said(found, "proof", "ok")


def test_what_the_framework_cannot_see_is_said(guarded: Sandbox) -> None:
    guarded.write(".pre-commit-config.yaml", "repos:\n- repo: local\n  hooks: [{id: mlv-check}]\n")
    assert "no tags" in said(doctor(guarded), "layers", "ok")

    guarded.mlv("uninstall")
    assert "no tags" in said(doctor(guarded), "layers", "warning")


def test_a_ci_file_that_runs_the_check_is_found(guarded: Sandbox) -> None:
    guarded.write(".github/workflows/test.yml", "steps: [{run: pytest}]\n")
    assert "no file mentions the check" in said(doctor(guarded), "layers", "warning")

    guarded.write(".github/workflows/check.yml", "steps: [{run: git mlv check origin/main..HEAD}]\n")
    assert ".github/workflows/check.yml mentions the check" in said(doctor(guarded), "layers", "ok")


def test_a_server_elsewhere_is_unknown_and_what_is_published_is_named(guarded: Sandbox) -> None:
    guarded.server()

    found = doctor(guarded)

    assert "server origin: unknown from here" in said(found, "layers", "warning")
    assert "published is what origin/main had" in said(found, "layers", "ok")


def test_settings_that_cannot_be_read_are_bad(guarded: Sandbox) -> None:
    guarded.write("mlv.yaml", "folder: {snapshots: data}\n")

    found = doctor(guarded)

    assert not found.guarded
    assert "folders" in said(found, "settings", "bad")


def test_a_newer_program_that_is_required_is_bad(guarded: Sandbox) -> None:
    guarded.write("mlv.yaml", 'requires: ">=99.0"\n')

    assert said(doctor(guarded), "settings", "bad").endswith("| pip install 'mlvgit>=99.0'")


def test_advice_instead_of_refusal_is_a_warning(guarded: Sandbox) -> None:
    guarded.write("mlv.yaml", "mode: advise\n")

    found = doctor(guarded)

    assert "mode: advise" in said(found, "settings", "warning")
    assert found.guarded


def test_conversions_of_frozen_bytes_are_bad(guarded: Sandbox) -> None:
    guarded.write("data/snapshots/.gitattributes", "*.csv text=auto\n")

    found = doctor(guarded)

    assert "data/snapshots/.gitattributes:1: *.csv text=auto" in said(found, "attributes", "bad")


def test_folders_that_are_not_protected_from_conversion_are_a_warning(guarded: Sandbox) -> None:
    guarded.git("rm", "-q", ".gitattributes")

    found = doctor(guarded)

    assert "core.autocrlf" in said(found, "attributes", "warning")
    assert "merged as text" in said(found, "attributes", "warning")


def test_ignore_rules_that_hide_our_folders_are_named(guarded: Sandbox) -> None:
    guarded.write(".gitignore", "*.pyc\ndata/\n")

    assert ".gitignore:2 (data/) hides data/snapshots/example_v0.1/data.csv" in said(
        doctor(guarded), "ignored", "warning"
    )


def test_tags_that_only_look_like_model_tags_are_listed(guarded: Sandbox) -> None:
    guarded.write("out/model.pkl", "x")
    guarded.mlv("model", "add", "clf", "v0.1.0", "out/model.pkl", "-m", "Add")
    guarded.mlv("tag-model", "clf", "v0.1.0")
    guarded.git("tag", "clf@v0.2.0")
    guarded.git("tag", "-m", "By GTO", "clf@v0.3.0")
    guarded.git("tag", "-m", "By GTO", "clf#production#1")
    guarded.git("tag", "v1.0")

    found = doctor(guarded)

    assert "1 model tag" in said(found, "tags", "ok")
    assert "2 tags named like a model tag" in said(found, "tags", "warning")
    assert "clf@v0.2.0, clf@v0.3.0" in said(found, "tags", "warning")
    assert "1 tag of GTO, left alone: clf#production#1" in said(found, "tags", "ok")


def test_replaced_objects_and_a_shallow_clone_are_warnings(guarded: Sandbox) -> None:
    guarded.commit("Another")
    guarded.git("replace", "HEAD", "HEAD~1")
    assert "1 object replaced" in said(doctor(guarded), "git", "warning")

    assert "cut off" in said(doctor(guarded.clone("shallow", "--depth=1")), "git", "warning")


def test_formats_are_named(guarded: Sandbox) -> None:
    guarded.git("update-index", "--index-version=4")
    guarded.git("update-index", "--split-index")

    assert "index v4, split" in said(doctor(guarded), "git", "ok")


def test_a_linked_worktree_is_guarded_too(guarded: Sandbox) -> None:
    assert doctor(guarded.worktree()).guarded


def test_nothing_is_left_in_the_temporary_folder(
    guarded: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))

    doctor(guarded)

    assert list(scratch.iterdir()) == []


@pytest.fixture
def framework(repo: Sandbox) -> Sandbox:
    """A repository with the hooks that we offer to the pre-commit framework, and one that nobody should run."""
    hooks = [{**hook, "language": "system"} for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())]
    never = {"id": "never", "name": "never", "entry": "false", "language": "system", "always_run": True}
    repo.mlv("init", "--no-hooks")
    repo.write(".pre-commit-config.yaml", yaml.safe_dump({"repos": [{"repo": "local", "hooks": [*hooks, never]}]}))
    repo.commit("Set up")
    return repo


def test_where_only_the_framework_guards_a_commit_is_tried_through_it(framework: Sandbox) -> None:
    framework.run("pre-commit", "install")

    found = doctor(framework)

    assert "tried: a commit that alters a frozen file is refused, an honest one is not" in said(found, "proof", "ok")
    assert "it sees no cherry-pick, revert, rebase and am" in said(found, "layers", "warning")
    assert "pre-commit: .git/hooks/pre-commit: the pre-commit framework runs mlv-check" in said(found, "hooks", "ok")
    assert "prepare-commit-msg: missing; no cherry-pick, revert or rebase is judged" in said(found, "hooks", "bad")
    assert "pre-push: missing; no push is judged" in said(found, "hooks", "bad")
    assert framework.mlv("doctor", check=False).out.splitlines()[-1].startswith("guarded in part: ")
    assert "partly guarded: pre-merge-commit missing" in framework.mlv("status").out


def test_each_stage_that_the_framework_is_installed_for_counts(framework: Sandbox) -> None:
    framework.run("pre-commit", "install", "-t", "pre-commit", "-t", "pre-merge-commit", "-t", "pre-push")

    found = doctor(framework)

    assert said(found, "hooks", "ok").count("the pre-commit framework runs") == 3
    assert "sees the first ref only and no tags" in said(found, "hooks", "ok")
    assert not found.guarded


def test_a_framework_without_our_check_guards_nothing(framework: Sandbox) -> None:
    framework.run("pre-commit", "install")
    framework.write(".pre-commit-config.yaml", "repos: []\n")

    found = doctor(framework)

    assert "pre-commit: replaced" in said(found, "hooks", "bad")
    assert found.trial is None
    assert "not guarded: no hook of mlvgit is active" in framework.mlv("status").out


def test_a_framework_that_is_configured_and_not_installed_is_told_as_that(framework: Sandbox) -> None:
    found = doctor(framework)

    assert "is not installed in this clone" in said(found, "layers", "warning")
    assert found.trial is None


def test_installing_beside_the_framework_guards_what_it_misses(framework: Sandbox) -> None:
    framework.run("pre-commit", "install")
    framework.mlv("install")

    assert doctor(framework).guarded
