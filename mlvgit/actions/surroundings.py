"""What surrounds the frozen things: Git and its formats, settings, attributes, ignore rules, tags that look like ours."""

import re
from collections.abc import Iterator
from typing import Final

from mlvgit import __version__
from mlvgit.actions.project import Project
from mlvgit.actions.staging import ways_past
from mlvgit.actions.storeplace import SETTING, open_store, remarks
from mlvgit.actions.symptoms import Symptom, bad, ok, warning
from mlvgit.core.references import is_model_name
from mlvgit.core.text import count, printable
from mlvgit.core.versions import is_model_version
from mlvgit.errors import MlvError
from mlvgit.records.layout import Layout
from mlvgit.repo.attributes import conversions, ignored
from mlvgit.repo.hookparts import DRIVER
from mlvgit.repo.repository import Repository
from mlvgit.repo.tags import list_model_tags
from mlvgit.rules.contents import pointer
from mlvgit.store.chunks import cutter

__all__ = ["documents", "files", "git_itself", "store", "tags"]

LEAST_GIT: Final = (2, 31)
MOST_SHOWN: Final = 5
_VERSION = re.compile(r"([0-9]+)\.([0-9]+)")
_STAGE_TAG = re.compile(r"[^#@]+#[A-Za-z0-9_-]+(?:#[0-9]+)?|[^@]+@deprecated(?:#[0-9]+)?")


# The store


def store(repo: Repository) -> Iterator[Symptom]:
    """Look at the store that `git config mlv.store` names, and at what is said of it."""
    said = repo.config(SETTING)
    try:
        folder = open_store(repo).folder
    except MlvError as error:
        yield bad("store", printable(error.message), error.hint)
        return
    if said:
        yield ok("store", f"git config {SETTING}: {printable(str(folder))}")
    for remark in remarks(repo):
        yield ok("store", printable(remark))
    if cutter() is None:
        yield warning(
            "store",
            "new versions of large files are stored and sent whole: pyfastcdc, or its compiled form, is missing",
            "pip install --force-reinstall 'pyfastcdc>=0.3.1,<0.4'",
        )


# Git


def git_itself(repo: Repository) -> Iterator[Symptom]:
    """Look at Git's version, its formats, and what makes history look other than it is."""
    version = repo.git.text("version").removeprefix("git version ")
    numbers = _VERSION.search(version)
    formats = f"objects {repo.object_format}, index {_index_format(repo)}, refs {_ref_format(repo)}"
    if numbers and (int(numbers[1]), int(numbers[2])) < LEAST_GIT:
        least = ".".join(map(str, LEAST_GIT))
        yield bad("git", f"Git {version} is older than {least}", "install a newer Git: https://git-scm.com/downloads")
    else:
        yield ok("git", f"Git {version}; {formats}")
    replaced = repo.git.text("for-each-ref", "--format=%(refname)", "refs/replace/").split()
    if replaced:
        text = f"{count(len(replaced), 'object')} replaced: Git shows other history than is pushed; mlvgit ignores that"
        yield warning("git", text, f"git replace -d {replaced[0].removeprefix('refs/replace/')}")
    if (repo.common_dir / "info" / "grafts").exists():
        yield warning("git", "grafts change what history looks like", "git replace --convert-graft-file")
    if repo.is_shallow():
        yield warning(
            "git", "history is cut off here: what came before is unknown, not missing", "git fetch --unshallow"
        )
    if repo.config("extensions.partialclone") or any(
        repo.config(key) == "true" for key in repo.config_keys("remote.") if key.endswith(".promisor")
    ):
        yield warning(
            "git", "a partial clone: objects that were not fetched are unknown", "git fetch --refetch --no-filter"
        )
    if repo.config("core.sparsecheckout") == "true":
        yield warning(
            "git", "a sparse checkout: frozen files outside of it are not on disk", "git sparse-checkout list"
        )


def _index_format(repo: Repository) -> str:
    if repo.is_bare:
        return "none"
    path = repo.git.text("rev-parse", "--path-format=absolute", "--git-path", "index")
    try:
        with open(path, "rb") as file:
            head = file.read(8)
    except OSError:
        return "none yet"
    split = ", split" if list(repo.git_dir.glob("sharedindex.*")) else ""
    return f"v{int.from_bytes(head[4:8])}{split}" if head[:4] == b"DIRC" else "of an unknown kind"


def _ref_format(repo: Repository) -> str:
    return repo.config("extensions.refstorage") or "files"


# Settings


def documents(project: Project) -> Iterator[Symptom]:
    """Look at mlv.yaml: is it there, can it be read, which program does it ask for."""
    catalog = project.working()
    for error in catalog.settings_errors:
        for line in error.message.split("\n"):
            yield bad("settings", line, "edit it: while it cannot be read, nothing is judged by it")
    for root in catalog.roots:
        layout, settings = root.layout, root.settings
        if catalog.tree.entry(layout.settings_path) is None:
            if layout.root == project.root:
                yield warning("settings", "there is no mlv.yaml here: the defaults hold", "git mlv init")
            continue
        if not settings.satisfied_by(__version__):
            text = f"{layout.settings_path} requires mlvgit {settings.requires}, this is {__version__}"
            yield bad("settings", text, f"pip install 'mlvgit>={settings.requires}'")
        elif not any(error.path == layout.settings_path for error in catalog.settings_errors):
            yield ok("settings", f"{layout.settings_path} can be read")
        if settings.mode == "advise":
            text = f"{layout.settings_path} says mode: advise: what is wrong is told at commit, and not refused"
            yield warning("settings", text, f"take `mode: advise` out of {layout.settings_path}")


