"""The entry of hooks: what the fast path costs, what each event hands to its guard, how failures end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlvgit.hooks.entry import EVENTS, main
from mlvgit.hooks.refusal import push_options
from mlvgit.repo import hints
from mlvgit.repo.git import Git
from mlvgit.repo.hookfiles import install
from mlvgit.repo.hookscheme import CLIENT_EVENTS, SERVER_EVENTS
from mlvgit.repo.repository import Repository
from tests.conftest import ROOT, Sandbox
from tests.hooks.conftest import FROZEN, Guarded

HEAVY = {
    "argparse",
    "dataclasses",
    "git",
    "hashlib",
    "importlib.metadata",
    "json",
    "jsonschema",
    "logging",
    "mlvgit.actions",
    "mlvgit.core",
    "mlvgit.errors",
    "mlvgit.repo.repository",
    "pathlib",
    "re",
    "shutil",
    "subprocess",
    "tempfile",
    "typing",
    "yaml",
}
LOADED = (
    "import sys; sys.path.append(sys.argv[1]); from mlvgit.hooks.entry import main; status = main(sys.argv[2:]);"
    "print(*sys.modules); sys.exit(status)"
)


def modules_after(repo: Sandbox, *args: str, **more: str) -> set[str]:
    ran = repo.run(sys.executable, "-I", "-S", "-c", LOADED, str(ROOT), *args, **more)
    return set(ran.out.split())


@pytest.fixture
def code_staged(repo: Sandbox) -> Sandbox:
    repo.write("models/m/registry.json", "{ broken, and in HEAD: a debt")
    repo.commit("begin")
    repo.write("src/main.py", "pass\n")
    return repo.stage()


def test_every_installed_event_has_a_hook() -> None:
    assert set(EVENTS) == {*CLIENT_EVENTS, *SERVER_EVENTS}


@pytest.mark.parametrize(
    "args", [("pre-commit",), ("pre-merge-commit",), ("pre-applypatch",), ("prepare-commit-msg", ".git/COMMIT_EDITMSG")]
)
def test_a_commit_of_nothing_ours_loads_nothing_heavy(code_staged: Sandbox, args: tuple[str, ...]) -> None:
    assert modules_after(code_staged, *args) & HEAVY == set()


def test_a_push_of_nothing_loads_nothing_heavy(code_staged: Sandbox) -> None:
    assert modules_after(code_staged, "pre-push", "origin", "url") & HEAVY == set()


def test_a_commit_of_nothing_ours_runs_git_once(code_staged: Sandbox, tmp_path: Path) -> None:
    trace = tmp_path / "trace"

    modules_after(code_staged, "pre-commit", GIT_TRACE2=str(trace))

    assert trace.read_text().count("cmd_name") == 1


def test_a_plain_commit_starts_the_interpreter_once(code_staged: Sandbox, tmp_path: Path) -> None:
    install(Repository.open(code_staged.path))
    counted = tmp_path / "python"
    counted.write_text(f'#!/bin/sh\necho "$*" >>"{tmp_path}/started"\nexec "{sys.executable}" "$@"\n')
    counted.chmod(0o755)
    (code_staged / ".git/mlv/python").write_text(f"{counted}\n{ROOT}\n")

    code_staged.git("commit", "-qm", "x")

    assert len((tmp_path / "started").read_text().splitlines()) == 1


def test_a_hook_does_not_import_from_the_repository(code_staged: Sandbox) -> None:
    install(Repository.open(code_staged.path))
    for name in ("os.py", "mlvgit/__init__.py", "site.py", "yaml.py", "json.py"):
        code_staged.write(name, "raise SystemExit('code of the repository ran')\n")
    code_staged.write("mlv.yaml", "format: '1.0'\n")
    code_staged.stage()

    ran = code_staged.git("commit", "-m", "x", PYTHONPATH=str(code_staged.path), check=False)

    assert "code of the repository ran" not in ran.said
    assert ran.status == 0, ran.said


# What the guards are given


def test_a_first_commit_is_compared_with_nothing(guarded: Guarded) -> None:
    guarded.unguarded("checkout", "-q", "--orphan", "fresh")

    guarded.repo.git("commit", "-qm", "x")

    assert [line["parents"] for line in guarded.asked("pre-commit")] == [[None]]


def test_a_push_is_judged_whole(guarded: Guarded) -> None:
    server = guarded.repo.playground.server()
    guarded.repo.git("tag", "-a", "t", "-m", "t")
    guarded.unguarded("push", "-q", "--no-verify", str(server.path), "main:refs/heads/gone")
    main_head, side = guarded.repo.head(), guarded.repo.head("side")

    url = str(server.path)
    guarded.repo.git("push", "-q", url, "main", "HEAD~1:refs/heads/old", "t", ":gone", check=False)

    (asked,) = guarded.asked("pre-push")
    assert (asked["name"], asked["url"]) == (url, url)
    assert sorted(line[2] for line in asked["lines"]) == [
        "refs/heads/gone",
        "refs/heads/main",
        "refs/heads/old",
        "refs/tags/t",
    ]
    assert {line[1] for line in asked["lines"]} >= {main_head, "0" * len(side)}


def test_an_up_to_date_push_asks_nobody(guarded: Guarded) -> None:
    server = guarded.repo.playground.server()
    guarded.repo.git("push", "-q", str(server.path), "main")
    guarded.asked()

    guarded.repo.git("push", "-q", str(server.path), "main")

    assert guarded.asked() == []


def test_a_refused_push_says_how_to_put_it_back(guarded: Guarded) -> None:
    server = guarded.repo.playground.server()
    guarded.repo.git("remote", "add", "origin", str(server.path))
    guarded.repo.git("push", "-q", "-u", "origin", "main")
    published = guarded.repo.head()
    guarded.sneak("falsified", frozen="bad")

    ran = guarded.repo.git("push", "origin", "main", check=False)

    assert ran.status != 0
    assert "nothing was pushed" in ran.err
    mend = f"git restore --source={published[:12]} --staged --worktree -- :/{FROZEN}"
    assert mend in ran.err
    guarded.repo.run("sh", "-c", mend)
    guarded.repo.git("commit", "-qm", "put back")
    guarded.repo.git("push", "-q", "origin", "main")
    assert guarded.frozen("origin/main") == "good"


def test_a_pushed_range_given_as_an_expression_is_understood(guarded: Guarded) -> None:
    server = guarded.repo.playground.server()

    guarded.repo.git("push", "-q", str(server.path), "main^{commit}:refs/heads/x")

    (asked,) = guarded.asked("pre-push")
    assert [line[2] for line in asked["lines"]] == ["refs/heads/x"]


def test_the_server_sees_quarantined_objects_and_push_options(guarded: Guarded, tmp_path: Path) -> None:
    bare = guarded.repo.playground.server()
    tools = tmp_path / "server tools"
    tools.mkdir()
    server = Guarded(bare, tools, server=True)
    url = str(bare.path)

    guarded.unguarded("push", "-q", "--no-verify", "-o", "mlv.override=a reason", "-o", "plain", url, "main")
    (asked,) = server.asked()
    assert asked["quarantine"] is True
    assert asked["options"] == {"mlv.override": "a reason", "plain": ""}

    guarded.sneak("falsified", frozen="bad")
    ran = guarded.repo.git("push", "--no-verify", url, "main", check=False)
    assert ran.status != 0
    assert "the server took nothing of this push" in ran.err


def test_push_options_without_any_are_none() -> None:
    assert push_options({}) == {}
    assert push_options({"GIT_PUSH_OPTION_COUNT": "0"}) == {}
    assert push_options({"GIT_PUSH_OPTION_COUNT": "x"}) == {}


# Failures


def run_entry(repo: Sandbox, *args: str, code: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """Run the entry in a process of its own after `code`."""
    start = f"import sys; sys.path.append({str(ROOT)!r})\n{code}\nfrom mlvgit.hooks.entry import main\n"
    return subprocess.run(
        [sys.executable, "-c", start + "sys.exit(main(sys.argv[1:]))", *args],
        cwd=repo.path,
        env=repo.playground.environment(**more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


BUG = "import mlvgit.hooks.sieve as s\ndef broken(*a): raise {}\ns.touched = broken\n"


def test_an_unexpected_failure_is_one_line_and_refuses(code_staged: Sandbox) -> None:
    ran = run_entry(code_staged, "pre-commit", code=BUG.format("ValueError('evil \\x1b[31m')"))

    assert ran.returncode == 3
    assert "this is a bug in mlvgit" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "\x1b" not in ran.stderr


def test_debugging_shows_where(code_staged: Sandbox) -> None:
    ran = run_entry(code_staged, "pre-commit", code=BUG.format("ValueError('x')"), MLVGIT_DEBUG="1")

    assert ran.returncode == 3
    assert "Traceback" in ran.stderr


def test_an_interrupt_ends_with_130(code_staged: Sandbox) -> None:
    assert run_entry(code_staged, "pre-commit", code=BUG.format("KeyboardInterrupt")).returncode == 130


def test_a_known_failure_refuses_with_its_own_status(code_staged: Sandbox, tmp_path: Path) -> None:
    ran = run_entry(code_staged, "pre-commit", PATH=str(tmp_path))

    assert ran.returncode == 3
    assert "git was not found in PATH" in ran.stderr


def test_what_runs_afterwards_never_fails(code_staged: Sandbox, tmp_path: Path) -> None:
    for event in ("post-checkout", "post-merge"):
        ran = run_entry(code_staged, event, PATH=str(tmp_path))
        assert (ran.returncode, ran.stderr) == (0, "")


def test_an_unknown_event_is_a_wrong_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pre-lunch"]) == 2
    assert "pre-lunch" in capsys.readouterr().err


# The list of our folders


def test_switching_branches_brings_the_list_of_folders_in_line(repo: Sandbox) -> None:
    repo.commit("begin")
    install(Repository.open(repo.path))
    repo.branch("moved")
    repo.write("team/mlv.yaml", "folders:\n  models: ml\n")
    repo.commit("settings")
    listed = repo / ".git/mlv/folders"
    assert b"team/ml/" in listed.read_bytes().split(b"\n")

    repo.checkout("main")

    assert b"team/ml/" not in listed.read_bytes().split(b"\n")
    assert hints.is_fresh(Git(repo.path), str(repo / ".git"))


def test_a_merge_brings_the_list_of_folders_in_line(repo: Sandbox) -> None:
    repo.commit("begin")
    repo.branch("moved")
    repo.write("mlv.yaml", "folders:\n  models: ml\n")
    repo.commit("settings")
    repo.checkout("main")
    install(Repository.open(repo.path))

    repo.git("merge", "-q", "moved")

    assert b"ml/" in (repo / ".git/mlv/folders").read_bytes().split(b"\n")


def test_refreshing_twice_writes_once(repo: Sandbox) -> None:
    repo.commit("begin")

    assert hints.refresh(Repository.open(repo.path))
    assert not hints.refresh(Repository.open(repo.path))
    assert os.listdir(repo / ".git/mlv") == ["folders"]
