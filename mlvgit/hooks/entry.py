"""The entry of every hook: from an event and its arguments to an exit status. The fast path ends here.

Exit statuses: 0 go on; 1 refused by a rule; 3 mlvgit could not judge, and refuses; 130 interrupted. `post-*` events
end with 0 whatever happens.
"""

from __future__ import annotations

import os
import sys

from mlvgit.hooks.sieve import folders, touched
from mlvgit.repo.git import Git, common_dir_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlvgit.repo.history import RefChange
    from mlvgit.repo.repository import Repository

__all__ = ["EVENTS", "main"]

_INTERRUPTED = 130
_BROKEN = 3


def main(argv: Sequence[str]) -> int:
    """Run the hook `argv[0]` with the arguments that Git gave it, and return the exit status."""
    event, *args = argv or ("",)
    try:
        if event not in EVENTS:
            _say(f"mlvgit: there is no hook {event!r}; there are {', '.join(EVENTS)}\n")
            return 2
        return EVENTS[event](args)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the one place where an unknown failure becomes a refusal
        return 0 if event.startswith("post-") else _failed(event, error)


def _failed(event: str, error: Exception) -> int:
    from mlvgit.core.text import printable
    from mlvgit.errors import MlvError

    if os.environ.get("MLVGIT_DEBUG"):
        import traceback

        _say(traceback.format_exc())
    if isinstance(error, MlvError):
        lines = "\n  ".join(printable(line) for line in error.message.split("\n"))
        _say(f"mlvgit: {event} could not judge: {lines}\n" + (f"hint: {error.hint}\n" if error.hint else ""))
        return error.exit_status
    _say(
        f"mlvgit: {event} could not judge, and refuses: {printable(f'{type(error).__name__}: {error}')}\n"
        "this is a bug in mlvgit; MLVGIT_DEBUG=1 shows where\n"
    )
    return _BROKEN


