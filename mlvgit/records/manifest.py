"""The manifest: the frozen list of a directory's files. Reading, checking, writing. Pure."""

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from itertools import islice
from operator import itemgetter, lt
from typing import Any, Final, Literal, NamedTuple

from mlvgit.core import jsontext
from mlvgit.core.digest import Digest, sorted_tree_sha256, tree_sha256
from mlvgit.core.digests import Digests, NamedDigests
from mlvgit.core.jsontext import EMPTY, json_path
from mlvgit.errors import DocumentError, MlvError, Problem
from mlvgit.records.filelist import FileEntry, FileList
from mlvgit.records.soundness import folder_of, judge
from mlvgit.records.strict import MAX_MANIFEST_BYTES, MAX_SHOWN, Document, read_json, without

__all__ = ["FileEntry", "Manifest", "Retired", "new_manifest"]

FORMAT: Final = "1.0"
_ENTRY_KEYS: Final = ("path", "size_bytes", "sha256")
_LARGE: Final = 1024 * 1024
_PATH: Final = itemgetter(0)
_SIZE: Final = itemgetter(1)
_SHA256: Final = itemgetter(2)
_KNOWN: Final = frozenset(
    (
        "dataset",
        "model",
        "version",
        "format",
        "tree_sha256",
        "total_bytes",
        "file_count",
        "created_utc",
        "notes",
        "source",
        "derived_from",
        "run",
        "owner",
        "license",
        "created_by",
        "storage",
        "metadata",
        "retired",
        "files",
        "files_list",
    )
)
_RETIRED_KEYS: Final = ("by", "at", "reason", "bytes", "paths")

Kind = Literal["snapshot", "model"]


class _Retired(NamedTuple):
    by: str
    at: str
    reason: str
    bytes: int = 0
    paths: tuple[str, ...] = ()
    unknown: Mapping[str, Any] = EMPTY


class Retired(_Retired):
    """The tombstone of bytes that were removed on purpose.

    Attributes:
        by: who removed them.
        at: when, ISO 8601 in UTC.
        reason: why.
        bytes: how many.
        paths: which files, as entries write them; empty means the whole version.
        unknown: keys of a newer minor version of the format.
    """

    @cached_property
    def _covered(self) -> frozenset[str]:
        return frozenset(self.paths)

    def covers(self, path: str) -> bool:
        """Say whether the bytes of the entry `path` were removed."""
        return not self.paths or path in self._covered


class _Manifest(NamedTuple):
    kind: Kind
    name: str
    version: str
    files: Sequence[FileEntry]
    created_utc: str = ""
    notes: str = ""
    format: str = ""
    declared_tree_sha256: str = ""
    storage: str = ""
    derived_from: tuple[str, ...] = ()
    source: str = ""
    owner: str = ""
    license: str = ""
    created_by: str = ""
    metadata: Mapping[str, Any] = EMPTY
    run: str = ""
    retired: Retired | None = None
    unknown: Mapping[str, Any] = EMPTY
    unknown_in_files: Mapping[str, Mapping[str, Any]] = EMPTY


