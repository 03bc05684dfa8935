"""Making a repository an mlv root: settings, attributes, and the guards of this clone."""

from typing import NamedTuple

from mlvgit.actions.project import Project, freeze_command
from mlvgit.repo.attributes import ignored
from mlvgit.store.atomic import write_atomic

__all__ = ["InitResult", "init"]

BLOCK_BEGIN = "# mlvgit: frozen bytes stay as they are"
BLOCK_END = "# mlvgit: end"


class InitResult(NamedTuple):
    """What `init` did and saw.

    Attributes:
        written: paths that it wrote and staged; empty on a second run.
        advice: (what was seen, the command that follows from it).
    """

    written: tuple[str, ...]
    advice: tuple[tuple[str, str], ...]


def init(project: Project, *, dry_run: bool = False) -> InitResult:
    """Write `mlv.yaml` and the attributes of our folders in the current root, and stage them.

    Raises:
        SettingsError: there is an mlv.yaml that cannot be read.
    """
    layout = project.layout
    written = []
    with project.alone("git mlv init"):
        settings = project.top / layout.settings_path
        if not settings.exists():
            written.append(layout.settings_path)
            if not dry_run:
                write_atomic(settings, _settings_text().encode())
        attributes = layout.absolute(".gitattributes")
        path = project.top / attributes
        before = path.read_text("utf-8", "surrogateescape") if path.exists() else ""
        after = _with_block(before, _block(project))
        if after != before:
            written.append(attributes)
            if not dry_run:
                write_atomic(path, after.encode("utf-8", "surrogateescape"))
        if not dry_run:
            index = project.repo.index_tree()
            known = index.read(attributes).decode("utf-8", "surrogateescape") if index.entry(attributes) else ""
            lacking = {layout.settings_path} if index.entry(layout.settings_path) is None else set()
            lacking |= {attributes} if _with_block(known, _block(project)) != known else set()
            project.repo.stage(sorted(lacking.union(written)), force=True)
        project.refresh()
    return InitResult(written=tuple(written), advice=tuple(_advice(project)))


def _settings_text() -> str:
    return """\
# Settings of mlvgit, for everyone who works here. Every key may be left out; see docs/formats.md.
# format: 1.0
# requires: ">=0.1"                 # the least version of mlvgit that may write here
# protect: [main, "release/*"]      # branches that publish; default: the remote's HEAD branch and release/*
# limits: {file_in_git: 10 MiB}     # larger files below our folders are refused
# stages:                           # these are the default; from: [staging] would forbid to skip a stage
#   dev: {}
#   staging: {tag: true}
#   production: {one: true, tag: true}
#   archived: {}
"""


def _block(project: Project) -> str:
    layout = project.layout
    relative = [layout.snapshots, layout.models, layout.runs]
    lines = [BLOCK_BEGIN]
    lines += [f"/{folder}/** -text -ident -working-tree-encoding" for folder in relative[:2]]
    lines += [f"/{relative[2]}/** -text", f"/{layout.models}/*/registry.json merge=mlv-registry", BLOCK_END]
    return "\n".join(lines) + "\n"


def _with_block(text: str, block: str) -> str:
    head, begin, rest = text.partition(BLOCK_BEGIN + "\n")
    if begin:
        _, end, tail = rest.partition(BLOCK_END + "\n")
        return head + block + (tail if end else "")
    return text + ("\n" if text and not text.endswith("\n") else "") + block


def _advice(project: Project) -> list[tuple[str, str]]:
    catalog = project.working()
    layout = project.layout
    root = catalog.root(project.root)
    advice = (
        [(f"{key} stands in its folder and is not frozen", freeze_command(key)) for key in catalog.unfrozen(root)]
        if root
        else []
    )
    probes = [
        layout.manifest(layout.snapshot_key("example", "v0.1")),
        layout.directory(layout.model_key("example", "v0.1.0")) + "/model.pkl",
        layout.run("example"),
        layout.absolute("env/requirements.lock"),
    ]
    advice += [
        (
            f"{found.source}:{found.line} ignores {found.path} ({found.pattern})",
            "our commands add their files all the same; `git add` by hand needs -f, or take that line out",
        )
        for found in ignored(project.repo, probes)
    ]
    return advice
