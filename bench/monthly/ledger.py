"""What was released, as plain dictionaries: the model that mlvgit's answers are compared with. Pure.

Nothing here reads a repository. A step of the script says what it did as an `Op`; a branch is a base and the ops on top
of it; what a branch says is the base with its ops applied in order.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Version = tuple[str, str]
Files = dict[str, bytes]


@dataclass(slots=True, kw_only=True)
class Op:
    """One commit of honest work, and what it makes true.

    Attributes:
        number: stands as `#number` in the commit message.
        kind: "snapshot", "model", "record", "promote", "code", "note", ...
        what: for the log.
        snapshots, models: what it freezes: (name, version) -> relative path -> bytes.
        trained_on: the snapshot that a frozen model names.
        production: (model, before, after); None before or after when nothing is in production.
        registered: model versions that it brings beyond dev.
        dropped: model versions that it takes out of the registry again (a promotion reverted).
        touches: things that two people must not change at the same time, such as the text of one README.
        added, removed: code files.
        record: id of the run record that it adds.
    """

    number: int
    kind: str
    what: str
    snapshots: dict[Version, Files] = field(default_factory=dict)
    models: dict[Version, Files] = field(default_factory=dict)
    trained_on: Version | None = None
    production: tuple[str, str | None, str | None] | None = None
    registered: frozenset[Version] = frozenset()
    dropped: frozenset[Version] = frozenset()
    touches: frozenset[str] = frozenset()
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    record: str = ""

    def __str__(self) -> str:
        return f"#{self.number} {self.what}"


@dataclass(slots=True, kw_only=True)
class State:
    """What a branch says.

    Attributes:
        snapshots, models: everything frozen, with its bytes.
        trained_on: model version -> snapshot.
        production: model -> version, None when nothing serves.
        served: model -> every version that ever was in production, oldest first.
        registered: versions that the registries have beyond dev.
        code: code files.
        records: run id -> path.
        touched: thing -> number of the newest op that changed it.
        landed: how often the main branch had moved.
    """

    snapshots: dict[Version, Files] = field(default_factory=dict)
    models: dict[Version, Files] = field(default_factory=dict)
    trained_on: dict[Version, Version] = field(default_factory=dict)
    production: dict[str, str | None] = field(default_factory=dict)
    served: dict[str, list[str]] = field(default_factory=dict)
    registered: set[Version] = field(default_factory=set)
    code: set[str] = field(default_factory=set)
    records: set[str] = field(default_factory=set)
    touched: dict[str, int] = field(default_factory=dict)
    landed: int = 0

    def copy(self) -> State:
        """Return a state that can be changed apart from this one."""
        return State(
            snapshots=dict(self.snapshots),
            models=dict(self.models),
            trained_on=dict(self.trained_on),
            production=dict(self.production),
            served={model: list(versions) for model, versions in self.served.items()},
            registered=set(self.registered),
            code=set(self.code),
            records=set(self.records),
            touched=dict(self.touched),
            landed=self.landed,
        )

    def apply(self, op: Op) -> None:
        """Let `op` happen here."""
        self.snapshots.update(op.snapshots)
        self.models.update(op.models)
        for key in op.models:
            if op.trained_on:
                self.trained_on[key] = op.trained_on
        if op.production:
            model, _, after = op.production
            self.production[model] = after
            if after is not None:
                self.served.setdefault(model, []).append(after)
        self.registered |= op.registered
        self.registered -= op.dropped
        self.code |= op.added
        self.code -= op.removed
        if op.record:
            self.records.add(op.record)
        self.touched.update(dict.fromkeys(op.touches, op.number))


@dataclass(slots=True, kw_only=True)
class Branch:
    """A branch in somebody's clone.

    Attributes:
        name: `main`, or a branch of one's own.
        base: what the main branch said when this branch last took it in.
        ops: what is on top of it, oldest first; each is one commit.
        tail: how many of the last ops are commits in a row, with no merge between: they may be rewritten.
        pushed: the server has (some state of) this branch.
        dirty: it has something that the server's branch of this name does not have.
        tags: model tags that the server does not have yet.
        refs: refs of the code of runs that the server does not have yet: name -> commit.
    """

    name: str
    base: State
    ops: list[Op] = field(default_factory=list)
    tail: int = 0
    pushed: bool = False
    dirty: bool = True
    tags: list[str] = field(default_factory=list)
    refs: dict[str, str] = field(default_factory=dict)

    @property
    def view(self) -> State:
        """What the branch says."""
        state = self.base.copy()
        for op in self.ops:
            state.apply(op)
        return state

    @property
    def production(self) -> dict[str, str | None]:
        """Model -> version in production on this branch."""
        return self.view.production

    def add(self, op: Op) -> None:
        """Put a commit on top."""
        self.ops.append(op)
        self.tail += 1
        self.dirty = True

    def clashes(self, main: State) -> dict[str, tuple[str | None, str | None]]:
        """Return model -> (here, on main) where both sides changed what is in production, and do not agree."""
        here = self.production
        found = {}
        for model in sorted({*here, *main.production}):
            base, ours, theirs = (side.get(model) for side in (self.base.production, here, main.production))
            if ours != base and theirs not in (base, ours):
                found[model] = (ours, theirs)
        return found

    def rebased(self, main: State, taken: dict[str, str | None], *, linear: bool) -> None:
        """Stand on `main` from now on.

        Args:
            main: what the main branch says now.
            taken: what was decided about the clashes.
            linear: by a rebase, not by a merge.
        """
        for op in self.ops:
            if op.production:
                model, _before, after = op.production
                serves = main.production.get(model)
                if taken.get(model, after) != after or serves == after:
                    op.production = None  # the other side had its way, or did the same
                elif linear:
                    op.production = (model, serves, after)
        self.base = main.copy()
        self.tail = len(self.ops) if linear else 0
        self.dirty = True
