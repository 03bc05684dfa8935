"""The way out: the exact commands that lead out of the state in which a refusal leaves Git.

Every command here is run by tests/hooks/test_states.py in the state that it is for.
"""

from __future__ import annotations

from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["STATES", "Refused", "WayOut", "way_out", "way_out_of"]

MOST_PATHS = 3
_UNSTAGE = ("git restore --staged -- PATH", "git restore -- KNOWN")
_AS_IN_HEAD = ("git restore --source=HEAD --staged --worktree -- PATH",)
_DROP_FROM_TODO = "git -c sequence.editor='sed -i.mlv 1d' rebase --edit-todo"


class Refused(NamedTuple):
    """What is refused, as far as the way out depends on it.

    Attributes:
        paths: pathspecs of all that is refused.
        known: those of them that HEAD has; the others are new files. None for all.
        theirs: those of them that a merge is to take from the other side.
        alone: nothing else is staged: mended, there would be nothing left to commit.
        base: what the receiver of a push has; "" stands for the branch's upstream.
        renumber: the commands that give what both sides of a merge froze two numbers; putting paths back would not do.
    """

    paths: Sequence[str] = ()
    known: Sequence[str] | None = None
    theirs: Sequence[str] = ()
    alone: bool = False
    base: str = ""
    renumber: Sequence[str] = ()


class WayOut(NamedTuple):
    """How to leave a state. PATH, KNOWN, OURS and THEIRS stand for paths of `Refused`, BASE for what the receiver has.

    Attributes:
        left: what the refusal left behind.
        undo: commands that take everything back, or take the refused paths out of it.
        skip: commands that leave out the one commit that is refused, and go on; none where there is nothing to go on.
        mend: commands that put the refused paths back as they were; any other repair, staged, does as well.
        go_on: commands that finish after mending.
    """

    left: str
    undo: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    mend: tuple[str, ...] = ()
    go_on: tuple[str, ...] = ()


_COMMIT = "nothing was committed; the index and your files are as you left them"
_AMEND = "nothing was amended: HEAD is the commit that it was; the index and your files are as you left them"
STATES: dict[str, WayOut] = {
    "commit": WayOut(_COMMIT, undo=_UNSTAGE, go_on=("git add -- PATH", "git commit")),
    "commit-all": WayOut(_COMMIT, undo=_UNSTAGE, go_on=("git commit -a",)),
    "commit-path": WayOut(_COMMIT, undo=_UNSTAGE, go_on=("git commit -- PATH",)),
    "amend": WayOut(_AMEND, undo=_UNSTAGE, go_on=("git add -- PATH", "git commit --amend")),
    "amend-all": WayOut(_AMEND, undo=_UNSTAGE, go_on=("git commit -a --amend",)),
    "amend-path": WayOut(_AMEND, undo=_UNSTAGE, go_on=("git commit --amend -- PATH",)),
    "first": WayOut(_COMMIT, undo=("git rm --cached -- PATH",), go_on=("git add -- PATH", "git commit")),
    "merge": WayOut(
        "the merge is staged and not committed",
        undo=("git merge --abort",),
        mend=(
            "git restore --source=HEAD --staged --worktree -- OURS",
            "git restore --source=MERGE_HEAD --staged --worktree -- THEIRS",
        ),
        go_on=("git commit --no-edit",),
    ),
    "cherry-pick": WayOut(
        "the cherry-pick is staged and not committed",
        undo=("git cherry-pick --abort",),
        skip=("git cherry-pick --skip",),
        mend=_AS_IN_HEAD,
        go_on=("git cherry-pick --continue",),
    ),
    # Git forgets a revert of one commit as soon as it applied cleanly: --abort and --continue know of none.
    "revert": WayOut(
        "the revert is staged and not committed",
        undo=("git reset --merge",),
        mend=_AS_IN_HEAD,
        go_on=("git commit --no-edit",),
    ),
    "revert-several": WayOut(
        "the revert is staged and not committed",
        undo=("git revert --abort",),
        skip=("git revert --skip",),
        mend=_AS_IN_HEAD,
        go_on=("git commit --no-edit", "git revert --continue"),
    ),
    "revert-stopped": WayOut(
        "the revert is staged and not committed",
        undo=("git revert --abort",),
        mend=_AS_IN_HEAD,
        go_on=("git revert --continue",),
    ),
    # A refused pick is put back at the head of the list: without the first command it would be picked again, and
    # refused again, for ever. Git since 2.43 does not commit what is staged when it goes on after that.
    "rebase": WayOut(
        "the rebase stopped: the commit is staged, and still first in the list of what to pick",
        undo=("git rebase --abort",),
        skip=(_DROP_FROM_TODO, "git rebase --skip"),
        mend=_AS_IN_HEAD,
        go_on=(_DROP_FROM_TODO, "git commit -C REBASE_HEAD", "git rebase --continue"),
    ),
    "rebase-stopped": WayOut(
        "the rebase stopped: the commit is staged and not committed",
        undo=("git rebase --abort",),
        mend=_AS_IN_HEAD,
        go_on=("git rebase --continue",),
    ),
    "rebase-apply": WayOut(
        "the rebase stopped: the patch is applied, staged and not committed",
        undo=("git rebase --abort",),
        skip=("git rebase --skip",),
        mend=_AS_IN_HEAD,
        go_on=("git rebase --continue",),
    ),
    "am": WayOut(
        "the patch is applied, staged and not committed",
        undo=("git am --abort",),
        skip=("git am --skip",),
        mend=_AS_IN_HEAD,
        go_on=("git am --continue",),
    ),
    "push": WayOut(
        "nothing was pushed",
        mend=("git restore --source=BASE --staged --worktree -- PATH",),
        go_on=("git commit", "git push"),
    ),
    "receive": WayOut(
        "the server took nothing of this push",
        mend=("git restore --source=BASE --staged --worktree -- PATH",),
        go_on=("git commit", "git push"),
    ),
}


