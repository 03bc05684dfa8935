"""Installing hooks beside everybody else's as files, and taking them out again byte for byte.

The same promises for hooks in the configuration: test_hookconfig.py.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlvgit.errors import RefusedError, UsageError
from mlvgit.repo.hookfiles import install, status, uninstall
from mlvgit.repo.hookscheme import CLIENT_EVENTS, KEPT, scripts
from tests.conftest import Playground, Sandbox
from tests.repo.installing import LEFTHOOK, LFS, configuration, opened, pre_commit, spoil, states, tree

pytestmark = pytest.mark.usefixtures("hook_files")

# In the hooks folder


def test_hooks_are_installed_run_and_taken_out_byte_for_byte(home: Sandbox) -> None:
    before = configuration(home)

    installed = install(opened(home))
    assert installed.scheme == "files"
    assert states(home) == {"active"}
    spoil(home)
    home.assert_refused("commit", "-m", "x", because="MLV106")
    home.git("rm", "-rqf", "models")
    uninstall(opened(home))

    assert configuration(home) == before
    spoil(home)
    home.assert_accepted("commit", "-m", "x")


def test_installed_hooks_are_the_bytes_of_the_scripts(home: Sandbox) -> None:
    install(opened(home))

    for event in CLIENT_EVENTS:
        path = home / ".git/hooks" / event
        assert path.read_bytes() == (scripts() / event).read_bytes()
        assert os.access(path, os.X_OK)


def test_a_second_install_does_nothing(home: Sandbox) -> None:
    assert install(opened(home)).changed
    before = configuration(home)

    assert not install(opened(home)).changed
    assert configuration(home) == before


def test_a_dry_run_says_the_same_steps_and_does_none(home: Sandbox) -> None:
    before = configuration(home)

    planned = install(opened(home), dry_run=True)

    assert configuration(home) == before
    assert planned.steps == install(opened(home)).steps
    installed = configuration(home)
    assert uninstall(opened(home), dry_run=True).changed
    assert configuration(home) == installed


def test_uninstall_where_nothing_is_installed_does_nothing(home: Sandbox) -> None:
    assert not uninstall(opened(home)).changed


def test_an_older_script_of_ours_is_brought_up_to_date(home: Sandbox) -> None:
    install(opened(home))
    hook = home / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\n# mlvgit-hook 0: an old one\nexit 1\n")

    assert install(opened(home)).steps == ("write .git/hooks/pre-commit",)

    assert hook.read_bytes() == (scripts() / "pre-commit").read_bytes()
    assert not (home / f".git/hooks/pre-commit{KEPT}").exists()


def test_the_configuration_survives_a_change_by_somebody_else(home: Sandbox) -> None:
    install(opened(home))
    home.config("user.nickname", "ada")

    uninstall(opened(home))

    assert home.git("config", "user.nickname").out == "ada\n"
    assert "mlv" not in (home / ".git/config").read_text()


def test_a_bare_repository_is_told_of_the_servers_hook(playground: Playground) -> None:
    with pytest.raises(UsageError) as raised:
        install(opened(playground.server()))
    assert raised.value.hint == "git mlv install --server"


# Hooks that were there


def keeps(repo: Sandbox, event: str, *, ran: str = "theirs\n") -> None:
    """Install, see both hooks at work for a commit, uninstall, compare."""
    before = configuration(repo)
    install(opened(repo))
    assert states(repo) == {"active"}
    assert next(one.chained for one in status(opened(repo)) if one.event == event)
    spoil(repo)
    repo.assert_refused("commit", "-m", "x", because="MLV106")
    assert (repo / "ran").read_text() == ran
    (repo / "ran").unlink()
    repo.git("rm", "-rqf", "models")
    uninstall(opened(repo))
    assert configuration(repo) == before


def test_a_hook_made_by_hand_keeps_running_first(home: Sandbox) -> None:
    home.hook("pre-commit", "echo theirs >>ran")

    keeps(home, "pre-commit")


def test_a_hook_that_refuses_refuses_with_its_own_status(home: Sandbox) -> None:
    home.hook("pre-commit", "echo no from them >&2; exit 7")
    install(opened(home))

    assert "no from them" in home.assert_refused("commit", "--allow-empty", "-m", "x").err
    assert home.run(home / ".git/hooks/pre-commit", check=False).status == 7


def test_a_hook_that_stages_is_judged_with_what_it_staged(home: Sandbox) -> None:
    home.hook("pre-commit", "mkdir -p models/m; echo '{' >models/m/registry.json; git add models")
    install(opened(home))

    home.assert_refused("commit", "--allow-empty", "-m", "x", because="MLV106")


def test_lefthook_keeps_running(home: Sandbox) -> None:
    (home / ".git/hooks").mkdir(exist_ok=True)
    hook = home / ".git/hooks/pre-commit"
    hook.write_text(LEFTHOOK)
    hook.chmod(0o755)

    keeps(home, "pre-commit", ran="lefthook run pre-commit\n")


def test_lefthook_that_wrote_its_hook_again_is_kept_again(home: Sandbox) -> None:
    home.hook("pre-commit", LEFTHOOK)
    install(opened(home))
    home.hook("pre-commit", LEFTHOOK + "# newer\n")
    assert {one.event: one.state for one in status(opened(home))}["pre-commit"] == "replaced"

    install(opened(home))

    assert states(home) == {"active"}
    assert "# newer" in (home / f".git/hooks/pre-commit{KEPT}").read_text()


def test_two_hooks_of_one_event_are_never_merged_by_guessing(home: Sandbox) -> None:
    home.hook("pre-commit", "echo one")
    install(opened(home))
    home.hook("pre-commit", "echo two")
    before = configuration(home)

    with pytest.raises(RefusedError, match="two pre-commit hooks"):
        install(opened(home))

    assert configuration(home) == before


def test_git_lfs_gets_the_lines_of_the_push(home: Sandbox, tmp_path: Path) -> None:
    lfs = tmp_path / "lfs-bin"
    lfs.mkdir()
    (lfs / "git-lfs").write_text(f"#!/bin/sh\necho \"$@\" >'{tmp_path}/args'; cat >'{tmp_path}/lines'\n")
    (lfs / "git-lfs").chmod(0o755)
    hook = home.hook("pre-push", "")
    hook.write_text(LFS)
    server = home.playground.server()
    install(opened(home))

    home.git("push", str(server.path), "main", "main:other", PATH=f"{lfs}:{os.environ['PATH']}")

    head = home.head()
    assert (tmp_path / "lines").read_text() == (
        f"refs/heads/main {head} refs/heads/main {'0' * 40}\nrefs/heads/main {head} refs/heads/other {'0' * 40}\n"
    )
    assert (tmp_path / "args").read_text() == f"pre-push {server.path} {server.path}\n"


def test_a_push_hook_that_reads_nothing_hurts_nobody(home: Sandbox) -> None:
    home.hook("pre-push", "exit 0")
    server = home.playground.server()
    install(opened(home))

    home.git("push", str(server.path), "main")
    home.git("push", str(server.path), "main")


def test_a_hook_without_the_x_bit_stays_without_and_does_not_run(home: Sandbox) -> None:
    hook = home.hook("pre-commit", "echo theirs >>ran; exit 1")
    hook.chmod(0o644)
    before = configuration(home)

    install(opened(home))
    home.git("commit", "--allow-empty", "-qm", "x")
    uninstall(opened(home))

    assert not (home / "ran").exists()
    assert configuration(home) == before


def test_a_symlinked_hook_is_moved_as_a_link(home: Sandbox) -> None:
    tool = home.write("tools/check", "#!/bin/sh\necho theirs >>ran\n")
    tool.chmod(0o755)
    (home / ".git/hooks").mkdir(exist_ok=True)
    (home / ".git/hooks/pre-commit").symlink_to("../../tools/check")

    keeps(home, "pre-commit")


def test_a_hook_with_carriage_returns_fails_as_it_did(home: Sandbox) -> None:
    hook = home.hook("pre-commit", "")
    hook.write_bytes(b"#!/bin/sh\r\nexit 0\r\n")
    alone = home.git("commit", "--allow-empty", "-m", "x", check=False)
    before = configuration(home)

    install(opened(home))
    assert (home.git("commit", "--allow-empty", "-m", "x", check=False).status == 0) == (alone.status == 0)
    uninstall(opened(home))

    assert configuration(home) == before


def test_a_hook_that_asks_for_its_own_name_is_run_from_its_own_place(home: Sandbox) -> None:
    home.hook("pre-commit", 'echo "$(basename "$0")" >>ran; for part in "$0".d/*; do sh "$part"; done')
    (home / ".git/hooks/pre-commit.d").mkdir()
    (home / ".git/hooks/pre-commit.d/one").write_text("echo part >>ran\n")

    assert install(opened(home), dry_run=True).scheme == "path"
    keeps(home, "pre-commit", ran="pre-commit\npart\n")


def test_events_that_are_not_ours_are_left_alone(home: Sandbox) -> None:
    home.hook("commit-msg", "echo theirs >>ran")
    install(opened(home))

    home.git("commit", "--allow-empty", "-qm", "x")

    assert (home / "ran").read_text() == "theirs\n"


# core.hooksPath


def test_husky_keeps_running(husky: Sandbox) -> None:
    keeps(husky, "pre-commit")


def test_a_tracked_folder_of_hooks_is_not_written_to(husky: Sandbox) -> None:
    before = tree(husky / ".husky")

    assert install(opened(husky)).scheme == "path"

    assert tree(husky / ".husky") == before


def test_events_of_husky_that_are_not_ours_keep_running(husky: Sandbox) -> None:
    install(opened(husky))
    husky.write(".husky/post-commit", "echo later >>said\n")
    added = husky.write(".husky/_/post-commit", '#!/usr/bin/env sh\n. "$(dirname "$0")/h"\n')
    added.chmod(0o755)

    husky.git("commit", "--allow-empty", "-qm", "x")

    assert (husky / "said").read_text() == "message\nlater\n"


def test_husky_that_sets_its_path_again_is_seen_and_mended(husky: Sandbox) -> None:
    install(opened(husky))
    husky.config("core.hooksPath", ".husky/_")
    assert states(husky) == {"shadowed"}

    assert install(opened(husky)).steps != ()

    assert states(husky) == {"active"}
    uninstall(opened(husky))
    assert husky.git("config", "--local", "core.hooksPath").out == ".husky/_\n"


def test_a_shared_folder_of_hooks_is_not_written_to(home: Sandbox, tmp_path: Path) -> None:
    shared = tmp_path / "shared hooks"
    shared.mkdir()
    (shared / "pre-commit").write_text("#!/bin/sh\necho theirs >>ran\n")
    (shared / "pre-commit").chmod(0o755)
    home.git("config", "--global", "core.hooksPath", str(shared))
    before = tree(shared)

    keeps(home, "pre-commit")

    assert tree(shared) == before
    assert home.git("config", "--local", "core.hooksPath", check=False).status == 1


def test_a_hooks_folder_that_is_a_link_into_the_work_tree_is_not_written_to(home: Sandbox) -> None:
    home.write("tools/hooks/pre-commit", "#!/bin/sh\necho theirs >>ran\n").chmod(0o755)
    home.commit("tools")
    (home / ".git/hooks").rmdir() if (home / ".git/hooks").exists() else None
    (home / ".git/hooks").symlink_to("../tools/hooks")

    keeps(home, "pre-commit")


def test_a_hook_that_changes_git_by_being_there_is_chained_only_when_it_is_there(husky: Sandbox) -> None:
    husky.write(".husky/_/reference-transaction", "#!/bin/sh\nexit 0\n").chmod(0o755)

    install(opened(husky))

    own = husky / ".git/mlv/hooks"
    assert (own / "reference-transaction").exists()
    assert not (own / "push-to-checkout").exists()


def test_a_hooks_path_that_is_set_after_us_is_joined_without_judging_twice(home: Sandbox) -> None:
    home.hook("pre-commit", "echo theirs >>ran")
    before = configuration(home)
    install(opened(home))
    home.config("core.hooksPath", ".git/hooks")

    assert install(opened(home)).scheme == "path"

    assert states(home) == {"active"}
    spoil(home)
    assert home.assert_refused("commit", "-m", "x", because="MLV106").err.count("refused") == 1
    assert (home / "ran").read_text() == "theirs\n"
    (home / "ran").unlink()
    home.git("rm", "-rqf", "models")
    uninstall(opened(home))
    home.git("config", "--unset", "core.hooksPath")
    assert configuration(home) == before


def test_hooks_path_of_one_worktree_is_set_for_that_worktree(home: Sandbox) -> None:
    home.config("extensions.worktreeConfig", "true")
    home.write("theirs/pre-commit", "#!/bin/sh\necho theirs >>ran\n").chmod(0o755)
    home.git("config", "--worktree", "core.hooksPath", "theirs")
    before = (home / ".git/config.worktree").read_bytes()

    install(opened(home))
    assert states(home) == {"active"}
    uninstall(opened(home))

    assert (home / ".git/config.worktree").read_bytes() == before


# The pre-commit framework


def test_the_pre_commit_framework_keeps_running(framework: Sandbox) -> None:
    pre_commit(framework, "install")
    before = configuration(framework)

    assert install(opened(framework)).scheme == "files"
    spoil(framework)
    framework.assert_refused("commit", "-m", "x", because="MLV106")
    assert (framework / ".git/ran").read_text() == "theirs\n"
    framework.git("rm", "-rqf", "models")
    uninstall(opened(framework))

    assert configuration(framework) == before


def test_the_pre_commit_framework_installed_after_us_runs_us_first(framework: Sandbox) -> None:
    before = configuration(framework)
    install(opened(framework))
    pre_commit(framework, "install")

    assert states(framework) == {"active"}
    assert not install(opened(framework)).changed
    spoil(framework)
    framework.assert_refused("commit", "-m", "x", because="MLV106")
    framework.git("rm", "-rqf", "models")
    uninstall(opened(framework))
    pre_commit(framework, "uninstall")

    assert configuration(framework) == before


def test_the_pre_commit_framework_installed_around_us_does_not_run_for_ever(framework: Sandbox) -> None:
    pre_commit(framework, "install")
    install(opened(framework))
    pre_commit(framework, "install")

    framework.git("commit", "--allow-empty", "-qm", "x")
    assert (framework / ".git/ran").read_text() == "theirs\n"
    spoil(framework)
    framework.assert_refused("commit", "-m", "x", because="MLV106")


# Repositories of other shapes


def test_a_linked_worktree_is_guarded_from_any_side(home: Sandbox) -> None:
    linked = home.worktree("linked tree", "-b", "linked")
    before = configuration(home)

    install(opened(linked))

    for repo in (linked, home):
        assert states(repo) == {"active"}
        spoil(repo)
        repo.assert_refused("commit", "-m", "x", because="MLV106")
        repo.git("rm", "-rqf", "models")
    uninstall(opened(home))
    assert configuration(home) == before


def test_a_submodule_is_guarded(home: Sandbox, playground: Playground) -> None:
    outer = playground.init("outer")
    outer.git("submodule", "--quiet", "add", f"file://{home.path}", "the module")
    inner = Sandbox(playground, outer / "the module")

    install(opened(inner))

    assert states(inner) == {"active"}
    spoil(inner)
    inner.assert_refused("commit", "-m", "x", because="MLV106")


def test_a_sha256_repository_with_a_separate_git_dir_and_spaces_is_guarded(playground: Playground) -> None:
    away = playground.folder / "away from it"
    repo = playground.init("a b'c", "--object-format=sha256", f"--separate-git-dir={away}")
    repo.commit("begin")

    install(opened(repo))

    assert (away / "hooks/pre-commit").exists()
    spoil(repo)
    repo.assert_refused("commit", "-m", "x", because="MLV106")


def test_the_servers_hook_refuses_for_a_pusher_without_hooks_and_keeps_theirs(home: Sandbox) -> None:
    server = home.playground.server()
    theirs = server / "hooks/pre-receive"
    theirs.parent.mkdir(exist_ok=True)
    theirs.write_text("#!/bin/sh\ncat >lines\n")
    theirs.chmod(0o755)
    before = configuration(server)
    home.git("push", "-q", str(server.path), "main")

    install(opened(server), server=True)
    assert states(server) == {"active"}
    spoil(home)
    home.git("commit", "-qm", "x")
    ran = home.git("push", str(server.path), "main", check=False)
    assert ran.status != 0
    assert "MLV106" in ran.err
    home.git("reset", "-q", "--hard", "HEAD~1")
    old = home.head()
    new = home.commit("fine")
    home.git("push", "-q", str(server.path), "main")
    assert (server / "lines").read_text() == f"{old} {new} refs/heads/main\n"
    (server / "lines").unlink()
    uninstall(opened(server))

    assert {k: v for k, v in configuration(server).items() if k.split("/")[0] != "top"} == {
        k: v for k, v in before.items() if k.split("/")[0] != "top"
    }


# When something is gone


def test_a_hook_of_ours_without_the_x_bit_is_reported_and_mended(home: Sandbox) -> None:
    install(opened(home))
    (home / ".git/hooks/pre-push").chmod(0o644)
    assert {one.event: one.state for one in status(opened(home))}["pre-push"] == "not executable"

    install(opened(home))

    assert states(home) == {"active"}


def test_nothing_installed_is_missing(home: Sandbox) -> None:
    assert states(home) == {"missing"}


def without_program(repo: Sandbox) -> dict[str, str]:
    """Point the hooks at an interpreter that is gone; return an environment without git-mlv on PATH."""
    (repo / ".git/mlv/python").write_text("/nowhere/python\n/nowhere\n")
    return {"PATH": "/usr/local/bin:/usr/bin:/bin"}


def test_without_the_program_hooks_refuse_and_say_how_to_go_on(home: Sandbox) -> None:
    install(opened(home))
    env = without_program(home)
    assert states(home) == {"broken"}

    ran = home.git("commit", "--allow-empty", "-m", "x", check=False, **env)

    assert ran.status != 0
    assert "pip install mlvgit && git mlv install" in ran.err
    assert f"sh '{home.path}/.git/mlv/uninstall.sh'" in ran.err
    home.git("checkout", "-q", "-b", "other", **env)


@pytest.mark.parametrize("layout", ["home", "husky"])
def test_the_emergency_script_takes_the_hooks_out(layout: str, request: pytest.FixtureRequest) -> None:
    repo: Sandbox = request.getfixturevalue(layout)
    if layout == "home":
        repo.hook("pre-commit", "echo theirs >>ran")
    hooks, config = tree(repo / ".git/hooks"), (repo / ".git/config").read_bytes()
    install(opened(repo))
    env = without_program(repo)

    repo.run("sh", repo / ".git/mlv/uninstall.sh", **env)

    assert tree(repo / ".git/hooks") == hooks
    assert (repo / ".git/config").read_bytes() == config
    repo.git("commit", "--allow-empty", "-qm", "x", **env)
    assert (repo / "ran").read_text() == "theirs\n"


def test_without_the_program_a_registry_merges_as_git_does_by_itself(home: Sandbox) -> None:
    install(opened(home))
    env = without_program(home)
    home.write(".gitattributes", "*.json merge=mlv-registry\n")
    home.write("r.json", "1\n2\n3\n4\n5\n")
    home.git("add", "-A")
    home.git("commit", "-qnm", "base")
    home.git("branch", "side")
    home.write("r.json", "one\n2\n3\n4\n5\n")
    home.git("commit", "-qanm", "ours")
    home.git("checkout", "-q", "side")
    home.write("r.json", "1\n2\n3\n4\nfive\n")
    home.git("commit", "-qanm", "theirs")

    home.git("merge", "-q", "--no-verify", "--no-edit", "main", **env)

    assert home.read("r.json") == b"one\n2\n3\n4\nfive\n"