def _say(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


# Commits


def _pre_commit(args: Sequence[str]) -> int:
    # In pre-merge-commit there is no MERGE_HEAD yet: `git merge` names what it merges in the environment.
    merged = [name.removeprefix("GITHEAD_") for name in os.environ if name.startswith("GITHEAD_")]
    return _commit(["HEAD", *(merged or _merge_heads(_git_dir()))], "merge" if merged else "")


def _pre_applypatch(args: Sequence[str]) -> int:
    rebasing = os.path.exists(os.path.join(_git_dir(), "rebase-apply", "rebasing"))
    return _commit(["HEAD"], "rebase-apply" if rebasing else "am")


def _prepare_commit_msg(args: Sequence[str]) -> int:
    from mlvgit.hooks.picks import state_of_pick

    state = state_of_pick(args, os.environ)
    if not state:
        return 0
    return _commit(["HEAD", *_merge_heads(os.path.dirname(args[0]))], state)


def _commit(parents: list[str], state: str) -> int:
    git = Git(".")
    try:
        if not touched(git, parents, folders(_common_dir())) and not _holds_altered():
            return 0
    except _git_error():  # no commit yet: the guard compares with nothing
        pass
    _whole()
    from mlvgit.actions.guards import guard_commit
    from mlvgit.hooks.refusal import show_commit
    from mlvgit.repo.repository import Repository

    repo = Repository.open(".")
    report = guard_commit(repo, [repo.head(), *parents[1:]])
    _refresh_hints(repo)
    return show_commit(repo, report, state)


def _holds_altered() -> bool:
    """Say whether bytes that Git ignores may have changed in this worktree."""
    from mlvgit.repo.held import moved

    return moved(_git_dir())


def _git_error() -> type[Exception]:
    from mlvgit.errors import GitError

    return GitError


def _git_dir() -> str:
    """Return this worktree's git directory without asking Git, which is at the top of it when a hook runs."""
    given = os.environ.get("GIT_DIR")
    if given:
        return given
    try:
        with open(".git", encoding="utf-8", errors="surrogateescape") as file:
            return file.read().removeprefix("gitdir: ").rstrip("\n")
    except OSError:
        return ".git" if os.path.isdir(".git") else "."


def _common_dir() -> str:
    return common_dir_of(_git_dir())


def _merge_heads(git_dir: str) -> list[str]:
    try:
        with open(os.path.join(git_dir, "MERGE_HEAD"), encoding="ascii") as file:
            return file.read().split()
    except OSError:
        return []


# Pushes


def _pre_push(args: Sequence[str]) -> int:
    raw = sys.stdin.buffer.read()
    framework = "PRE_COMMIT_REMOTE_NAME" in os.environ  # it keeps the lines to itself
    if not raw.strip() and not framework:
        return 0  # everything up to date
    _whole()
    from mlvgit.actions.guards import guard_push
    from mlvgit.hooks.framework import push_of_framework
    from mlvgit.hooks.refusal import show_push
    from mlvgit.repo.history import parse_push_lines
    from mlvgit.repo.repository import Repository

    repo = Repository.open(".")
    name, url = (*args, "", "")[:2]
    lines = parse_push_lines(raw)
    if framework and not lines:
        name, url, lines = push_of_framework(repo, os.environ)
    status = show_push(guard_push(repo, lines, name, url), "push", repo)
    return status or _send(repo, lines, name, url)


def _send(repo: Repository, lines: Sequence[RefChange], name: str, url: str) -> int:
    """Upload what the push needs on the remote of bytes, and judge what it lacks then; a push of code asks nobody."""
    from mlvgit.actions.guards import guard_push
    from mlvgit.actions.project import Project
    from mlvgit.actions.sending import AT_PUSH, send_pushed
    from mlvgit.core.text import printable
    from mlvgit.errors import MlvError
    from mlvgit.hooks.refusal import show_push
    from mlvgit.repo.history import is_zero

    tips = [line.local_oid for line in lines if not is_zero(line.local_oid)]

    try:
        shipped = send_pushed(Project(repo=repo), tips, name if name != url else "", AT_PUSH)
        _with_all(shipped.along, lines)
    except MlvError as error:
        _say(f"mlv: push refused: {printable(error.message)}\n" + (f"  mend: {error.hint}\n" if error.hint else ""))
        return error.exit_status
    if shipped.sent.objects:
        _say(f"mlv: {shipped.sent.sentence}\n")
    for sentence in shipped.warnings:
        _say(f"mlv: warning: {sentence}\n")
    if not shipped.lacking:
        return 0
    return show_push(guard_push(repo, lines, name, url, lacking=shipped.lacking), "push", repo)


def _with_all(along: Sequence[str], lines: Sequence[RefChange]) -> None:
    """Refuse a first push that leaves out what must go along with it: a hook can add nothing to a push."""
    from mlvgit.errors import RefusedError

    pushed = {line.remote_ref for line in lines}
    if not all(refspec.partition(":")[2] in pushed for refspec in along):
        raise RefusedError(
            "the remote has no branch yet, and the bytes of this push need a branch of pointers beside the first one",
            hint="git mlv push   (pushes both at once)",
        )


def _pre_receive(args: Sequence[str]) -> int:
    raw = sys.stdin.buffer.read()
    if not raw.strip():
        return 0
    _whole()
    from mlvgit.actions.guards import guard_receive
    from mlvgit.hooks.refusal import push_options, show_push
    from mlvgit.repo.history import parse_receive_lines
    from mlvgit.repo.repository import Repository

    repo = Repository.open(".")
    return show_push(guard_receive(repo, parse_receive_lines(raw), push_options(os.environ)), "receive", repo)


# After


def _after(args: Sequence[str]) -> int:
    from mlvgit.repo.held import Held
    from mlvgit.repo.hints import is_fresh

    if Held(_git_dir(), ".").folders():
        _realign("ORIG_HEAD" if len(args) < 3 else args[0])
    if not is_fresh(Git("."), _common_dir()):
        _whole()
        from mlvgit.repo.repository import Repository

        _refresh_hints(Repository.open("."))
    return 0


def _realign(before: str) -> None:
    """Let store-kept folders follow what was checked out; whatever goes wrong, the next commit says what is not right."""
    _whole()
    from mlvgit.actions.project import Project
    from mlvgit.actions.realigning import realign
    from mlvgit.repo.repository import Repository

    try:
        repo = Repository.open(".")
        oid = repo.resolve(before)
        if oid and oid != repo.head():
            for said in realign(Project(repo=repo), oid):
                if said:
                    _say(f"mlv: {said}\n")
    except Exception:  # noqa: BLE001 - a checkout is done by now
        return


def _refresh_hints(repo: Repository) -> None:
    from mlvgit.repo.hints import refresh

    try:
        refresh(repo)
    except Exception:  # noqa: BLE001 - the list only makes the next commit quicker
        return


def _whole() -> None:
    """Give the interpreter what `-S` left out: the environment's packages."""
    if sys.flags.no_site:
        import site

        site.main()


EVENTS: dict[str, Callable[[Sequence[str]], int]] = {
    "pre-commit": _pre_commit,
    "pre-merge-commit": _pre_commit,
    "prepare-commit-msg": _prepare_commit_msg,
    "pre-applypatch": _pre_applypatch,
    "pre-push": _pre_push,
    "pre-receive": _pre_receive,
    "post-checkout": _after,
    "post-merge": _after,
}