class Manifest(_Manifest):
    """The frozen list of a directory's files, and what is said about them.

    Frozen are `kind`, `name`, `version`, `files` and the lineage (`derived_from`, `source`, `run`), which may be added
    where absent; everything else may be edited.

    Attributes:
        kind: what is frozen; "snapshot" has the key `dataset` in JSON, "model" the key `model`.
        files: in the order of the document; `dump` sorts them. Of a huge snapshot a `FileList`, which is read from the
            store when an entry is asked for: with the errors that `FileList.entries` names.
        format: "" when the document does not say, which means 1.0.
        declared_tree_sha256: `tree_sha256` as the document writes it, "" when it does not; always true once parsed.
        storage: "git", "store" or "".
        metadata: the user's own keys.
        unknown: keys of a newer minor version of the format, kept when written back.
        unknown_in_files: the same inside entries, by path.
    """

    @cached_property
    def prefix(self) -> str:
        """The frozen directory as the entries write it: `data/snapshots/iris_v0.1`, `models/iris_clf/v0.2.0`.

        "" when the entries are a list of their own, which is relative to that directory.
        """
        return "" if self.listed else _find_prefix(self.files, folder_of(self.kind, self.name, self.version))

    @cached_property
    def tree_sha256(self) -> str:
        """The identity: computed from the entries, whatever the document says.

        Of a list of its own it is what the document says, which the list is held to when it is read.
        """
        if isinstance(self.files, FileList):
            return self.files.tree_sha256
        relative, digests = self.relative_paths, [*map(_SHA256, self.files)]
        in_order = all(map(lt, relative, islice(relative, 1, None)))
        return (sorted_tree_sha256 if in_order else _unsorted_tree_sha256)(relative, digests)

    @cached_property
    def relative_paths(self) -> list[str]:
        """The paths relative to the frozen directory, in the order of `files`; do not change the list."""
        cut = 0 if self.listed else len(self.prefix) + 1
        return [path[cut:] for path in map(_PATH, self.files)]

    @cached_property
    def _by_relative(self) -> Mapping[str, FileEntry]:
        if isinstance(self.files, FileList):
            return self.files.by_path()
        return dict(zip(self.relative_paths, self.files, strict=True))

    @property
    def total_bytes(self) -> int:
        """Sum of the sizes."""
        if isinstance(self.files, FileList):
            return self.files.total_bytes
        return sum(map(_SIZE, self.files))

    @property
    def file_count(self) -> int:
        """Number of files."""
        return len(self.files)

    @property
    def listed(self) -> bool:
        """Whether the entries are an object of the store, which the document only names."""
        return isinstance(self.files, FileList)

    @property
    def entries_here(self) -> bool:
        """Whether the entries can be looked at now: they stand in the document, or their list is here and sound."""
        return not isinstance(self.files, FileList) or self.files.here

    def list_problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with a list of its own, when that is here."""
        if not isinstance(self.files, FileList):
            return ()
        try:
            entries = self.files.entries()
        except DocumentError as error:
            return error.problems
        except MlvError:
            return ()
        retired = self.retired.paths if self.retired else ()
        stray = sorted(set(retired) - {entry.path for entry in entries}) if retired else []
        return tuple(Problem(0, "$.retired.paths", f"{path!r} is none of the files") for path in stray)

    def list_digest(self) -> Digest:
        """Return size and SHA-256 of the list of the entries, whether it is an object of its own or could be one."""
        if isinstance(self.files, FileList):
            return self.files.digest
        return FileList.of(_relative(self), "")[0].digest

    def same_entries(self, other: "Manifest") -> bool:
        """Say whether both have the same files, by relative path, with the same sizes; no list is read for that."""
        if self.tree_sha256 != other.tree_sha256:
            return False
        if not (self.listed or other.listed):
            mine, others = self.by_relative(), other.by_relative()
            return all(entry.size_bytes == others[name].size_bytes for name, entry in mine.items())
        return self.list_digest() == other.list_digest()

    def renumbered(self, version: str, prefix: str) -> "Manifest":
        """Return the manifest of the same files under another version, in the directory `prefix`."""
        if isinstance(self.files, FileList):
            return self._replace(version=version)
        cut = len(self.prefix)
        return self._replace(
            version=version,
            retired=(gone := self.retired) and gone._replace(paths=tuple(prefix + path[cut:] for path in gone.paths)),
            files=tuple(entry._replace(path=prefix + entry.path[cut:]) for entry in self.files),
            unknown_in_files={prefix + path[cut:]: keys for path, keys in self.unknown_in_files.items()},
        )

    @property
    def lineage(self) -> tuple[tuple[str, ...], str, str]:
        """`(derived_from, source, run)`: what may be added but not altered."""
        return (self.derived_from, self.source, self.run)

    def by_relative(self) -> Mapping[str, FileEntry]:
        """Return the entries by their path relative to the frozen directory; do not change the result."""
        return self._by_relative

    @classmethod
    def parse(cls, data: bytes, path: str) -> "Manifest":
        """Read and check a manifest.

        Args:
            data: the bytes of the document.
            path: its name, for messages.

        Raises:
            DocumentError: it is not a sound manifest; carries every problem.
        """
        with _uncollected(len(data) > _LARGE):
            document = read_json(data, path, "manifest", max_bytes=MAX_MANIFEST_BYTES)
            if not document.check_shape():
                document.refuse()
            manifest = _build(document.value, newer=document.newer)
            _check(manifest, document)
            document.refuse()
            return manifest

    def dump(self) -> bytes:
        """Write the canonical form: fixed order of keys, one file entry on a line, sorted by path as UTF-8 bytes."""
        optional: dict[str, Any] = {
            "created_utc": self.created_utc,
            "notes": self.notes,
            "source": self.source,
            "derived_from": list(self.derived_from),
            "run": self.run,
            "owner": self.owner,
            "license": self.license,
            "created_by": self.created_by,
            "storage": self.storage,
            "metadata": dict(self.metadata),
            "retired": _dump_retired(self.retired),
        }
        document = {
            "dataset" if self.kind == "snapshot" else "model": self.name,
            "version": self.version,
            "format": self.format or FORMAT,
            "tree_sha256": self.tree_sha256,
            "total_bytes": self.total_bytes,
            "file_count": self.file_count,
            **{key: value for key, value in optional.items() if value},
            **self.unknown,
            **self._dump_files(),
        }
        return jsontext.canonical(document, spread=("files",))

    def _dump_files(self) -> dict[str, Any]:
        if isinstance(self.files, FileList):
            return {"files_list": {"sha256": self.files.digest.sha256, "size_bytes": self.files.digest.size}}
        return {
            "files": [
                {**entry._asdict(), **self.unknown_in_files.get(entry.path, {})}
                for entry in sorted(self.files, key=lambda entry: entry.path.encode("utf-8"))
            ]
        }


def new_manifest(
    kind: Kind,
    name: str,
    version: str,
    files: Iterable[tuple[str, Digest]] | FileList,
    *,
    prefix: str,
    created_utc: str,
    **details: Any,
) -> Manifest:
    """Make the manifest of a directory that is being frozen.

    Args:
        kind: what is frozen.
        name: dataset or model.
        version: its version, as written in the folder's name.
        files: (path relative to the directory, digest) of every file, or the list that they are.
        prefix: the directory, relative to the mlv root; its name ends in `<name>_<version>` or `<name>/<version>`.
        created_utc: ISO 8601 in UTC.
        details: further fields of `Manifest`.

    Raises:
        DocumentError: a name is not safe, two collide, or there is no file.
    """
    if isinstance(files, FileList):
        details |= {"files": files, "declared_tree_sha256": files.tree_sha256}
    else:
        entries = [FileEntry(f"{prefix}/{path}", digest.size, digest.sha256) for path, digest in files]
        details["files"] = tuple(sorted(entries, key=lambda entry: entry.path.encode("utf-8", "surrogateescape")))
    manifest = Manifest(kind=kind, name=name, version=version, created_utc=created_utc, format=FORMAT, **details)
    found = [Problem(0, json_path(where), message, code) for where, message, code in judge(manifest)]
    if found:
        raise DocumentError(f"{prefix}.manifest.json", tuple(found[:MAX_SHOWN]))
    return manifest


@contextmanager
def _uncollected(large: bool) -> Iterator[None]:
    """Keep the garbage collector from walking, again and again, over many new objects of which none is garbage."""
    if not large or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _build(value: Mapping[str, Any], *, newer: bool) -> Manifest:
    files: Sequence[FileEntry]
    unknown_in_files: dict[str, Mapping[str, Any]] = {}
    if "files_list" in value:
        files = FileList(
            Digest(int(value["files_list"]["size_bytes"]), value["files_list"]["sha256"]),
            owner=f"{value.get('dataset', value.get('model'))}@{value['version']}",
            file_count=int(value["file_count"]),
            total_bytes=int(value["total_bytes"]),
            tree_sha256=value["tree_sha256"],
            newer=newer,
        )
    else:
        files, unknown_in_files = _build_files(value["files"])
    retired = value.get("retired")
    return Manifest(
        kind="snapshot" if "dataset" in value else "model",
        name=value["dataset"] if "dataset" in value else value["model"],
        version=value["version"],
        files=files,
        created_utc=value.get("created_utc", ""),
        notes=value.get("notes", ""),
        format=value.get("format", ""),
        declared_tree_sha256=value.get("tree_sha256", ""),
        storage=value.get("storage", ""),
        derived_from=tuple(value.get("derived_from", ())),
        source=value.get("source", ""),
        owner=value.get("owner", ""),
        license=value.get("license", ""),
        created_by=value.get("created_by", ""),
        metadata=value.get("metadata", {}),
        run=value.get("run", ""),
        retired=_build_retired(retired) if retired else None,
        unknown=without(value, _KNOWN),
        unknown_in_files=unknown_in_files,
    )


def _build_files(value: list[dict[str, Any]]) -> tuple[tuple[FileEntry, ...], dict[str, Mapping[str, Any]]]:
    # a whole entry in three calls of C, for manifests of a hundred thousand files
    files = tuple(map(partial(tuple.__new__, FileEntry), map(itemgetter(*_ENTRY_KEYS), value)))
    if type(sum(map(_SIZE, files))) is float:  # 4608.0 is a whole number to JSON Schema
        files = tuple(entry._replace(size_bytes=int(entry.size_bytes)) for entry in files)
    if max(map(len, value)) == len(_ENTRY_KEYS):
        return files, {}
    return files, {entry["path"]: without(entry, _ENTRY_KEYS) for entry in value if len(entry) > len(_ENTRY_KEYS)}


def _relative(manifest: Manifest) -> NamedDigests:
    """Return the files by their names relative to the frozen directory."""
    found = manifest.by_relative()
    return NamedDigests(list(found), Digests((entry.size_bytes, entry.sha256) for entry in found.values()))


def _build_retired(value: Mapping[str, Any]) -> Retired:
    return Retired(
        value["by"],
        value["at"],
        value["reason"],
        int(value.get("bytes", 0)),
        tuple(value.get("paths", ())),
        without(value, _RETIRED_KEYS),
    )


def _dump_retired(retired: Retired | None) -> dict[str, Any]:
    if retired is None:
        return {}
    made = {key: getattr(retired, key) for key in _RETIRED_KEYS}
    return {**{key: value for key, value in made.items() if key != "paths" or value}, **retired.unknown}


def _check(manifest: Manifest, document: Document) -> None:
    found = judge(manifest)
    for where, message, code in found[:MAX_SHOWN]:
        document.note(where, message, code)
    if found:
        return
    value = document.value
    declared = manifest.declared_tree_sha256
    if declared and declared != manifest.tree_sha256:
        document.note(("tree_sha256",), f"says {declared}, but the entries give {manifest.tree_sha256}")
    for key, true in (("total_bytes", manifest.total_bytes), ("file_count", manifest.file_count)):
        if value.get(key, true) != true:
            document.note((key,), f"says {value[key]}, but the entries give {true}")
    retired = manifest.retired.paths if manifest.retired else ()
    if manifest.listed:
        return  # whether they are among the files is known once the list is here
    known = frozenset(map(_PATH, manifest.files)) if retired else frozenset()
    for number, path in enumerate(retired):
        if path not in known:
            document.note(("retired", "paths", number), f"{path!r} is none of the files")


def _unsorted_tree_sha256(paths: list[str], digests: list[str]) -> str:
    return tree_sha256(zip(paths, digests, strict=True))


def _find_prefix(files: Iterable[FileEntry], folder: str) -> str:
    """Return the outermost directory named `folder` that the first entry lying in one has; "" when none does."""
    wanted = f"/{folder}/"
    for path, _, _ in files:
        found = f"/{path}".find(wanted)
        if found >= 0:
            return path[: found + len(folder)]
    return ""
