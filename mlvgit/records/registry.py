"""The registry: a model's versions and the stage of each. Reading, changing, writing. Pure."""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, NamedTuple

from mlvgit.core import jsontext
from mlvgit.core.jsontext import EMPTY
from mlvgit.core.versions import is_model_version, model_version
from mlvgit.records.strict import MAX_REGISTRY_BYTES, Document, read_json, without

__all__ = ["Comment", "RegisteredVersion", "Registry"]

_KNOWN: Final = frozenset(("name", "format", "versions"))
_VERSION_KEYS: Final = frozenset(
    (
        "version",
        "stage",
        "tree_sha256",
        "run",
        "data_snapshots",
        "registered_utc",
        "comments",
    )
)
_COMMENT_KEYS: Final = frozenset(("at", "by", "text"))


class Comment(NamedTuple):
    """What a person said about a version.

    Attributes:
        at: when, ISO 8601 in UTC; "" when unknown.
        by: who; "" when unknown.
        text: what.
        unknown: keys of a newer minor version of the format, as JSON text.
    """

    at: str
    by: str
    text: str
    unknown: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the comment as a registry writes it."""
        said = {"at": self.at, "by": self.by}
        added: dict[str, Any] = json.loads(self.unknown) if self.unknown else {}
        return {**{key: value for key, value in said.items() if value}, "text": self.text, **added}


class RegisteredVersion(NamedTuple):
    """A version of a model as its registry knows it.

    Attributes:
        version: SemVer with a leading v, as written.
        stage: the stage it is in.
        tree_sha256: identity of its manifest, "" when the registry does not say.
        run: the run record that made it, or "".
        data_snapshots: references to its training data.
        registered_utc: when it was entered, ISO 8601 in UTC, or "".
        comments: oldest first.
        unknown: keys of a newer minor version of the format.
    """

    version: str
    stage: str
    tree_sha256: str = ""
    run: str = ""
    data_snapshots: tuple[str, ...] = ()
    registered_utc: str = ""
    comments: tuple[Comment, ...] = ()
    unknown: Mapping[str, Any] = EMPTY

    def as_json(self) -> dict[str, Any]:
        """Return the entry as the registry writes it; keys that are empty are left out."""
        optional = {
            "tree_sha256": self.tree_sha256,
            "run": self.run,
            "data_snapshots": list(self.data_snapshots),
            "registered_utc": self.registered_utc,
            "comments": [comment.as_json() for comment in self.comments],
        }
        filled = {key: value for key, value in optional.items() if value}
        return {"version": self.version, "stage": self.stage, **filled, **self.unknown}


class _Registry(NamedTuple):
    name: str
    versions: tuple[RegisteredVersion, ...] = ()
    format: str = ""
    unknown: Mapping[str, Any] = EMPTY


class Registry(_Registry):
    """All registered versions of one model.

    Attributes:
        name: the model.
        versions: in the order of the document; each version once.
        format: "" when the document does not say, which means 1.0.
        unknown: keys of a newer minor version of the format.
    """

    @cached_property
    def _by_version(self) -> dict[str, RegisteredVersion]:
        return {entry.version: entry for entry in reversed(self.versions)}

    def version(self, text: str) -> RegisteredVersion | None:
        """Return the entry of the version `text`, or None."""
        return self._by_version.get(text)

    def in_stage(self, stage: str) -> tuple[RegisteredVersion, ...]:
        """Return the versions in `stage`, in the document's order."""
        return tuple(entry for entry in self.versions if entry.stage == stage)

    def with_version(self, entry: RegisteredVersion) -> "Registry":
        """Return a registry with `entry` in place of the entry of the same version, or else added and sorted by SemVer."""
        if entry.version not in self._by_version:
            return self.with_versions((*self.versions, entry))
        swapped = [entry if other.version == entry.version else other for other in self.versions]
        return Registry(name=self.name, versions=tuple(swapped), format=self.format, unknown=self.unknown)

    def with_versions(self, entries: tuple[RegisteredVersion, ...]) -> "Registry":
        """Return a registry that holds exactly `entries`, sorted by SemVer."""
        ordered = sorted(entries, key=lambda entry: model_version(entry.version).order)
        return Registry(name=self.name, versions=tuple(ordered), format=self.format, unknown=self.unknown)

    @classmethod
    def parse(cls, data: bytes, path: str) -> "Registry":
        """Read and check a registry.

        Args:
            data: the bytes of the document.
            path: its name, for messages.

        Raises:
            DocumentError: it is not a sound registry; carries every problem.
        """
        document = read_json(data, path, "registry", max_bytes=MAX_REGISTRY_BYTES)
        if not document.check_shape():
            document.refuse()
        value = document.value
        _check(document)
        document.refuse()
        return cls(
            name=value["name"],
            versions=tuple(_build(entry) for entry in value["versions"]),
            format=value.get("format", ""),
            unknown=without(value, _KNOWN),
        )

    def dump(self) -> bytes:
        """Write the canonical form: one version on a line."""
        document: dict[str, Any] = {"name": self.name}
        if self.format:
            document["format"] = self.format
        document.update(self.unknown)
        document["versions"] = [entry.as_json() for entry in self.versions]
        return jsontext.canonical(document, spread=("versions",))


def _check(document: Document) -> None:
    seen: dict[str, int] = {}
    for number, entry in enumerate(document.value["versions"]):
        text = entry["version"]
        where = ("versions", number, "version")
        if not is_model_version(text):
            document.note(where, f"{text!r} is not a model version: vMAJOR.MINOR.PATCH (SemVer)")
        elif text in seen:
            document.note(where, f"the version {text} stands twice (first as $.versions[{seen[text]}])")
        seen.setdefault(text, number)


def _build_comment(value: Mapping[str, Any]) -> Comment:
    unknown = without(value, _COMMENT_KEYS)
    written = json.dumps(unknown, sort_keys=True) if unknown else ""
    return Comment(value.get("at", ""), value.get("by", ""), value["text"], written)


def _build(value: Mapping[str, Any]) -> RegisteredVersion:
    return RegisteredVersion(
        version=value["version"],
        stage=value["stage"],
        tree_sha256=value.get("tree_sha256", ""),
        run=value.get("run", ""),
        data_snapshots=tuple(value.get("data_snapshots", ())),
        registered_utc=value.get("registered_utc", ""),
        comments=tuple([_build_comment(comment) for comment in value.get("comments", ())]),
        unknown=without(value, _VERSION_KEYS),
    )
