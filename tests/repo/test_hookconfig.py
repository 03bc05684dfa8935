"""Hooks in Git's configuration: run by the real Git beside everybody else's, and taken out again byte for byte.

The same promises for hooks in files: test_hookfiles.py.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from mlvgit.repo import hookscheme
from mlvgit.repo.hookfiles import install, status, uninstall
from mlvgit.repo.hookscheme import CLIENT_EVENTS, KEPT, as_command, scripts
from tests.conftest import ROOT, Playground, Sandbox, git_version
from tests.repo.installing import LEFTHOOK, LFS, configuration, opened, pre_commit, spoil, states, tree

real = pytest.mark.skipif(
    git_version() < (2, 54), reason="this Git runs no hooks from the configuration (2.54 and later do)"
)
STAGES = "mkdir -p models/m; echo '{' >models/m/registry.json; git add models"


def counted(repo: Sandbox, log: Path) -> None:
    """Let every judgement of the installed hooks write its event into `log`."""
    program = log.with_name("counting python")
    # Called as: PYTHON -I -S -c START HOME EVENT ARGUMENTS...
    program.write_text(f'#!/bin/sh\necho "$6" >>"{log}"\nexec "{sys.executable}" "$@"\n')
    program.chmod(0o755)
    common = Path(repo.git("rev-parse", "--path-format=absolute", "--git-common-dir").out.rstrip("\n"))
    (common / "mlv" / "python").write_text(f"{program}\n{ROOT}\n")


def kept_as_before(repo: Sandbox, before: dict[str, tuple[int, bytes]]) -> None:
    """Take out what `spoil` staged, uninstall, and compare all but the files at the top."""
    if not opened(repo).is_bare:
        repo.git("rm", "-rqf", "--ignore-unmatch", "models")
    uninstall(opened(repo))
    after = configuration(repo)
    assert {name: each for name, each in after.items() if not name.startswith("top/")} == {
        name: each for name, each in before.items() if not name.startswith("top/")
    }


@pytest.mark.parametrize(
    ("version", "known"),
    [
        ("git version 2.39.5", False),
        ("git version 2.53.9", False),
        ("git version 2.54.0.rc1", True),
        ("git version 3.0", True),
    ],
)
def test_which_git_has_hooks_in_the_configuration(
    home: Sandbox, monkeypatch: pytest.MonkeyPatch, version: str, known: bool
) -> None:
    repo = opened(home)
    monkeypatch.setattr("mlvgit.repo.git.Git.text", lambda self, *args, **more: version)

    assert hookscheme.has_config_hooks(repo) is known


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("/home/ada/flowers/.git/mlv/hooks/pre-push", "/home/ada/flowers/.git/mlv/hooks/pre-push"),
        ("/a b/it's/pre-push", """exec '/a b/it'"'"'s/pre-push'"""),
        ("/a=b/pre-push", "exec /a=b/pre-push"),
    ],
)
def test_no_shell_stands_between_git_and_the_hook(path: str, command: str) -> None:
    assert as_command(Path(path)) == command


# What is written, run and taken out


@real
def test_hooks_are_installed_run_and_taken_out_byte_for_byte(home: Sandbox) -> None:
    home.config("user.nickname", "ada")
    before = configuration(home)

    installed = install(opened(home))

    assert installed.scheme == "config"
    assert states(home) == {"active"}
    assert [name for name in tree(home / ".git/hooks") if not name.endswith(".sample")] == []
    spoil(home)
    home.assert_refused("commit", "-m", "x", because="MLV106")
    kept_as_before(home, before)
    spoil(home)
    home.assert_accepted("commit", "-m", "x")


@real
def test_git_lists_ours_for_every_event(home: Sandbox) -> None:
    install(opened(home))

    for event in CLIENT_EVENTS:
        assert home.git("hook", "list", event).out == f"mlv-{event}\n"
        assert (home / f".git/mlv/hooks/{event}").read_bytes() == (scripts() / event).read_bytes()
    assert home.git("config", "hook.mlv-pre-commit.command").out == f"{home.path}/.git/mlv/hooks/pre-commit\n"


@real
def test_every_event_starts_ours(home: Sandbox, tmp_path: Path) -> None:
    log = tmp_path / "asked"
    install(opened(home))
    counted(home, log)
    home.branch("side")
    home.write("s.txt", "1\n")
    home.commit("side")
    patch = home.git("format-patch", "-1", "--stdout").out
    home.checkout("main")
    home.write("m.txt", "1\n")
    home.commit("main")
    home.git("merge", "-q", "--no-edit", "side")
    home.git("reset", "-q", "--hard", "HEAD~1")
    home.git("cherry-pick", "side")
    home.git("reset", "-q", "--hard", "HEAD~1")
    home.git("am", "-q", input=patch)
    home.git("push", "-q", str(home.playground.server().path), "main")

    asked = log.read_text().split()
    assert set(asked) == set(CLIENT_EVENTS)
    for event in ("pre-merge-commit", "pre-applypatch", "pre-push", "prepare-commit-msg"):
        assert asked.count(event) == 1, event


@real
def test_a_second_install_does_nothing(home: Sandbox) -> None:
    assert install(opened(home)).changed
    before = configuration(home)

    assert not install(opened(home)).changed
    assert configuration(home) == before


@real
def test_a_dry_run_says_the_same_steps_and_does_none(home: Sandbox) -> None:
    before = configuration(home)

    planned = install(opened(home), dry_run=True)

    assert configuration(home) == before
    assert planned.steps == install(opened(home)).steps


@real
def test_the_configuration_survives_a_change_by_somebody_else(home: Sandbox) -> None:
    install(opened(home))
    home.config("user.nickname", "ada")
    home.config("hook.linter.command", "true")
    home.config("hook.linter.event", "pre-commit")

    uninstall(opened(home))

    assert home.git("config", "user.nickname").out == "ada\n"
    assert home.git("hook", "list", "pre-commit").out == "linter\n"
    assert "mlv" not in (home / ".git/config").read_text()


@real
def test_switched_off_or_taken_out_by_hand_is_seen_and_mended(home: Sandbox) -> None:
    install(opened(home))
    home.config("hook.mlv-pre-commit.enabled", "false")
    home.config("hook.pre-push.enabled", "false")
    home.git("config", "--unset", "hook.mlv-post-merge.event")
    (home / ".git/mlv/hooks/pre-merge-commit").chmod(0o644)

    found = {one.event: one.state for one in status(opened(home))}
    assert found["pre-commit"] == found["pre-push"] == "disabled"
    assert (found["post-merge"], found["pre-merge-commit"]) == ("missing", "not executable")

    for key in ("hook.mlv-pre-commit.enabled", "hook.pre-push.enabled"):
        home.git("config", "--unset", key)
    install(opened(home))
    assert states(home) == {"active"}


@real
def test_no_hooks_path_switches_ours_off(home: Sandbox) -> None:
    install(opened(home))
    spoil(home)

    home.assert_refused("-c", "core.hooksPath=/dev/null", "commit", "-m", "x", because="MLV106")
    home.assert_accepted("-c", "hook.mlv-pre-commit.enabled=false", "commit", "-m", "x")


def test_a_git_that_runs_no_such_hooks_is_told_of(home: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlvgit.repo.hookscheme.has_config_hooks", lambda repo: True)
    install(opened(home))
    monkeypatch.undo()
    monkeypatch.setattr("mlvgit.repo.hookscheme.has_config_hooks", lambda repo: False)
    monkeypatch.setattr("mlvgit.repo.hookstatus.has_config_hooks", lambda repo: False)
    assert states(home) == {"missing"}

    assert install(opened(home)).scheme == "files"

    assert states(home) == {"active"}
    assert "hook.mlv" not in (home / ".git/config").read_text()


# Hooks of the hooks folder


@real
@pytest.mark.parametrize("event", ["pre-commit", "prepare-commit-msg"])
def test_a_hook_made_by_hand_keeps_running(home: Sandbox, event: str) -> None:
    hook = home.hook(event, "echo theirs >>ran")
    before = configuration(home)

    installed = install(opened(home))

    assert installed.notes == (f"these hooks are there, and Git runs them after ours: {event}",)
    assert {one.event: one.chained for one in status(opened(home))}[event] == str(hook)
    assert states(home) == {"active"}
    home.git("commit", "--allow-empty", "-qm", "x")
    assert (home / "ran").read_text() == "theirs\n"
    (home / "ran").unlink()
    spoil(home)
    home.assert_refused("commit", "-m", "x", because="MLV106")
    (home / "ran").unlink(missing_ok=True)
    kept_as_before(home, before)


@real
def test_a_hook_that_refuses_refuses(home: Sandbox) -> None:
    home.hook("pre-commit", "echo no from them >&2; exit 7")
    install(opened(home))

    assert "no from them" in home.assert_refused("commit", "--allow-empty", "-m", "x").err
    home.assert_accepted("commit", "--allow-empty", "--no-verify", "-m", "x")


@real
def test_a_hook_without_the_x_bit_stays_without_and_does_not_run(home: Sandbox) -> None:
    home.hook("pre-commit", "echo theirs >>ran; exit 1").chmod(0o644)
    before = configuration(home)

    install(opened(home))
    assert not any(one.chained for one in status(opened(home)))
    home.git("commit", "--allow-empty", "-qm", "x")

    assert not (home / "ran").exists()
    kept_as_before(home, before)


@real
def test_a_hook_that_asks_for_its_own_name_is_run_from_its_own_place(home: Sandbox) -> None:
    home.hook("pre-commit", 'echo "$(basename "$0")" >>ran; for part in "$0".d/*; do sh "$part"; done')
    (home / ".git/hooks/pre-commit.d").mkdir()
    (home / ".git/hooks/pre-commit.d/one").write_text("echo part >>ran\n")
    install(opened(home))

    home.git("commit", "--allow-empty", "-qm", "x")

    assert (home / "ran").read_text() == "pre-commit\npart\n"


@real
def test_a_symlinked_hook_stays_a_link(home: Sandbox) -> None:
    home.write("tools/check", "#!/bin/sh\necho theirs >>ran\n").chmod(0o755)
    (home / ".git/hooks").mkdir(exist_ok=True)
    (home / ".git/hooks/pre-commit").symlink_to("../../tools/check")

    install(opened(home))
    home.git("commit", "--allow-empty", "-qm", "x")

    assert os.readlink(home / ".git/hooks/pre-commit") == "../../tools/check"
    assert (home / "ran").read_text() == "theirs\n"


@real
def test_git_lfs_gets_the_lines_of_the_push(home: Sandbox, tmp_path: Path) -> None:
    lfs = tmp_path / "lfs-bin"
    lfs.mkdir()
    (lfs / "git-lfs").write_text(f"#!/bin/sh\necho \"$@\" >'{tmp_path}/args'; cat >'{tmp_path}/lines'\n")
    (lfs / "git-lfs").chmod(0o755)
    home.hook("pre-push", "").write_text(LFS)
    server = home.playground.server()
    install(opened(home))
    path = f"{lfs}:{os.environ['PATH']}"

    home.git("push", str(server.path), "main", "main:other", PATH=path)

    head = home.head()
    zero = "0" * len(head)
    assert (tmp_path / "lines").read_text() == (
        f"refs/heads/main {head} refs/heads/main {zero}\nrefs/heads/main {head} refs/heads/other {zero}\n"
    )
    assert (tmp_path / "args").read_text() == f"pre-push {server.path} {server.path}\n"
    spoil(home)
    home.git("commit", "-qnm", "x")
    assert "MLV106" in home.git("push", str(server.path), "main", check=False, PATH=path).err


@real
def test_a_push_hook_that_reads_nothing_hurts_nobody(home: Sandbox) -> None:
    home.hook("pre-push", "exit 0")
    server = home.playground.server()
    install(opened(home))

    home.git("push", str(server.path), "main")
    home.git("push", str(server.path), "main")


# A hook that stages after ours judged


@real
@pytest.mark.parametrize("args", [(), ("-a",), ("--", "a.txt", "models")], ids=["commit", "commit-a", "commit-path"])
@pytest.mark.parametrize("place", ["home", "a b'c"], ids=["plain", "quoted"])
def test_a_hook_that_stages_is_judged_with_what_it_staged(
    playground: Playground, args: tuple[str, ...], place: str
) -> None:
    home = playground.init(place)
    home.write("a.txt", "1\n")
    home.write("models/m/registry.json", '{"name": "m", "versions": []}\n')
    home.commit("begin")
    home.hook("pre-commit", STAGES)
    install(opened(home))
    home.write("a.txt", "2\n")
    home.git("add", "a.txt")

    home.assert_refused("commit", "-m", "x", *args, because="MLV106")
    home.assert_accepted("commit", "--no-verify", "-m", "x", *args)


@real
def test_a_hook_that_stages_is_judged_in_a_linked_worktree(home: Sandbox) -> None:
    linked = home.worktree("linked tree", "-b", "linked")
    home.hook("pre-commit", STAGES)
    install(opened(linked))

    linked.assert_refused("commit", "--allow-empty", "-m", "x", because="MLV106")
    linked.git("rm", "-rqf", "--cached", "models")
    linked.assert_accepted("commit", "--allow-empty", "--no-verify", "-m", "x")


@real
def test_a_hook_that_mends_and_stages_passes(home: Sandbox) -> None:
    home.hook("pre-commit", "echo more >>a.txt; git add a.txt")
    install(opened(home))
    home.write("a.txt", "1\n")
    home.git("add", "a.txt")

    home.assert_accepted("commit", "-m", "x")

    home.assert_committed("a.txt", "1\nmore\n")


@real
def test_a_hook_in_the_configuration_that_stages_after_ours_is_judged_with_what_it_staged(home: Sandbox) -> None:
    install(opened(home))
    home.config("hook.formatter.command", STAGES)
    home.config("hook.formatter.event", "pre-commit")

    home.assert_refused("commit", "--allow-empty", "-m", "x", because="MLV106")


@real
def test_what_nobody_staged_again_is_judged_once(home: Sandbox, tmp_path: Path) -> None:
    home.hook("pre-commit", "exit 0")
    install(opened(home))
    counted(home, tmp_path / "asked")
    home.write("a.txt", "1\n")
    home.git("add", "a.txt")
    os.utime(home / ".git/index", (1, 1))  # long ago: some shells compare whole seconds

    home.git("commit", "-qm", "x")

    assert (tmp_path / "asked").read_text() == "pre-commit\n"


@real
def test_a_commit_without_verification_after_one_that_another_hook_refused_is_let_through(home: Sandbox) -> None:
    hook = home.hook("pre-commit", "exit 1")
    install(opened(home))
    home.assert_refused("commit", "--allow-empty", "-m", "x")
    hook.unlink()
    spoil(home)

    home.assert_accepted("commit", "--no-verify", "-m", "x")


# Tools that write hooks, also again


@real
def test_husky_keeps_running_and_may_set_its_path_again(husky: Sandbox) -> None:
    before, theirs = configuration(husky), tree(husky / ".husky")

    assert install(opened(husky)).scheme == "config"
    husky.config("core.hooksPath", ".husky/_")

    assert states(husky) == {"active"}
    assert not install(opened(husky)).changed
    husky.git("commit", "--allow-empty", "-qm", "x")
    assert (husky / "ran").read_text() == "theirs\n"
    assert (husky / "said").read_text() == "message\n"
    assert tree(husky / ".husky") == theirs
    spoil(husky)
    husky.assert_refused("commit", "-m", "x", because="MLV106")
    kept_as_before(husky, before)


@real
def test_husky_that_comes_after_us_runs_beside_us(home: Sandbox) -> None:
    install(opened(home))
    home.write(".husky/_/pre-commit", "#!/bin/sh\necho theirs >>ran\n").chmod(0o755)
    home.config("core.hooksPath", ".husky/_")

    assert states(home) == {"active"}
    home.git("commit", "--allow-empty", "-qm", "x")
    assert (home / "ran").read_text() == "theirs\n"
    spoil(home)
    home.assert_refused("commit", "-m", "x", because="MLV106")
    uninstall(opened(home))
    assert home.git("config", "core.hooksPath").out == ".husky/_\n"


@real
def test_lefthook_that_writes_its_hook_again_changes_nothing(home: Sandbox) -> None:
    home.hook("pre-commit", "").write_text(LEFTHOOK)
    install(opened(home))
    home.hook("pre-commit", "").write_text(LEFTHOOK + "# newer\n")

    assert states(home) == {"active"}
    assert not install(opened(home)).changed
    home.git("commit", "--allow-empty", "-qm", "x")
    assert (home / "ran").read_text() == "lefthook run pre-commit\n"
    spoil(home)
    home.assert_refused("commit", "-m", "x", because="MLV106")


@real
@pytest.mark.parametrize("first", ["framework", "mlvgit"])
def test_the_pre_commit_framework_keeps_running(framework: Sandbox, first: str) -> None:
    before = configuration(framework)
    if first == "framework":
        pre_commit(framework, "install")
    install(opened(framework))
    if first == "mlvgit":
        pre_commit(framework, "install")

    assert states(framework) == {"active"}
    assert not install(opened(framework)).changed
    framework.git("commit", "--allow-empty", "-qm", "x")
    assert (framework / ".git/ran").read_text() == "theirs\n"
    spoil(framework)
    framework.assert_refused("commit", "-m", "x", because="MLV106")
    pre_commit(framework, "uninstall")
    kept_as_before(framework, before)


@real
def test_the_pre_commit_framework_sees_the_push_and_so_do_we(framework: Sandbox) -> None:
    framework.write(
        ".pre-commit-config.yaml",
        (framework / ".pre-commit-config.yaml").read_text() + "    stages: [pre-push]\n",
    )
    framework.commit("at the push")
    pre_commit(framework, "install", "--hook-type", "pre-push")
    install(opened(framework))
    server = framework.playground.server()

    framework.git("push", "-q", str(server.path), "main")
    assert (framework / ".git/ran").read_text() == "theirs\n"
    spoil(framework)
    framework.git("commit", "-qnm", "x")
    assert "MLV106" in framework.git("push", str(server.path), "main", check=False).err


# From one way to another


@real
def test_hooks_that_an_older_git_needed_as_files_move_into_the_configuration(home: Sandbox) -> None:
    home.hook("pre-commit", "echo theirs >>ran")
    before = configuration(home)
    home.git("config", "--global", "mlv.hooks", "files")
    assert install(opened(home)).scheme == "files"
    home.git("config", "--global", "--unset", "mlv.hooks")

    assert install(opened(home)).scheme == "config"

    assert states(home) == {"active"}
    assert tree(home / ".git/hooks") == {k[6:]: v for k, v in before.items() if k.startswith("hooks/")}
    spoil(home)
    assert home.assert_refused("commit", "-m", "x", because="MLV106").err.count("refused") == 1
    assert (home / "ran").read_text() == "theirs\n"
    (home / "ran").unlink()
    kept_as_before(home, before)


@real
def test_hooks_go_back_into_files_for_an_older_git(home: Sandbox) -> None:
    home.hook("pre-commit", "echo theirs >>ran")
    before = configuration(home)
    install(opened(home))
    home.git("config", "--global", "mlv.hooks", "files")

    assert install(opened(home)).scheme == "files"

    assert states(home) == {"active"}
    assert home.git("hook", "list", "pre-commit").out == "hook from hookdir\n"
    assert (home / f".git/hooks/pre-commit{KEPT}").exists()
    spoil(home)
    assert home.assert_refused("commit", "-m", "x", because="MLV106").err.count("refused") == 1
    (home / "ran").unlink()
    kept_as_before(home, before)


@real
def test_a_folder_of_ours_in_the_hooks_path_makes_room_for_the_configuration(husky: Sandbox) -> None:
    before = configuration(husky)
    husky.git("config", "--global", "mlv.hooks", "files")
    assert install(opened(husky)).scheme == "path"
    husky.git("config", "--global", "--unset", "mlv.hooks")

    assert install(opened(husky)).scheme == "config"

    assert states(husky) == {"active"}
    assert husky.git("config", "core.hooksPath").out == ".husky/_\n"
    assert set(tree(husky / ".git/mlv/hooks")) == set(CLIENT_EVENTS)
    husky.git("commit", "--allow-empty", "-qm", "x")
    assert (husky / "ran").read_text() == "theirs\n"
    spoil(husky)
    assert husky.assert_refused("commit", "-m", "x", because="MLV106").err.count("refused") == 1
    kept_as_before(husky, before)


# Repositories of other shapes


@real
def test_a_linked_worktree_is_guarded_from_any_side(home: Sandbox) -> None:
    linked = home.worktree("linked tree", "-b", "linked")
    before = configuration(home)

    install(opened(linked))

    for repo in (linked, home):
        assert states(repo) == {"active"}
        spoil(repo)
        repo.assert_refused("commit", "-m", "x", because="MLV106")
        repo.git("rm", "-rqf", "models")
    kept_as_before(home, before)


@real
def test_hooks_path_of_one_worktree_is_left_alone(home: Sandbox) -> None:
    home.config("extensions.worktreeConfig", "true")
    home.write("theirs/pre-commit", "#!/bin/sh\necho theirs >>ran\n").chmod(0o755)
    home.git("config", "--worktree", "core.hooksPath", "theirs")
    before = (home / ".git/config.worktree").read_bytes()

    install(opened(home))

    assert states(home) == {"active"}
    assert (home / ".git/config.worktree").read_bytes() == before
    spoil(home)
    home.assert_refused("commit", "-m", "x", because="MLV106")


@real
def test_a_submodule_is_guarded(home: Sandbox, playground: Playground) -> None:
    outer = playground.init("outer")
    outer.git("submodule", "--quiet", "add", f"file://{home.path}", "the module")
    inner = Sandbox(playground, outer / "the module")

    install(opened(inner))

    assert states(inner) == {"active"}
    spoil(inner)
    inner.assert_refused("commit", "-m", "x", because="MLV106")


@real
@pytest.mark.parametrize("refs", ["files", "reftable"])
@pytest.mark.parametrize("objects", ["sha1", "sha256"])
def test_other_formats_with_a_separate_git_dir_and_spaces_are_guarded(
    playground: Playground, objects: str, refs: str
) -> None:
    away = playground.folder / "away from it"
    repo = playground.init("a b'c", f"--object-format={objects}", f"--ref-format={refs}", f"--separate-git-dir={away}")
    repo.commit("begin")
    before = (away / "config").read_bytes()

    install(opened(repo))

    assert (away / "mlv/hooks/pre-commit").exists()
    spoil(repo)
    repo.assert_refused("commit", "-m", "x", because="MLV106")
    uninstall(opened(repo))
    assert (away / "config").read_bytes() == before


@real
def test_the_servers_hook_refuses_for_a_pusher_without_hooks_and_keeps_theirs(home: Sandbox) -> None:
    server = home.playground.server()
    theirs = server / "hooks/pre-receive"
    theirs.parent.mkdir(exist_ok=True)
    theirs.write_text("#!/bin/sh\ncat >lines\n")
    theirs.chmod(0o755)
    before = configuration(server)
    home.git("push", "-q", str(server.path), "main")
    (server / "lines").unlink()

    assert install(opened(server), server=True).scheme == "config"
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
    kept_as_before(server, before)


# When something is gone


@real
def test_without_the_program_hooks_refuse_and_the_emergency_script_takes_them_out(home: Sandbox) -> None:
    home.hook("pre-commit", "echo theirs >>ran")
    config = (home / ".git/config").read_bytes()
    install(opened(home))
    (home / ".git/mlv/python").write_text("/nowhere/python\n/nowhere\n")
    git = shutil.which("git")
    assert git
    path = f"{Path(git).parent}:/usr/local/bin:/usr/bin:/bin"  # without git-mlv
    assert states(home) == {"broken"}

    ran = home.git("commit", "--allow-empty", "-m", "x", check=False, PATH=path)
    assert ran.status != 0
    assert f"sh '{home.path}/.git/mlv/uninstall.sh'" in ran.err
    home.git("checkout", "-q", "-b", "other", PATH=path)

    home.run("sh", home / ".git/mlv/uninstall.sh", PATH=path)

    assert (home / ".git/config").read_bytes() == config
    home.git("commit", "--allow-empty", "-qm", "x", PATH=path)
