"""Proving by trying that Git refuses a falsified history here: in a throw-away repository with this one's hooks.

The repository at hand is only read. What is tried is the real thing: Git runs the installed hook, the hook starts the
recorded interpreter, and that judges a frozen file that was altered.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from mlvgit.actions.framework import CONFIG
from mlvgit.core.digest import of_bytes
from mlvgit.errors import GitError, MlvError
from mlvgit.records.layout import Layout
from mlvgit.records.manifest import new_manifest
from mlvgit.repo.git import Git
from mlvgit.repo.hookparts import load_record, same_folder
from mlvgit.repo.hookscheme import as_command, generator, hooks_path, is_ours
from mlvgit.repo.repository import Repository

__all__ = ["Trial", "try_commit", "try_push"]

_PEOPLE = {
    "GIT_AUTHOR_NAME": "mlvgit doctor",
    "GIT_AUTHOR_EMAIL": "doctor@mlvgit.invalid",
    "GIT_COMMITTER_NAME": "mlvgit doctor",
    "GIT_COMMITTER_EMAIL": "doctor@mlvgit.invalid",
    "PRE_COMMIT_ALLOW_NO_CONFIG": "1",
}
_LAYOUT = Layout()
_KEY = _LAYOUT.snapshot_key("doctor", "v0.1")
_FILE = _LAYOUT.directory(_KEY) + "/rows.csv"
_FROZEN = b"name,number\none,1\n"
_ALTERED = b"name,number\none,2\n"
_SAYS = "MLV101"


class Trial(NamedTuple):
    """What happened.

    Attributes:
        outcome: "refused": mlvgit refused the falsified change, and not the honest one before it. "accepted": the
            falsified change went through. "failed": it could not be tried, or something else refused.
        detail: what was said, for "failed"; one line.
    """

    outcome: Literal["refused", "accepted", "failed"]
    detail: str = ""


def try_commit(repo: Repository) -> Trial:
    """Commit a frozen snapshot with the client's hooks of `repo`, alter it, and see whether Git takes that commit."""
    with _scratch(repo, "pre-commit", bare=False) as trial:
        if isinstance(trial, Trial):
            return trial
        _take_framework_along(repo, trial)
        _write(trial, _FROZEN)
        try:
            _git(trial, "commit", "--quiet", "--message=Freeze")
        except GitError as error:
            return Trial("failed", f"an honest commit was refused: {_last(error)}")
        _write(trial, _ALTERED)
        return _refusal(lambda: _git(trial, "commit", "--quiet", "--message=Falsify"))


def try_push(repo: Repository) -> Trial:
    """Push the same to a bare repository with the server's hooks of `repo`, from a clone that has no hooks."""
    with _scratch(repo, "pre-receive", bare=True) as server:
        if isinstance(server, Trial):
            return server
        clone = Git(os.path.join(server.directory, "clone"), server.given)
        server.run("init", "--quiet", "--template=", *_format(repo), "--initial-branch=main", clone.directory)
        clone.run("config", "core.hooksPath", os.devnull)
        _silence_others(clone)
        push = ("push", "--quiet", server.directory, "HEAD:refs/heads/main")
        _write(clone, _FROZEN)
        _git(clone, "commit", "--quiet", "--message=Freeze")
        try:
            _git(clone, *push)
        except GitError as error:
            return Trial("failed", f"an honest push was refused: {_last(error)}")
        _write(clone, _ALTERED)
        _git(clone, "commit", "--quiet", "--message=Falsify")
        return _refusal(lambda: _git(clone, *push))


def _refusal(attempt: Callable[[], object]) -> Trial:
    try:
        attempt()
    except GitError as error:
        return Trial("refused") if _SAYS in error.stderr else Trial("failed", f"something else refused: {_last(error)}")
    return Trial("accepted")


def _last(error: GitError) -> str:
    lines = [line.strip() for line in error.stderr.split("\n") if line.strip()]
    return lines[-1] if lines else f"git {error.argv[1]} ended with {error.status}"


def _git(git: Git, *args: str) -> None:
    git.porcelain("-c", "commit.gpgSign=false", "-c", "gc.auto=0", *args, env=_PEOPLE)


