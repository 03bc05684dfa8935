"""Numbers that somebody else took first: which of ours a remote has with other files, and how both are kept."""

from collections.abc import Iterable

from mlvgit.actions.clashes import contested, who_serves
from mlvgit.actions.project import Project
from mlvgit.actions.published import published_by, tags_of
from mlvgit.actions.pushed_tags import remote_tags
from mlvgit.records.layout import Key
from mlvgit.repo.conflicts import Commits
from mlvgit.repo.history import merge_bases, protected_refs
from mlvgit.repo.tags import list_model_tags
from mlvgit.rules.wording import free_version, make_room

__all__ = ["frozen_otherwise", "room_for_both", "tagged_otherwise"]


def tagged_otherwise(project: Project, remote: str, names: Iterable[str]) -> Key | None:
    """Return the first of our versions, by its tag's name, for which a remote has a tag that vouches for other files.

    What a protected branch has as we do is not meant: then it is that tag which is wrong.
    """
    ours = {tag.name: tag.key for tag in list_model_tags(project.repo)}
    there = remote_tags(project.repo, remote)
    tips = protected_refs(project.repo, project.settings_or_default.protect).values()
    published = published_by(project, tips, with_tags=False)
    for key in (ours[name] for name in names if name in ours):
        mine, theirs = _identity(project, key), there(key)
        if mine and theirs and mine not in theirs | published(key):
            return key
    return None


def frozen_otherwise(project: Project, tip: str) -> Key | None:
    """Return the first version that HEAD and `tip` froze with other files since they parted."""
    head = project.repo.head()
    if head is None:
        return None
    base = next(iter(merge_bases(project.repo, head, tip)), "")
    for path in contested(project, Commits(base, head, tip), {}):
        key = project.committed().place(path).key
        mine = _identity(project, key) if key else ""
        theirs = _identity(project, key, tip) if key else ""
        if key and mine and theirs and mine != theirs:
            return key
    return None


def room_for_both(project: Project, key: Key, remote: str, join: str, tip: str = "") -> tuple[str, ...]:
    """Return the commands that give ours another number, and push it.

    Args:
        join: brings both sides together; "" when nothing does.
        tip: what the remote's branch holds, as far as it is known here.
    """
    there = remote_tags(project.repo, remote)
    catalogs = [project.committed(commit) for commit in (None, *([tip] if tip else []))]
    version = free_version(key, *catalogs, taken=lambda other: other.kind == "model" and bool(there(other)))
    tags = [tag.key for tag in tags_of(project, key, _identity(project, key))]
    decide = who_serves(project, key, version, project.repo.head() or "", tip) if tip else ()
    return (*make_room(key, version, untag=tags, join=join, retag=tags, decide=decide), "git mlv push")


def _identity(project: Project, key: Key, commit: str | None = None) -> str:
    frozen = project.committed(commit).frozen(key)
    return frozen.manifest.tree_sha256 if frozen and frozen.manifest else ""
