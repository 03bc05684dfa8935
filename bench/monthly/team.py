"""The team: a guarded server, three people and the host, what was released so far, and what everybody may change."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

from bench.monthly.ledger import Branch, Op, State, Version
from bench.monthly.people import Diary, Person

DATASETS = ("iris", "wine", "digits")
MODELS = ("iris_clf", "wine_clf")


class Team:
    """Everything that a step of the month may use.

    Attributes:
        rng: the only source of chance.
        main: what the server's main branch says.
        release: what its `release/1` says.
        tags: model tags, made by anybody; those in `published` are on the server.
        ready: branches that their owners have pushed and want merged: name -> (owner, commit).
        said: one line for each step.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.diary = Diary(folder)
        self.server = self.diary.server()
        self.server.mlv("install", "--server")
        self.main = State()
        self.release = State()
        self.tags: set[str] = set()
        self.published: set[str] = set()
        self.ready: dict[str, tuple[Person, str]] = {}
        self.said: list[str] = []
        self._number = 0
        self._taken: set[tuple[str, tuple[int, int, int]]] = set()
        self.ada = self._clone("ada", guarded=True)
        self.ada.git("checkout", "--quiet", "-B", "main")
        self.people = [self.ada]

    def complete(self) -> None:
        """Let the others clone what Ada has pushed."""
        self.people += [self._clone("bob", guarded=True), self._clone("carol", guarded=False)]
        self.host = self._clone("host", guarded=False)
        for person in self.people:
            person.branches["main"].base = self.main.copy()

    def _clone(self, name: str, *, guarded: bool) -> Person:
        self.diary.run("git", "clone", "--quiet", str(self.server.path), name, cwd=self.diary.folder)
        person = Person(self.diary, name, guarded=guarded)
        if guarded and name != "ada":
            person.mlv("install")
        return person

    def op(self, kind: str, what: str, **effects: object) -> Op:
        """Begin a commit."""
        self._number += 1
        return Op(number=self._number, kind=kind, what=what, **effects)  # type: ignore[arg-type]

    def number(self) -> int:
        """Return a number that was not given out before."""
        self._number += 1
        return self._number

    # versions: the team agrees on them, so that nobody takes one twice

    def is_taken(self, name: str, version: str) -> bool:
        """Say whether a version of a dataset or model was given out."""
        return (name, numbers(version)) in self._taken

    def take(self, name: str, version: str) -> str:
        """Give a version out; return it."""
        assert not self.is_taken(name, version), f"{name} {version} was taken"
        self._taken.add((name, numbers(version)))
        return version

    def next_version(self, name: str, *, model: bool) -> str:
        """Give the next free version of a dataset or model out."""
        newest = max((found for taken, found in self._taken if taken == name), default=(0, 0, 0))
        part = self.rng.choices((0, 1, 2), (1, 8, 2))[0]
        major, minor, patch = [*newest[:part], newest[part] + 1, 0, 0][:3]
        text = f"v{major}.{minor}" + (f".{patch}" if model or patch else "")
        return self.take(name, text)

    # what two people may not change at once

    def is_free(self, branch: Branch, thing: str) -> bool:
        """Say whether a branch may change something: nobody else has, since it last took in main."""
        mine = {op.number for op in branch.ops}
        held = any(
            thing in op.touches and op.number not in mine
            for person in self.people
            for other in person.branches.values()
            for op in other.ops
        )
        return not held and branch.base.touched.get(thing) == self.main.touched.get(thing)

    def landed(self, branch: Branch) -> None:
        """Note that the server's main branch has everything of `branch` now."""
        for op in branch.ops:
            self.main.apply(op)
        self.main.landed += 1
        self.settle(branch)
        branch.base = self.main.copy()
        branch.ops, branch.tail = [], 0

    def settle(self, branch: Branch) -> None:
        """Note that the server has the tags and refs that came with a branch."""
        self.published.update(branch.tags)
        branch.tags, branch.refs, branch.dirty = [], {}, False

    # bytes

    def rows(self) -> bytes:
        """Return a small table."""
        lines = [
            f"{self.rng.randint(1, 99) / 10},{self.rng.randint(1, 99) / 10}" for _ in range(self.rng.randint(1, 5))
        ]
        return ("a,b\n" + "\n".join(lines) + "\n").encode()

    def outside(self, files: dict[str, bytes]) -> Path:
        """Write files in a folder outside all clones, empty otherwise; return the folder."""
        folder = self.diary.folder / "raw"
        shutil.rmtree(folder, ignore_errors=True)
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return folder


def numbers(version: str) -> tuple[int, int, int]:
    """Return the numbers of a version; `v0.1` and `v0.1.0` are the same."""
    found = [int(number) for number in re.findall(r"\d+", version)]
    major, minor, patch = [*found, 0, 0, 0][:3]
    return major, minor, patch


def newest(known: object, name: str) -> str:
    """Return the newest version of a name among (name, version) pairs, "" when there is none."""
    versions = [version for each, version in known if each == name]  # type: ignore[attr-defined]
    return max(versions, key=numbers, default="")


def tag_name(key: Version) -> str:
    """Return the name of a model tag."""
    return f"{key[0]}@{key[1]}"