def _write(git: Git, data: bytes) -> None:
    """Write the snapshot's file, its manifest when there is none yet, and stage both."""
    path, manifest = Path(git.directory, _FILE), Path(git.directory, _LAYOUT.manifest(_KEY))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if not manifest.exists():
        made = new_manifest(
            "snapshot",
            _KEY.name,
            _KEY.version,
            [(path.name, of_bytes(data))],
            prefix=_LAYOUT.directory(_KEY),
            created_utc="2026-01-01T00:00:00Z",
        )
        manifest.write_bytes(made.dump())
    git.run("add", "--force", "--", _FILE, _LAYOUT.manifest(_KEY))


@contextmanager
def _scratch(repo: Repository, event: str, *, bare: bool) -> Iterator[Git | Trial]:
    """Make a repository with the hook that `repo` has for `event`; a `Trial` when that cannot be done."""
    with tempfile.TemporaryDirectory(prefix="mlv-doctor-") as folder:
        git = repo.git.elsewhere(folder)
        try:
            kind = ("--bare",) if bare else ()
            git.run("init", "--quiet", "--template=", *kind, *_format(repo), "--initial-branch=main", folder)
            problem = _copy_hook(repo, event, git, Path(folder) if bare else Path(folder, ".git"))
        except (OSError, MlvError) as error:
            problem = f"the trial could not be set up: {error}"
        yield Trial("failed", problem) if problem else git


def _take_framework_along(repo: Repository, git: Git) -> None:
    """Have the pre-commit framework run what it runs in `repo`, but only the hooks of ours."""
    config = Path(repo.top or "", CONFIG)
    if config.is_file():
        shutil.copyfile(config, Path(git.directory, CONFIG))
        ids = re.findall(rb"\bid: *[\"']?([A-Za-z0-9_.-]+)", config.read_bytes())
        git.given["SKIP"] = ",".join(sorted({each.decode() for each in ids} - {"mlv-check"}))


def _format(repo: Repository) -> tuple[str, ...]:
    return (f"--object-format={repo.object_format}",)


def _copy_hook(repo: Repository, event: str, git: Git, git_dir: Path) -> str:
    """Put the hook that Git runs in `repo` where Git runs it in the trial; return why it would not, "" when it does."""
    ours = git_dir / "mlv"
    ours.mkdir()
    for name in ("hook.sh", "python"):
        if (repo.state_dir / name).exists():  # where only a framework's hook calls us there is none
            shutil.copy2(repo.state_dir / name, ours / name)
    _silence_others(git)
    folder = Path(repo.git.text("rev-parse", "--path-format=absolute", "--git-path", "hooks"))
    if load_record(repo).get("scheme") == "config":
        target = _copied(repo.state_dir / "hooks" / event, ours / "hooks")
        git.run("config", "core.hooksPath", str(git_dir / "hooks"))
        git.run("config", f"hook.mlv-{event}.command", as_command(target))
        git.run("config", f"hook.mlv-{event}.event", event)
    elif is_ours(folder / event) or is_ours(folder / f"{event}.legacy"):
        own = same_folder(str(folder), repo.state_dir / "hooks")
        target = _copied(folder / event, ours / "hooks" if own else git_dir / "hooks")
        if generator(target) == b"generated by pre-commit":
            _copied(folder / f"{event}.legacy", target.parent)
        if hooks_path(repo).value:
            git.run("config", "core.hooksPath", str(target.parent))
    else:  # somebody's own hook calls us: it may need what stands beside it
        target = folder / event
        git.run("config", "core.hooksPath", str(folder))
    return (
        ""
        if os.access(target, os.X_OK)
        else f"{target} cannot be run there (set TMPDIR to a folder mounted without noexec)"
    )


def _silence_others(git: Git) -> None:
    """Leave out the hooks that the user's own configuration names for every repository (Git 2.54 and later)."""
    keys = git.lines0("config", "-z", "--name-only", "--get-regexp", r"^hook\..*\.(event|command)$", ok=(0, 1))
    for section in sorted({key.rpartition(".")[0] for key in keys}):
        git.run("config", f"{section}.enabled", "false")


def _copied(source: Path, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / source.name
    shutil.copy2(source, target)
    return target