# Files


def files(project: Project) -> Iterator[Symptom]:
    """Look at attributes that change frozen bytes, and at rules that hide them; not in a bare repository."""
    layout = project.settings_or_default.layout(project.root)
    probes = _probes(layout)
    yield from _conversions(project, [*probes, *_samples(project, layout)])
    yield from _attributes(project, layout, probes)
    hidden = ignored(project.repo, probes)
    for found in hidden[:MOST_SHOWN]:
        text = f"{found.source}:{found.line} ({found.pattern}) hides {found.path} and the like from `git add`"
        yield warning("ignored", text, f"take that line out, or `git add -f`: our commands do; {found.source}")
    if not hidden:
        yield ok("ignored", "no ignore rule hides our folders")


def _probes(layout: Layout) -> list[str]:
    return [
        layout.directory(layout.snapshot_key("example", "v0.1")) + "/data.csv",
        layout.manifest(layout.snapshot_key("example", "v0.1")),
        layout.directory(layout.model_key("example", "v0.1.0")) + "/model.pkl",
        layout.manifest(layout.model_key("example", "v0.1.0")),
        layout.registry("example"),
        layout.run("example"),
    ]


def _samples(project: Project, layout: Layout) -> list[str]:
    """Return one committed file for each folder and ending."""
    head = project.committed()
    found: dict[tuple[str, str], str] = {}
    for folder in layout.folders[:2]:
        for path in head.tree.below(folder):
            parent, _, name = path.rpartition("/")
            found.setdefault((parent, name.rpartition(".")[2]), path)
    return list(found.values())[:1000]


def _conversions(project: Project, paths: list[str]) -> Iterator[Symptom]:
    tree = project.committed().tree
    found = [
        each
        for each in conversions(project.repo, paths)
        if not (each.attribute == "filter=lfs" and tree.entry(each.path) and pointer(tree.read(each.path)))
    ]  # what Git holds as a pointer counts as its bytes
    for each in found[:MOST_SHOWN]:
        text = f"Git would change the bytes of {each.path} and the like: {each.attribute} ({each.cause})"
        if each.attribute.startswith("filter="):
            yield warning("attributes", text, "; or ".join(ways_past(project, each)))
        else:
            yield bad("attributes", text, "git mlv init   (and take that line out, when it stands below our folders)")


def _attributes(project: Project, layout: Layout, probes: list[str]) -> Iterator[Symptom]:
    asked = b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in probes)
    words = project.repo.git.lines0("check-attr", "-z", "--stdin", "text", "merge", input=asked)
    said = {(path, name): value for path, name, value in zip(words[::3], words[1::3], words[2::3], strict=True)}
    if any(said[path, "text"] != "unset" for path in probes):
        text = "our folders are not marked -text: another clone's core.autocrlf may change frozen bytes"
        yield warning("attributes", text, "git mlv init")
    else:
        yield ok("attributes", "no conversion touches our folders (-text)")
    registry = layout.registry("example")
    if said[registry, "merge"] != DRIVER:
        yield warning("attributes", "registries are merged as text: two promotions may merge cleanly", "git mlv init")
    elif not project.repo.config(f"merge.{DRIVER}.driver"):
        yield warning("attributes", "the registry's merge driver is not installed in this clone", "git mlv install")
    else:
        yield ok("attributes", "registries are merged by their entries")


# Tags


def tags(project: Project) -> Iterator[Symptom]:
    """Look for tags that look like model tags and are not ours, and for GTO's."""
    repo = project.repo
    listed = repo.git.text("for-each-ref", "--format=%(refname)", "refs/tags/").split("\n")
    names = [ref.removeprefix("refs/tags/") for ref in listed if ref]
    looking = [name for name in names if _looks_like_ours(name)]
    ours = {tag.name for tag in list_model_tags(repo)} if looking else set()
    foreign = [name for name in looking if name not in ours]
    if ours:
        yield ok("tags", count(len(ours), "model tag"))
    if foreign:
        text = f"{count(len(foreign), 'tag')} named like a model tag and not one (lightweight, or without Mlv-Model): "
        mend = "left alone and never counted; the next version gets a tag by git mlv tag-model MODEL VERSION"
        yield warning("tags", text + _some(foreign), mend)
    stages = [name for name in names if _STAGE_TAG.fullmatch(name)]
    if stages:
        yield ok("tags", f"{count(len(stages), 'tag')} of GTO, left alone: {_some(stages)}")


def _looks_like_ours(name: str) -> bool:
    model, at, version = name.rpartition("=")[2].partition("@")
    return bool(at) and is_model_name(model) and is_model_version(version)


def _some(names: list[str]) -> str:
    shown = ", ".join(printable(name) for name in names[:MOST_SHOWN])
    return shown + (f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else "")