def way_out_of(state: str, refused: Refused, store: Callable[[str, Sequence[str]], str] | None = None) -> WayOut:
    """Return the way out of `state` with the paths filled in; commands that have none to work on are left out.

    Args:
        state: a key of STATES; another word is taken for "commit".
        refused: what is refused.
        store: keeps a list of paths under a name and returns the file that Git is to read it from, "" when it cannot;
            without it many or strange paths are shown as the word PATH.
    """
    paths = list(dict.fromkeys(path for path in refused.paths if path))
    groups = {
        "PATH": paths,
        "KNOWN": paths if refused.known is None else [path for path in paths if path in refused.known],
        "OURS": [path for path in paths if path not in refused.theirs],
        "THEIRS": [path for path in paths if path in refused.theirs],
    }

    def filled(commands: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(text for text in map(fill, commands) if text)

    def fill(command: str) -> str:
        head, dashes, name = command.partition(" -- ")
        head = head.replace("=BASE", "=" + (refused.base or "'@{upstream}'"))
        words = _words(name, groups[name], store) if dashes else ""
        if dashes and not words:
            return ""
        return f"{head} {words}".rstrip()

    found = STATES.get(state, STATES["commit"])
    left, undo, skip, mend, go_on = found.left, *(filled(commands) for commands in found[1:])
    if refused.renumber:
        return WayOut(left, undo, skip, tuple(refused.renumber[:-1]), tuple(refused.renumber[-1:]))
    nothing_left = refused.alone and undo and found.mend and state != "merge"
    if nothing_left or (found.mend and not mend):
        mend = go_on = ()
    return WayOut(left, undo, skip, mend, go_on)


def _words(name: str, paths: Sequence[str], store: Callable[[str, Sequence[str]], str] | None) -> str:
    from shlex import quote

    if not paths:
        return ""
    if len(paths) <= MOST_PATHS and all(path.isprintable() for path in paths):
        return "-- " + " ".join(quote(path) for path in paths)
    file = store(name.lower(), paths) if store else ""
    return f"--pathspec-from-file={quote(file)} --pathspec-file-nul" if file else "-- PATH"


def way_out(state: str, refused: Refused, store: Callable[[str, Sequence[str]], str] | None = None) -> str:
    """Return the way out of `state` as lines for a person, one command each; see `way_out_of`."""
    found = way_out_of(state, refused, store)
    lines = [found.left]
    for label, commands in (
        ("undo", found.undo),
        ("leave it out", found.skip),
        ("mend", found.mend),
        (_mended_label(found), found.go_on),
    ):
        for number, command in enumerate(commands):
            lines.append(f"  {label + ':' if not number else '':<18}{command}")
    return "\n".join(lines) + "\n"


def _mended_label(found: WayOut) -> str:
    if found.mend:
        return "then go on"
    return "or mend it, then" if found.undo or found.skip else "mend it, then"
