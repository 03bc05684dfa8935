"""A change of `mlv.yaml` allows what was not allowed before, or one of `.gitattributes` has Git change frozen bytes.

What it finds:
    A new or longer exception, a higher limit, a stage that needs no tag or may hold several versions now, a transition
    that is no longer forbidden, a branch that is no longer protected, `mode: advise`, or folders that are no longer
    looked at; compared with the settings that stood on the protected branch before. What moves to another root
    is not to be judged more loosely there. And attributes by which Git would give other bytes at check out than those
    that were frozen: other line ends, an expanded `$Id$`, another encoding.

Why:
    Settings are judged by the settings before them. Whoever could loosen a rule and break it in one push could break
    any rule. Loosening one is a decision of the team, to be seen as such.

Example:
    exceptions: [{code: MLV101, path: "**", reason: "in a hurry"}]

Way out:
    Undo: `git checkout HEAD -- mlv.yaml`.
    Keep: put it in a push of its own, and give the reason, which is then shown in place of the refusal:
    `git -c mlv.override="REASON" push`. A server that judges asks for it as well, `-o mlv.override="REASON"`, and takes
    it only where its owner has said `git config mlv.allowOverride true` (and `receive.advertisePushOptions true`); CI
    takes it from `git -c mlv.override="REASON" mlv check BASE..HEAD`. Of attributes: a line after the one that is named
    leaves frozen bytes alone; what is frozen together with such a file is frozen again with `--storage store`.
"""

from collections.abc import Iterable, Iterator

from mlvgit.core.paths import is_within
from mlvgit.core.text import printable
from mlvgit.records.settings import Settings
from mlvgit.rules.catalog import Frozen
from mlvgit.rules.delta import Delta
from mlvgit.rules.freezing import published
from mlvgit.rules.model import Context, Conversion, Finding
from mlvgit.rules.wording import back, next_version, quoted


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find changed settings that allow more than the trusted ones."""
    broken = {error.path for error in delta.after.settings_errors}
    for root in delta.settings:
        path = delta.settings_path(root)
        for sentence in _taken_over(delta, root) if path not in broken else ():
            yield _finding(delta, context, path, sentence)
        if root not in context.trusted or path in broken:
            continue
        now = _only_protect(delta, context, root) if delta.begins(root) else _now(delta, root)
        for sentence in context.trusted[root].weakened_by(now):
            yield _finding(delta, context, path, sentence)
    yield from _converting(delta, context)
    for root, sources in _moved_into(delta).items():
        yield from _moved(delta, context, root, sources)


def _converting(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find frozen bytes that Git left alone before attribute files changed; a finding for each file that says so."""
    changed = [path for path in delta.changes if path.rpartition("/")[2] == ".gitattributes"]
    folders = [path.rpartition("/")[0] for path in changed]
    files = {
        file: thing
        for key in (delta.after.keys(root=None) if changed else ())
        if (thing := delta.after.frozen(key)) and any(_overlap(thing.directory, folder) for folder in folders)
        for file in delta.after.tree.below(thing.directory)
        if any(is_within(file, folder) for folder in folders)
    }
    if not files:
        return
    listed = [*files]
    before = context.converted(delta.before.tree, listed)
    by_source: dict[str, list[Conversion]] = {}
    for file, found in sorted(context.converted(delta.after.tree, listed).items()):
        if file not in before:
            by_source.setdefault(found.source or changed[0], []).append(found)
    for source, all_found in by_source.items():
        yield _conversion(delta, context, source, all_found, files[all_found[0].path])


