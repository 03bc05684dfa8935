"""Model tags: the annotated tag that vouches for a model version, made and checked."""

from typing import NamedTuple

from mlvgit.actions.project import Project, freeze_command
from mlvgit.actions.registering import entry_for
from mlvgit.actions.verify import committed_differences
from mlvgit.core.digest import of_bytes
from mlvgit.core.text import nearest
from mlvgit.errors import IntegrityError, RefusedError, UsageError
from mlvgit.records.layout import Key
from mlvgit.repo.tags import ModelTag, create_tag, read_tag, tag_message, tag_ref_name
from mlvgit.rules.catalog import Catalog, Frozen

__all__ = ["TagResult", "find_tag", "tag_model", "vouches_for"]


class TagResult(NamedTuple):
    """What tagging did.

    Attributes:
        tag: the tag, read back.
        already: it was there, and says the same.
        stage: the one that the version is in.
    """

    tag: ModelTag
    already: bool
    stage: str


def find_tag(project: Project, key: Key) -> ModelTag | None:
    """Return the model tag of `key`; None when there is none of ours."""
    return read_tag(project.repo, "refs/tags/" + tag_ref_name(key.root, key.name, key.version))


def vouches_for(tag: ModelTag, frozen: Frozen | None) -> bool:
    """Say whether a tag stands under its own name, on a commit that is here, and vouches for what is frozen."""
    named = tag.name == tag.header_name == tag_ref_name(tag.root, tag.model, tag.version)
    manifest = frozen.manifest if frozen else None
    return named and bool(tag.commit) and manifest is not None and manifest.tree_sha256 == tag.tree_sha256


def _refuse_other_tag(project: Project, key: Key, name: str) -> None:
    if project.repo.resolve(f"refs/tags/{name}"):
        raise RefusedError(
            f"the tag {name} exists and is no model tag: it does not say what it vouches for",
            hint=f"git tag -d {name} && git mlv tag-model {key.name} {key.version}   (when it is pushed: the next version)",
        )


def _not_frozen(project: Project, catalog: Catalog, key: Key, commit: str) -> UsageError:
    known = catalog.models(project.root)
    near = "" if key.name in known else nearest(key.name, known)
    standing = project.working().frozen(key)
    hint = f"git commit   (its manifest is not in {commit} yet)" if standing else freeze_command(key)
    return UsageError(f"{commit} has no frozen {key}", hint=f"did you mean {near}?" if near else hint)


def tag_model(
    project: Project, model: str, version: str, *, commit: str = "HEAD", sign: bool = False, note: str = ""
) -> TagResult:
    """Tag the commit that holds a model version.

    Raises:
        UsageError: the commit does not hold the version.
        RefusedError: the tag exists and vouches for something else.
        IntegrityError: the committed bytes are not what the manifest says.
    """
    oid = project.repo.resolve(commit)
    if oid is None:
        hint = "commit the version first: git commit" if commit == "HEAD" else "git log --oneline"
        raise UsageError(f"{commit} is not a commit here", hint=hint)
    catalog = project.committed(oid)
    key = project.layout.model_key(model, version)
    frozen = catalog.frozen(key)
    if frozen is None:
        raise _not_frozen(project, catalog, key, commit)
    if frozen.manifest is None:
        raise frozen.error or UsageError(f"{frozen.manifest_path} cannot be read")
    differences = committed_differences(project, catalog, frozen)
    if differences:
        raise IntegrityError(f"{key} is not what its manifest says: {differences[0]}", hint=f"git mlv verify {key}")
    name = tag_ref_name(key.root, key.name, key.version)
    _, entry = entry_for(catalog, key)
    with project.alone("git mlv tag-model"):
        existing = find_tag(project, key)
        if existing is not None:
            if sign and not existing.signed:
                raise RefusedError(f"the tag {name} exists and is not signed", hint="a version is tagged once")
            if existing.tree_sha256 == frozen.manifest.tree_sha256:
                return TagResult(tag=existing, already=True, stage=entry.stage)
            raise RefusedError(
                f"the tag {name} exists and vouches for other bytes",
                hint=f"git tag -d {name} && git fetch --tags   (when it was never pushed; else add the next version)",
            )
        _refuse_other_tag(project, key, name)
        message = tag_message(
            model=key.name,
            version=key.version,
            manifest_sha256=of_bytes(catalog.tree.read(frozen.manifest_path)).sha256,
            tree_sha256=frozen.manifest.tree_sha256,
            run=entry.run,
            data=entry.data_snapshots or frozen.manifest.derived_from,
            sentence=note,
        )
        create_tag(project.repo, name, oid, message, sign=sign)
    tag = find_tag(project, key)
    if tag is None or tag.tree_sha256 != frozen.manifest.tree_sha256:
        raise IntegrityError(f"the tag {name} does not read back as it was written")
    return TagResult(tag=tag, already=False, stage=entry.stage)
