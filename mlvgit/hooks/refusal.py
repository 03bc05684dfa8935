"""Refusals as a hook shows them: what the guard found, then the way out of the state that Git is in."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence

from mlvgit.actions.guards import Report
from mlvgit.hooks.states import way_out
from mlvgit.repo.history import RefChange, is_zero
from mlvgit.repo.repository import Repository

__all__ = ["push_options", "show_commit", "show_push"]

_OPERATIONS = {
    "merge": "merge",
    "cherry-pick": "cherry-pick",
    "revert": "revert-stopped",
    "rebase": "rebase-stopped",
    "am": "am",
}


def show_commit(repo: Repository, report: Report, state: str) -> int:
    """Write what a guard of commits found to standard error, and return the exit status.

    Args:
        repo: where.
        report: what was found.
        state: a key of `states.STATES`; "" when it is to be found out.
    """
    if not report.text:
        return 0
    inside = bool(os.environ.get("GIT_PREFIX"))
    _show(report, lambda paths: way_out(state or _state(repo), [_spec(path, inside) for path in paths]))
    return 1 if report.errors else 0


def show_push(report: Report, state: str, lines: Sequence[RefChange]) -> int:
    """Write what a guard of pushes found to standard error, and return the exit status."""
    if not report.text:
        return 0
    branches = [line for line in lines if line.remote_ref.startswith("refs/heads/") and not is_zero(line.remote_oid)]
    base = branches[0].remote_oid[:12] if len(branches) == 1 else ""
    _show(report, lambda paths: way_out(state, [_spec(path, True) for path in paths], base))
    return 1 if report.errors else 0


def push_options(env: Mapping[str, str]) -> dict[str, str]:
    """Return what the pusher gave with `git push -o NAME=VALUE`; an option without a value has the empty one."""
    count = env.get("GIT_PUSH_OPTION_COUNT", "")
    given = (env.get(f"GIT_PUSH_OPTION_{number}", "") for number in range(int(count) if count.isdecimal() else 0))
    return {name: value for name, _, value in (option.partition("=") for option in given)}


def _show(report: Report, way: Callable[[list[str]], str]) -> None:
    text = report.text.rstrip("\n") + "\n"
    if report.errors:
        text += "\n" + way([finding.path for finding in report.findings if finding.severity == "error"])
    sys.stderr.write(text)
    sys.stderr.flush()


def _spec(path: str, inside: bool) -> str:
    """Write a path from the top so that Git takes it for exactly that, wherever the user stands."""
    if path.startswith(":") or any(char in path for char in "*?[\\"):
        return f":(top,literal){path}"
    return f":/{path}" if inside and path else path


def _state(repo: Repository) -> str:
    operation = repo.operation()
    if operation:
        return _OPERATIONS.get(operation, "commit")
    if repo.head() is None:
        return "first"
    index = os.path.basename(os.environ.get("GIT_INDEX_FILE", ""))
    if index.startswith("next-index-"):
        return "commit-path"
    if index == "index.lock":
        return "commit-all"
    return "amend" if _is_amend(repo) else "commit"


def _is_amend(repo: Repository) -> bool:
    """Guess from the author's date, which `git commit --amend` takes from HEAD; a hook is told nothing else."""
    author = repo.git.text("log", "-1", "--format=@%ad", "--date=raw")
    return author == os.environ.get("GIT_AUTHOR_DATE")
