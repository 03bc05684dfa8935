"""What a schema cannot say about a manifest: names, versions, places, collisions. Pure."""

from typing import TYPE_CHECKING, Final

from mlvgit.core.jsontext import Path
from mlvgit.core.paths import all_fine, collisions, unsafe_reason
from mlvgit.core.text import printable
from mlvgit.core.versions import is_model_version, is_snapshot_version

if TYPE_CHECKING:
    from mlvgit.records.manifest import Manifest

__all__ = ["Finding", "folder_of", "judge", "judge_names"]

Finding = tuple[Path, str, str]
"""Where, what, and the code of the rule that reports it."""

_BAD: Final = "MLV106"
_UNSAFE: Final = "MLV105"


def folder_of(kind: str, name: str, version: str) -> str:
    """Return how the frozen directory is named for its name and version."""
    return f"{name}_{version}" if kind == "snapshot" else f"{name}/{version}"


def judge(manifest: "Manifest") -> list[Finding]:
    """List what a schema cannot say: the version's grammar, unsafe names, names outside the directory, collisions.

    A list of files that is an object of its own is judged when it is read: see `judge_names`.
    """
    found: list[Finding] = []
    fits = is_snapshot_version if manifest.kind == "snapshot" else is_model_version
    if not fits(manifest.version):
        form = "vMAJOR.MINOR[.PATCH]" if manifest.kind == "snapshot" else "vMAJOR.MINOR.PATCH (SemVer)"
        found.append((("version",), f"{printable(manifest.version)!r} is not a {manifest.kind} version: {form}", _BAD))
    if manifest.listed:
        if (manifest.kind, manifest.storage) != ("snapshot", "store"):
            found.append(
                (("files_list",), "is for snapshots that the store keeps: write dataset and storage: store", _BAD)
            )
        return found
    if not manifest.files:
        return [*found, (("files",), "has no file; there is no empty snapshot", _BAD)]
    inside = manifest.prefix + "/"
    paths = [entry[0] for entry in manifest.files]
    # everything between two texts that begin alike begins alike
    together = min(paths).startswith(inside) and max(paths).startswith(inside)
    if together and not unsafe_reason(manifest.prefix) and all_fine(manifest.relative_paths):
        return found
    for number, path in enumerate(paths):
        reason = unsafe_reason(path)
        if reason:
            found.append((("files", number, "path"), f"the name {_quoted(path)} {reason}", _UNSAFE))
        elif not path.startswith(inside):
            found.append((("files", number, "path"), _outside(manifest, path), _UNSAFE))
    return found or [(("files", number, "path"), message, _UNSAFE) for number, message in _collisions(paths)]


def judge_names(paths: list[str]) -> list[tuple[int, str]]:
    """List what is unsafe about names relative to the frozen directory: position and message."""
    if all_fine(paths):
        return []
    found = [(number, reason) for number, path in enumerate(paths) if (reason := unsafe_reason(path))]
    return [(number, f"the name {_quoted(paths[number])} {reason}") for number, reason in found] or _collisions(paths)


def _collisions(paths: list[str]) -> list[tuple[int, str]]:
    pairs = collisions(paths)
    if not pairs:
        return []
    last = {path: number for number, path in enumerate(paths)}
    found: list[tuple[int, str]] = []
    for first, second in pairs:
        number = last.get(second)
        if number is None:  # a folder on the way
            number = next(n for n, path in enumerate(paths) if path.startswith(second + "/"))
        same = "stands twice" if first == second else f"and {_quoted(first)} are one name on some systems"
        found.append((number, f"the name {_quoted(second)} {same}"))
    return found


def _quoted(path: str) -> str:
    return f"'{printable(path if len(path) <= 200 else path[:197] + '...')}'"


def _outside(manifest: "Manifest", path: str) -> str:
    folder = folder_of(manifest.kind, manifest.name, manifest.version)
    where = f"below {manifest.prefix}/" if manifest.prefix else f"in a folder named {folder}/, relative to mlv.yaml"
    return f"the file {_quoted(path)} must stand {where}"
