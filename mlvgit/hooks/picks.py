"""Picks: does `prepare-commit-msg` run for a commit that Git makes without pre-commit, and in which state?

Cherry-pick, revert and rebase make commits inside their own process, or by `git commit -n`; no other hook sees them.
A person's own `git commit --no-verify` runs this hook as well, and judges nothing: it was asked for. They are told
apart by what `git commit` leaves in the environment (the author's date with an `@`) and by what only Git's own calls
have (`GIT_REFLOG_ACTION`). Tried with Git 2.39; the table is in docs/hooks.md.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["state_of_pick"]


def state_of_pick(args: Sequence[str], env: Mapping[str, str]) -> str:
    """Return the state (a key of `states.STATES`) in which to judge, "" when this commit is not to be judged here.

    Args:
        args: what Git gave: the file of the message, then perhaps its source and a commit.
        env: the hook's environment.
    """
    if not args:
        return ""
    git_dir = os.path.dirname(args[0]) or "."
    rebasing = os.path.isdir(os.path.join(git_dir, "rebase-merge"))
    if not rebasing and (not _exists(git_dir, "MERGE_MSG") or _exists(git_dir, "MERGE_HEAD")):
        return ""  # a plain commit, or a merge: other hooks judge those
    by_child = bool(env.get("GIT_REFLOG_ACTION") or env.get("GIT_CHERRY_PICK_HELP"))
    by_commit = env.get("GIT_AUTHOR_DATE", "").startswith("@")
    if by_commit and not by_child and not _is_message_of_pick(args, git_dir):
        return ""  # somebody's own `git commit`
    if rebasing:
        # A pick that Git's own process makes is put back into the list when it is refused; `git commit -n` is not.
        return "rebase-stopped" if by_commit and env.get("GIT_REFLOG_ACTION") else "rebase"
    if _exists(git_dir, "CHERRY_PICK_HEAD") or _in_reflog_action("cherry-pick", env):
        return "cherry-pick"
    return _revert_or_pick(git_dir)


def _revert_or_pick(git_dir: str) -> str:
    several = _exists(git_dir, "sequencer")
    if not _first_line(os.path.join(git_dir, "MERGE_MSG")).startswith(("Revert ", "Reapply ")):
        return "cherry-pick"  # with reftable CHERRY_PICK_HEAD is not a file
    return "revert-several" if several else "revert"


def _is_message_of_pick(args: Sequence[str], git_dir: str) -> bool:
    """Say whether Git took the message from the commit that it picks: the user exported an author date with an `@`."""
    if len(args) < 2 or args[1] != "message":
        return False
    subject = _first_line(os.path.join(git_dir, "MERGE_MSG"))
    return bool(subject) and subject == _first_line(args[0])


def _in_reflog_action(word: str, env: Mapping[str, str]) -> bool:
    return env.get("GIT_REFLOG_ACTION", "").startswith(word)


def _exists(git_dir: str, name: str) -> bool:
    return os.path.lexists(os.path.join(git_dir, name))


def _first_line(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.readline().strip()
    except OSError:
        return ""
