"""Documents: the committed documents that a change wrote, and what is wrong with each. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from mlvgit.errors import DocumentError, Problem
from mlvgit.records.manifest import Manifest
from mlvgit.records.run import looks_like_run
from mlvgit.rules.delta import Delta

__all__ = ["CONFLICT", "Written", "in_conflict", "problems_of", "written_documents"]

CONFLICT = "conflict marker "
"""How the problem begins that an unfinished merge leaves in a document."""


class Written(NamedTuple):
    """A document that the change wrote.

    Attributes:
        kind: "manifest", "registry", "run" or "settings".
        error: why it cannot be read; None when it can.
    """

    kind: str
    path: str
    error: DocumentError | None


def problems_of(delta: Delta, code: str) -> Iterator[tuple[str, Problem]]:
    """Yield path and problem of all that is wrong with changed documents and is reported as `code`."""
    for written in written_documents(delta):
        for problem in written.error.problems if written.error else ():
            if problem.code == code:
                yield written.path, problem
        value = delta.after.document(written.kind, written.path).value
        for problem in value.list_problems() if isinstance(value, Manifest) else ():
            if problem.code == code:
                yield written.path, problem._replace(line=0, message=f"in its list of files: {problem.message}")


def in_conflict(delta: Delta, path: str) -> bool:
    """Say whether an unfinished merge stands in the manifest or registry at `path` after the change."""
    kind = next((kind for kind in ("manifest", "registry") if path.endswith(f"{kind}.json")), "")
    error = delta.after.document(kind, path).error if kind else None
    return error is not None and any(problem.message.startswith(CONFLICT) for problem in error.problems)


def written_documents(delta: Delta) -> Iterator[Written]:
    """Yield our documents that are new or changed; YAML without a `run_id` among the runs is not ours."""
    for path, place in delta.written.items():
        if place.kind in ("manifest", "course-manifest"):
            yield Written("manifest", path, delta.after.document("manifest", path).error)
        elif place.kind == "registry":
            yield Written("registry", path, delta.after.document("registry", path).error)
        elif place.kind == "run":
            error = delta.after.document("run", path).error
            if error is None or _is_run(delta, path):
                yield Written("run", path, error)
    for path in delta.settings_written:
        yield Written("settings", path, delta.after.document("settings", path).error)


def _is_run(delta: Delta, path: str) -> bool:
    try:
        return looks_like_run(delta.after.tree.read(path))
    except KeyError:
        return False
