"""The inventory: files of a folder or a bucket that were hashed where they lie, to be committed elsewhere. Pure."""

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any, Final, NamedTuple

from mlvgit.core import jsontext
from mlvgit.core.digest import Digest, tree_sha256
from mlvgit.core.jsontext import EMPTY, json_path
from mlvgit.errors import DocumentError, Problem
from mlvgit.records.filelist import FileEntry
from mlvgit.records.soundness import judge_names
from mlvgit.records.strict import MAX_MANIFEST_BYTES, MAX_SHOWN, Document, read_json, without

__all__ = ["Inventory", "new_inventory", "require_sound"]

FORMAT: Final = "1.0"
_PATH: Final = itemgetter(0)
_SIZE: Final = itemgetter(1)
_ENTRY_KEYS: Final = ("path", "size_bytes", "sha256")
_KNOWN: Final = frozenset(
    ("format", "source", "tree_sha256", "total_bytes", "file_count", "created_utc", "created_by", "files")
)


class Inventory(NamedTuple):
    """What was found where data lies.

    Attributes:
        source: the folder or URL.
        files: sorted by path as UTF-8 bytes; paths are relative to the source.
        created_utc: when it was made, ISO 8601 in UTC, or "".
        created_by: the program that made it, or "".
        format: "" when the document does not say, which means 1.0.
        unknown: keys of a newer minor version of the format.
    """

    source: str
    files: tuple[FileEntry, ...]
    created_utc: str = ""
    created_by: str = ""
    format: str = ""
    unknown: Mapping[str, Any] = EMPTY

    @property
    def tree_sha256(self) -> str:
        """The identity that a version of these files has."""
        return tree_sha256((path, sha256) for path, _, sha256 in self.files)

    @property
    def total_bytes(self) -> int:
        """Sum of the sizes."""
        return sum(map(_SIZE, self.files))

    @property
    def file_count(self) -> int:
        """Number of files."""
        return len(self.files)

    def digests(self) -> dict[str, Digest]:
        """Return the digest of each file by its path."""
        return {path: Digest(size, sha256) for path, size, sha256 in self.files}

    @classmethod
    def parse(cls, data: bytes, path: str) -> "Inventory":
        """Read and check an inventory.

        Args:
            data: the bytes of the document.
            path: its name, for messages.

        Raises:
            DocumentError: it is not a sound inventory; carries every problem.
        """
        document = read_json(data, path, "inventory", max_bytes=MAX_MANIFEST_BYTES)
        if not document.check_shape():
            document.refuse()
        value = document.value
        entries = (FileEntry(each["path"], int(each["size_bytes"]), each["sha256"]) for each in value["files"])
        made = cls(
            source=value["source"],
            files=tuple(sorted(entries, key=_PATH)),
            created_utc=value.get("created_utc", ""),
            created_by=value.get("created_by", ""),
            format=value.get("format", ""),
            unknown=without(value, _KNOWN),
        )
        _check(made, document)
        document.refuse()
        return made

    def dump(self) -> bytes:
        """Write the canonical form: fixed order of keys, one file entry on a line."""
        document = {
            "format": self.format or FORMAT,
            "source": self.source,
            "tree_sha256": self.tree_sha256,
            "total_bytes": self.total_bytes,
            "file_count": self.file_count,
            "created_utc": self.created_utc,
            "created_by": self.created_by,
            **self.unknown,
            "files": [entry._asdict() for entry in self.files],
        }
        return jsontext.canonical(document, spread=("files",))


def new_inventory(source: str, files: Iterable[tuple[str, Digest]], *, created_utc: str, created_by: str) -> Inventory:
    """Make the inventory of files that have just been hashed.

    Args:
        source: the folder or URL.
        files: (path relative to the source, digest) of every file.
        created_utc: ISO 8601 in UTC.
        created_by: the program.

    Raises:
        DocumentError: a name is not safe, two collide, or there is no file.
    """
    entries = sorted((FileEntry(path, digest.size, digest.sha256) for path, digest in files), key=_PATH)
    require_sound(source, [*map(_PATH, entries)])
    return Inventory(source=source, files=tuple(entries), created_utc=created_utc, created_by=created_by, format=FORMAT)


def require_sound(source: str, names: list[str]) -> None:
    """Make sure that names can be frozen, before anything is read.

    Args:
        source: where they were found.
        names: relative to it.

    Raises:
        DocumentError: one is not safe, two collide, or there is none.
    """
    found = [(json_path(("files", number)), message) for number, message in judge_names(names)] if names else []
    if not names:
        found = [("$.files", "has no file; there is no empty version")]
    if found:
        raise DocumentError(source, tuple(Problem(0, where, message, "MLV105") for where, message in found[:MAX_SHOWN]))


def _check(inventory: Inventory, document: Document) -> None:
    value = document.value
    unsafe = judge_names([each["path"] for each in value["files"]])
    for number, message in unsafe[:MAX_SHOWN]:
        document.note(("files", number, "path"), message, "MLV105")
    for key in ("tree_sha256", "total_bytes", "file_count") if not unsafe else ():
        true = getattr(inventory, key)
        if value[key] != true:
            document.note((key,), f"says {value[key]}, but the entries give {true}")