def _conversion(delta: Delta, context: Context, source: str, found: list[Conversion], thing: Frozen) -> Finding:
    """Report what an attribute file converts; one that is frozen itself cannot be mended, only left behind."""
    first = found[0]
    finding = _finding(
        delta,
        context,
        source,
        f"Git would change the frozen bytes of {printable(first.path)} at check out ({printable(first.cause)})"
        + (f", and of {len(found) - 1} more" if len(found) > 1 else ""),
        f"put a line after it that leaves them alone: {printable(_from(source.rpartition('/')[0], first.path))} "
        "-text -ident -working-tree-encoding",
    )
    if not is_within(source, thing.directory):
        return finding._replace(line=first.line)
    key, directory = thing.key, quoted(thing.directory)
    version = next_version(delta.after, key)
    verb = f"snapshot create {key.name} {version} {directory}"
    if key.kind == "model":
        verb = f"model add {key.name} {version} {directory}/*"
    undo = () if published(context, key) else (f"git mlv discard {key}",)
    keep = (f"git mlv restore {key}", f"git mlv {verb} --storage store", *undo)
    return finding._replace(line=first.line, keep=keep, undo=undo, key=key)


def _from(folder: str, file: str) -> str:
    """Return the pattern, in an attribute file of `folder`, for all that lies in the folder of `file`."""
    inside = file.removeprefix(folder + "/") if folder else file
    return f"/{inside}".rpartition("/")[0] + "/**"


def _overlap(directory: str, folder: str) -> bool:
    return directory == folder or is_within(directory, folder) or is_within(folder, directory)


def _only_protect(delta: Delta, context: Context, root: str) -> Settings:
    """Return what settings that begin could weaken: those of the top say which branches the whole repository protects."""
    old = context.trusted[root]
    if root or not delta.before.keys():
        return old
    new = delta.after.root(root)
    return old._replace(protect=new.settings.protect) if new else old


def _moved_into(delta: Delta) -> dict[str, dict[str, None]]:
    """Return root -> the roots that frozen things came to it from."""
    found: dict[str, dict[str, None]] = {}
    for pair in delta.pairs:
        if pair.before and pair.after and pair.before.key.root != pair.after.key.root:
            found.setdefault(pair.after.key.root, {})[pair.before.key.root] = None
    return found


def _moved(delta: Delta, context: Context, root: str, sources: Iterable[str]) -> Iterator[Finding]:
    """Find what the settings of a root allow that those did not which judged the frozen things that moved to it."""
    new = delta.after.root(root)
    for source in sources:
        if new is None or source not in context.trusted:
            continue
        here = new.settings._replace(protect=context.trusted[source].protect)
        for sentence in context.trusted[source].weakened_by(here):
            yield _finding(delta, context, delta.settings_path(root), f"{sentence}, for what moved here")


def _taken_over(delta: Delta, root: str) -> Iterator[str]:
    """Say which folders of other roots these settings would come to judge."""
    new = delta.after.root(root)
    if new is None or delta.after.tree.entry(delta.settings_path(root)) is None:
        return
    for other in delta.after.roots:
        if other.layout.root == root or delta.before.root(other.layout.root) is None:
            continue
        for mine in new.layout.folders:
            for theirs in other.layout.folders:
                if mine == theirs or is_within(mine, theirs) or is_within(theirs, mine):
                    where = printable(other.layout.root or "the top of the repository")
                    yield f"{printable(mine)} would be judged by these settings, and is judged by those of {where}"


def _now(delta: Delta, root: str) -> Settings:
    """Return the settings that hold for what stood in `root`, following it when the whole root moved."""
    here = delta.after.root(root)
    entry = delta.before.tree.entry(delta.settings_path(root))
    if entry and delta.after.tree.entry(delta.settings_path(root)) is None and entry.oid:
        for other in delta.settings:
            moved = delta.changes[delta.settings_path(other)][1]
            if moved and moved.oid == entry.oid:
                here = delta.after.root(other)
    return here.settings if here else Settings()


def _finding(delta: Delta, context: Context, path: str, sentence: str, keep: str = "") -> Finding:
    accepted = f"; accepted: {printable(context.override)}" if context.override else ""
    return Finding(
        code="MLV108",
        path=path,
        message=f"{sentence}{accepted}",
        change=f"loosens {printable(path)}: {sentence}",
        keep=(
            (keep,)
            if keep
            else (
                'git -c mlv.override="REASON" push   # in a push of its own',
                'git -c mlv.override="REASON" push -o mlv.override="REASON"   # where the server judges pushes too',
            )
        ),
        undo=back(delta, context, path),
        severity="warning" if accepted else "error",
    )
