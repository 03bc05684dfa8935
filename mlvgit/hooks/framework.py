"""The pre-commit framework at a push: what it tells a hook, made into what Git would have said.

It hands on the first ref only, no tags, and not what the remote has; docs/hooks.md says what that leaves unseen.
Source: pre-commit's `hook_impl` and `run` (tried with 4.x).
"""

from __future__ import annotations

from collections.abc import Mapping

from mlvgit.repo.history import RefChange
from mlvgit.repo.repository import Repository

__all__ = ["push_of_framework"]


def push_of_framework(repo: Repository, env: Mapping[str, str]) -> tuple[str, str, list[RefChange]]:
    """Return (remote name, URL, the one line that can be known) of a push that the framework reports.

    Args:
        repo: where.
        env: with `PRE_COMMIT_REMOTE_NAME` and its kin.
    """
    name, url = env.get("PRE_COMMIT_REMOTE_NAME", ""), env.get("PRE_COMMIT_REMOTE_URL", "")
    local, remote = env.get("PRE_COMMIT_LOCAL_BRANCH", ""), env.get("PRE_COMMIT_REMOTE_BRANCH", "")
    tip = env.get("PRE_COMMIT_TO_REF") or repo.resolve(local)
    if not tip or not remote:
        return name, url, []
    branch = remote.removeprefix("refs/heads/")
    known = repo.resolve(f"refs/remotes/{name}/{branch}") if remote.startswith("refs/heads/") else None
    return name, url, [RefChange(local, tip, remote, known or "0" * len(tip))]
