"""The release line: the commits that a branch stood on, newest first; of a merge, the side that had been published.

Git keeps no record of it: a merge has two parents, and `git pull` makes somebody's unpublished commits the first. What
is known is asked in this order, and what nothing tells is a doubt, which is passed on and never hidden:

1. what the release branch was seen at here (the log of its ref): a parent that it stood on is its side, unless the
   merge is worded otherwise and the other side goes on from it;
2. how Git and the forges word a merge: of the release branch into something, or of something into it;
3. the log of the ref again: a side that alone holds a commit that the branch stood on is its side.

Else the first parent is followed. Commits that were published without a merge count from their committer date.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from mlvgit.repo.branches import USUAL, release_branch
from mlvgit.repo.history import Step, read_commit, steps

if TYPE_CHECKING:
    from mlvgit.repo.repository import Repository

__all__ = ["Passed", "ReleaseLine"]

_MERGED = re.compile(r"Merge (?:remote-tracking )?branch '([^']+)'(?:.* into '?([^' ]+))?")
"""How Git words a merge (git-fmt-merge-msg), and GitLab."""
_REQUESTED = re.compile(r"Merge pull request |Merged PR |Merged in ")
"""How GitHub, Azure and Bitbucket word the merge of a request, which is made on the branch that it went to."""


class Passed(NamedTuple):
    """A commit that the line went through.

    Attributes:
        step: the commit.
        side: which of its parents the line came from.
        doubtful: nothing tells whether that is so.
    """

    step: Step
    side: int = 0
    doubtful: bool = False


class ReleaseLine:
    """Tells of each merge which side had been published."""

    def __init__(self, repo: "Repository", name: str = "", protected: Iterable[str] = ()) -> None:
        """Look in `repo`.

        Args:
            repo: where to look.
            name: the release branch, as settings name it; "" for the usual one.
            protected: other branches that publish.
        """
        self._repo = repo
        self._name = name
        self._names = {*USUAL, *protected, name} - {""}

    def walk(self, start: str, path: str = "", turned: frozenset[str] = frozenset()) -> Iterator[Passed]:
        """Yield the commits of the line that ends at `start`, newest first, as they are found.

        Args:
            start: a full id.
            path: what steps are to tell of; then commits that did nothing to it may be left out, merges never.
            turned: doubtful merges of which the other side is to be followed.
        """
        for step in steps(self._repo, start, path):
            passed = self._passed(step, turned)
            yield passed
            if passed.side:
                yield from self._across(step.parents[passed.side], path, turned)
                return

    def _across(self, following: str, path: str, turned: frozenset[str]) -> Iterator[Passed]:
        """Yield what is left of the line; one Git for all: who pulls with merges changes sides at each of them."""
        log = steps(self._repo, following, path, first_parent=False)
        read: dict[str, Step] = {}
        while following:
            while following not in read and (found := next(log, None)):
                read[found.oid] = found
            if following not in read:
                return
            passed = self._passed(read.pop(following), turned)
            yield passed
            following = passed.step.parents[passed.side] if passed.step.parents else ""

    def _passed(self, step: Step, turned: frozenset[str]) -> Passed:
        side, doubtful = self._side(step) if len(step.parents) == 2 else (0, False)
        return Passed(step, 1 - side if step.oid in turned else side, doubtful)

    def _side(self, merge: Step) -> tuple[int, bool]:
        """Return which parent of a merge was published, and whether that is a guess."""
        said = self._said(merge)
        stood = [parent in self._stood_on for parent in merge.parents]
        if stood[0] != stood[1] and said in (None, stood.index(True)):
            return stood.index(True), False
        if said is not None and not any(stood):
            return said, False
        if self._branch is None:  # nothing is published, and there is nothing to tell apart
            return said or 0, False
        held = self._held(merge) if self._stood_on else [False, False]  # of one side alone: the other may go on from it
        if held[0] != held[1]:
            return held.index(True), False
        return said or 0, said is None

    def _said(self, merge: Step) -> int | None:
        commit = read_commit(self._repo, merge.oid)
        subject = commit.subject if commit else ""
        found = _MERGED.match(subject)
        if found is None:
            return 0 if _REQUESTED.match(subject) else None
        return 0 if self._publishes(found[2]) or not self._publishes(found[1]) else 1

    def _publishes(self, name: str | None) -> bool:
        return bool(name) and bool({name, str(name).partition("/")[2]} & self._names)

    def _held(self, merge: Step) -> list[bool]:
        listed = self._repo.git.text("rev-list", "--left-right", f"{merge.parents[0]}...{merge.parents[1]}").split()
        return [any(each[0] == side and each[1:] in self._stood_on for each in listed) for side in "<>"]

    @cached_property
    def _branch(self) -> str | None:
        found = release_branch(self._repo, self._name)
        return found.ref if found else None

    @cached_property
    def _stood_on(self) -> frozenset[str]:
        """What the release branch was seen at here, as far back as the logs of its ref are kept."""
        if self._branch is None:
            return frozenset()
        git = self._repo.git
        refs = {self._branch, git.text("symbolic-ref", "--quiet", self._branch, ok=(0, 1, 128)) or self._branch}
        seen = {git.text("rev-parse", "--verify", "--quiet", self._branch + "^{commit}", ok=(0, 1, 128))}
        for ref in refs:
            seen.update(git.text("log", "-g", "--no-show-signature", "--format=%H", ref, "--", ok=(0, 1, 128)).split())
        return frozenset(seen - {""})
