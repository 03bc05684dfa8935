"""What rules see and say: trees, tags, the context of a judgement, findings. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from mlvgit.core.digest import Digest
from mlvgit.records.layout import Key
from mlvgit.records.settings import Settings
from mlvgit.rules.trees import (
    MODE_EXECUTABLE,
    MODE_FILE,
    MODE_GITLINK,
    MODE_SYMLINK,
    MODE_UNREADABLE,
    Change,
    Changes,
    EmptyTree,
    Entry,
    Tree,
)

__all__ = [
    "MODE_EXECUTABLE",
    "MODE_FILE",
    "MODE_GITLINK",
    "MODE_SYMLINK",
    "MODE_UNREADABLE",
    "Change",
    "Changes",
    "Context",
    "Conversion",
    "EmptyTree",
    "Entry",
    "Finding",
    "Moment",
    "RemoteBytes",
    "Scope",
    "Severity",
    "TagFacts",
    "TagMove",
    "Tree",
]

Severity = Literal["error", "warning"]
Scope = Literal["change", "state", "tags"]
"""What a rule looks at: something of `before` that was altered, something that `after` is, the tags of a push."""

Moment = Literal["commit", "push"]
"""Which column of the table of rules holds: "push" also for CI and the server."""


class TagFacts(NamedTuple):
    """A model tag of ours (annotated, with `Mlv-Model`), as its own text states it.

    Attributes:
        ref: full name of the ref, `refs/tags/iris_clf@v0.2.0`.
        header_name: the name inside the tag object; Git does not check that it is the ref's.
        commit: the commit that it points to.
        tree_sha256: the identity that it vouches for.
        manifest_sha256: SHA-256 of the manifest's bytes.
    """

    ref: str
    header_name: str
    root: str
    model: str
    version: str
    commit: str
    tree_sha256: str
    manifest_sha256: str


class TagMove(NamedTuple):
    """What a push does to one tag ref of which at least one side is a model tag of ours.

    Attributes:
        before: what the receiver has; None when it has none.
        after: what it is to have; None when the push deletes it, or makes it something that is not ours.
        tree: the tree of the tagged commit after the push; None when deleted.
    """

    ref: str
    before: TagFacts | None
    after: TagFacts | None
    tree: Tree | None


class RemoteBytes(NamedTuple):
    """What is known of bytes that Git does not hold.

    Attributes:
        name: the remote of bytes that is asked, "" when none is named.
        presence: asks, by existence and size alone: SHA-256 -> is it there? None = cannot be known now.
        nowhere: SHA-256 of what this machine does not have either.
        damaged: SHA-256 of what this machine was to send, and found to be other bytes.
        trouble: says why something cannot be known and what mends it, once `presence` was asked; "" when nothing is.
    """

    name: str
    presence: Callable[[Sequence[Digest]], Mapping[str, bool | None]]
    nowhere: frozenset[str] = frozenset()
    damaged: frozenset[str] = frozenset()
    trouble: Callable[[], tuple[str, str]] = lambda: ("", "")


def _nothing_published(_: Key) -> frozenset[str]:
    return frozenset()


def _nothing_replaceable(_: Key, __: str) -> bool:
    return False


def _unknown(_: str) -> bool | None:
    return None


def _no_code(_: str) -> str | None:
    return None


def _untagged(_: Key) -> frozenset[str]:
    return frozenset()


def _unreleased(_: Key, __: str) -> bool:
    return False


def _unpublished_run(_: str, __: bytes) -> bool:
    return False


def _no_trail(_: str, __: str) -> tuple[str, ...]:
    return ()


def _unknown_coming(_: str, __: str) -> Mapping[str, str] | None:
    return None


def _unpublished_registry(_: str) -> bool:
    return False


def _never_held(_: str, __: str) -> bool:
    return False


def _no_lock(_: str, __: str) -> str | None:
    return None


def _no_debt(_: str) -> bool:
    return False


def _usual_way(_: tuple[str, ...]) -> tuple[str, ...] | None:
    return None


class Conversion(NamedTuple):
    """A file whose bytes Git would change.

    Attributes:
        path: the file.
        attribute: such as `text=auto`, `filter=lfs` or `core.autocrlf=true`.
        source: the file with the line that causes it, `data/.gitattributes`; "" when it was not found.
        line: 1-based; 0 when not found.
        text: that line; a command that shows the setting, for configuration.
    """

    path: str
    attribute: str
    source: str
    line: int
    text: str

    @property
    def cause(self) -> str:
        """`.gitattributes:3: * text=auto`."""
        return f"{self.source}:{self.line}: {self.text}" if self.line else self.text or self.attribute


def _unconverted(_: Tree, __: Sequence[str]) -> Mapping[str, Conversion]:
    return {}


class Context(NamedTuple):
    """What a judgement needs and trees do not tell.

    Attributes:
        moment: which column of the table holds.
        trusted: the settings by which the change is judged, root -> settings: of the receiver's protected branch as it
            stood before a push, of HEAD at a commit. A root that is missing has default settings.
        published: key -> identities (`tree_sha256`) under which this name and version is published already.
        replaceable: may this unpublished frozen thing with this identity be replaced or taken back, because the user
            said so?
        tagged: key of a model version -> identities that a model tag vouches for, after this push.
        tagged_here: the same over the tags of this clone, whether a push takes them along or not.
        released: does a remote show that this model version, with this identity, came to a stage that needs a model
            tag? Then one is most probably there, though none is here.
        commit_known: does this (abbreviated) commit id exist here? None = cannot be known (shallow).
        code_sha256_of: commit id -> hash of its code, None when unknown.
        code_known: does a commit with this `code_sha256` exist here? None = cannot be known.
        file_sha256_at: (commit id, path) -> SHA-256 of that file in that commit, None when unknown.
        published_run: is the run record with these bytes at this path published?
        published_registry: does a protected branch have a registry at this path?
        held_before: (path, blob id) -> did the path hold exactly this, in the history of what is judged against,
            before that had what this lacks? "" for no file asks whether one commit created the path and none touched
            it since. What a revert brings back is not falsified.
        stages_held: (path of a registry, version) -> the stages that it held, oldest first, in the history of what is
            judged against; asked only when a transition looks forbidden.
        stage_trail: the same along the commits of a push, too.
        came_with: (path of a registry, version) -> what changed with its coming into the registry, in the history of
            what is judged against: other version -> the stage that it had before, "" for none. None when its own stage
            changed since it came, or that is not known.
        is_debt: does this path stand in history already as it is judged?
        way_back: paths that are judged as new -> the commands that take them back where that is another thing than
            taking them out of the index: what stands in history already, what Git does not have. None where it is not.
        converted: (tree, paths) -> the paths whose bytes the `.gitattributes` of that tree have Git change when it
            checks them out, and by which line.
        kept: SHA-256 -> are these bytes in the store or on a remote? None = cannot be known.
        remote_bytes: where bytes are that Git does not hold. None = not asked: nothing is said about them.
        only: codes of the rules that are asked; none = all.
        tag_moves: what the push does to model tags.
        override: the reason that an operator gave for accepting weakened guards, "" when none.
        today: ISO date for exceptions that end.
    """

    moment: Moment
    trusted: Mapping[str, Settings]
    published: Callable[[Key], frozenset[str]] = _nothing_published
    replaceable: Callable[[Key, str], bool] = _nothing_replaceable
    tagged: Callable[[Key], frozenset[str]] = _untagged
    tagged_here: Callable[[Key], frozenset[str]] = _untagged
    released: Callable[[Key, str], bool] = _unreleased
    commit_known: Callable[[str], bool | None] = _unknown
    code_sha256_of: Callable[[str], str | None] = _no_code
    code_known: Callable[[str], bool | None] = _unknown
    file_sha256_at: Callable[[str, str], str | None] = _no_lock
    published_run: Callable[[str, bytes], bool] = _unpublished_run
    published_registry: Callable[[str], bool] = _unpublished_registry
    held_before: Callable[[str, str], bool] = _never_held
    stages_held: Callable[[str, str], tuple[str, ...]] = _no_trail
    stage_trail: Callable[[str, str], tuple[str, ...]] = _no_trail
    came_with: Callable[[str, str], Mapping[str, str] | None] = _unknown_coming
    is_debt: Callable[[str], bool] = _no_debt
    way_back: Callable[[tuple[str, ...]], tuple[str, ...] | None] = _usual_way
    converted: Callable[[Tree, Sequence[str]], Mapping[str, Conversion]] = _unconverted
    kept: Callable[[str], bool | None] = _unknown
    remote_bytes: RemoteBytes | None = None
    only: frozenset[str] = frozenset()
    tag_moves: tuple[TagMove, ...] = ()
    override: str = ""
    today: str = ""

    def settings(self, root: str) -> Settings:
        """Return the settings that judge `root`."""
        return self.trusted.get(root) or Settings()


class Finding(NamedTuple):
    """One thing that a change broke; five lines for a person.

    Attributes:
        code: `MLV101`.
        path: the file that is wrong, from the top of the repository; "" for a ref.
        line: 1-based, 0 when it does not matter.
        message: what was found, one sentence without a full stop.
        frozen: what was frozen when; "" when nothing was.
        change: what this commit or push changes about it.
        keep: commands that keep the change (the way forward).
        undo: commands that undo it (the way back).
        users: who uses the thing: model versions, stages, runs.
        severity: as a rule gives it, the most that this finding may be; the engine lowers it to the table's.
    """

    code: str
    path: str
    message: str
    line: int = 0
    key: Key | None = None
    frozen: str = ""
    change: str = ""
    keep: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    severity: Severity = "error"
