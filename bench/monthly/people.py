"""The people of the month: clones with an identity of their own, a simulated clock, and honest work that must be silent."""

from __future__ import annotations

import re
from pathlib import Path

from bench.monthly.ledger import Branch, State
from tests.conftest import Playground, Ran, Sandbox

_CODE = re.compile(r"\bMLV\d{3}\b")
_GUARD = re.compile(r"^(?:remote: )?(?:mlv|mlvgit): ", re.MULTILINE)


class Diary(Playground):
    """A folder for repositories where time goes by as the script says, and every command is written down.

    Attributes:
        trace: a file that gets each command and what it said.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.trace = folder / "trace.txt"

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of a program; mlvgit's own clock shows the same time."""
        environment = super().environment(**more)
        return {**environment, "SOURCE_DATE_EPOCH": str(self.clock)}

    def pass_time(self, seconds: int) -> None:
        """Let time go by."""
        self.clock += seconds

    def note(self, text: str) -> None:
        """Write a line into the trace."""
        with self.trace.open("a", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text.rstrip("\n") + "\n")


class Person(Sandbox):
    """Somebody with a clone.

    Attributes:
        name: also the folder's.
        guarded: has mlvgit installed; the others write manifests and registries by hand and run no hooks.
        branches: name -> what it says; `main` always.
        current: the branch that is checked out.
        main_seen: what the server's main branch said at the last fetch.
    """

    def __init__(self, diary: Diary, name: str, *, guarded: bool) -> None:
        super().__init__(diary, diary.folder / name)
        self.diary = diary
        self.name = name
        self.guarded = guarded
        self.branches: dict[str, Branch] = {"main": Branch(name="main", base=State())}
        self.current = "main"

    @property
    def branch(self) -> Branch:
        """The branch that is checked out."""
        return self.branches[self.current]

    def run(
        self,
        *args: str | bytes | Path,
        check: bool = True,
        input: bytes | str | None = None,
        cwd: Path | None = None,
        **more: str,
    ) -> Ran:
        """Run a program here, as this person, and write it down."""
        identity = {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", self.name.capitalize()), ("EMAIL", f"{self.name}@example.com"))
        }
        ran = super().run(*args, check=False, input=input, cwd=cwd, **{**identity, **more})
        self.diary.note(f"{self.name}$ {' '.join(ran.args)}\n{ran.said}" + (f"[{ran.status}]" if ran.status else ""))
        if check:
            assert ran.status == 0, f"{self.name}: {' '.join(ran.args)} ended with {ran.status}\n{ran.said}"
        return ran

    def honest(self, *args: str | Path, allow: tuple[str, ...] = (), input: str | None = None, **more: str) -> Ran:
        """Run Git: it must succeed, and no guard may say anything but the codes in `allow`."""
        return silent(self.git(*args, input=input, **more), *allow)

    def honest_mlv(self, *args: str | Path, allow: tuple[str, ...] = ()) -> Ran:
        """Run `git mlv`: it must succeed, and no guard may say anything but the codes in `allow`."""
        return silent(self.mlv(*args), *allow)

    def fetch(self) -> None:
        """Fetch branches and all tags."""
        self.honest("fetch", "-q", "--tags", "--prune", "origin")

    def is_clean(self) -> bool:
        """Say whether the working directory is what HEAD says, with nothing else in it."""
        return self.git("status", "--porcelain").out == ""


def silent(ran: Ran, *allow: str) -> Ran:
    """Fail when a guard said anything unexpected."""
    codes = set(_CODE.findall(ran.said))
    assert codes <= set(allow), f"honest work was found fault with: {' '.join(ran.args)}\n{ran.said}"
    assert codes or not _GUARD.search(ran.said), f"honest work was commented on: {' '.join(ran.args)}\n{ran.said}"
    return ran
