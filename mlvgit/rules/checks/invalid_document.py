"""A manifest, registry, run record or mlv.yaml cannot be read as one.

What it finds:
    Documents that do not fit their schema, with file, line and JSON path of all that is wrong; conflict markers,
    duplicate keys, NaN, wrong encodings; totals and identities that the entries do not give; a manifest or registry
    that names another thing than the place where it stands; a `manifest.json` that contradicts the snapshot's own
    manifest; a second record of one run. YAML among the runs that has no `run_id` is left alone.

Why:
    What cannot be read cannot be proved, and a registry that two programs read differently serves two models.

Example:
    git merge promote-b      # conflict in models/iris_clf/registry.json
    git commit -am "Merge"   # with <<<<<<< still in it

Way out:
    `git mlv merge --repair` mends a conflicted registry, and says what leads out where both sides froze something under
    one name and version. For the rest, the message names the line and what belongs there; mend it and `git add FILE`;
    `git checkout HEAD -- FILE` brings the last good document back, and `git mv` one that was moved or renamed.
"""

from collections.abc import Iterator

from mlvgit.core.text import printable
from mlvgit.records.layout import Key
from mlvgit.records.manifest import Manifest
from mlvgit.rules.delta import Delta
from mlvgit.rules.documents import CONFLICT, in_conflict, problems_of, written_documents
from mlvgit.rules.lookup import canonical
from mlvgit.rules.model import Context, Finding
from mlvgit.rules.wording import back, came_from, quoted


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find changed documents that are not sound."""
    seen: set[str] = set()
    for path, problem in problems_of(delta, "MLV106"):
        if problem.message.startswith(CONFLICT):
            if path in seen:
                continue  # one unfinished merge is one thing to mend, however many lines it left
            seen.add(path)
        yield _finding(delta, context, path, f"{problem.where}: {problem.message}", problem.line)
    for written in written_documents(delta):
        if written.error is None:
            message = _misplaced(delta, written.kind, written.path)
            if message:
                yield _finding(delta, context, written.path, message)


def _misplaced(delta: Delta, kind: str, path: str) -> str:
    """Say how a document contradicts the place where it stands, "" when it does not."""
    place = delta.after.place(path)
    value = delta.after.document(kind, path).value
    if isinstance(value, Manifest):
        contradicted = _contradicted(delta, path, value, place.key) if place.kind == "course-manifest" else ""
        return contradicted or _misplaced_manifest(value, place.key, course=place.kind == "course-manifest")
    twin = path.removesuffix(".yaml") + ".yml" if path.endswith(".yaml") else path.removesuffix(".yml") + ".yaml"
    if kind == "run" and delta.after.tree.entry(twin):
        return f"is a second record of run {printable(place.name)}, beside {printable(twin)}"
    name = getattr(value, "name", None) if kind == "registry" else getattr(value, "run_id", None)
    if name is not None and name != place.name:
        return f"names {printable(str(name))}, but stands where {printable(place.name)} does"
    return ""


def _contradicted(delta: Delta, path: str, manifest: Manifest, key: Key | None) -> str:
    """Say how a course manifest lists other files than the manifest that freezes the snapshot."""
    thing = delta.after.frozen(key) if key else None
    if thing is None or thing.manifest is None or thing.manifest_path == path:
        return ""
    same = thing.manifest.tree_sha256 == manifest.tree_sha256
    return "" if same else f"lists other files of {key} than {printable(thing.manifest_path)}, which freezes it"


def _misplaced_manifest(manifest: Manifest, key: Key | None, *, course: bool) -> str:
    if course:
        return "" if manifest.kind == "snapshot" else "is a model's manifest among the snapshots"
    if key is None:
        return ""
    written = Key(key.root, manifest.kind, manifest.name, manifest.version)
    if canonical(written) == canonical(key):
        return ""
    return f"names {manifest.kind} {written}, but stands where that of {key.kind} {key} does"


def _finding(delta: Delta, context: Context, path: str, message: str, line: int = 0) -> Finding:
    clash = in_conflict(delta, path)
    undo = () if clash and path.endswith("manifest.json") else back(delta, context, path)
    if clash:
        keep: tuple[str, ...] = ("git mlv merge --repair",)
    elif came_from(delta, path):  # what was to be renamed says MLV102; a registry stays with its model
        keep = undo if path.endswith("registry.json") else ()
    else:
        keep = (f"git add {quoted(path)}   # once it is mended",)
    return Finding(
        code="MLV106",
        path=path,
        line=line,
        message=message,
        change=f"writes {printable(path)} so that it cannot be read",
        keep=keep,
        undo=undo,
    )
