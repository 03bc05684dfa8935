"""Model tags of a push: what it does to them, and what they vouch for on the receiver before and after."""

from collections.abc import Callable, Sequence

from mlvgit.actions.judging import local_tags
from mlvgit.actions.project import Project
from mlvgit.errors import GitError
from mlvgit.records.layout import Key
from mlvgit.repo.history import RefChange, is_zero
from mlvgit.repo.repository import Repository
from mlvgit.repo.tags import read_tag, tag_ref_name
from mlvgit.rules.model import TagMove

__all__ = ["remote_tags", "tag_move", "tagged_after", "tags_here_or_there"]


def tag_move(project: Project, line: RefChange) -> TagMove | None:
    """Return what a line of a push does to a model tag, None when it is about none of ours."""
    repo = project.repo
    before = None if is_zero(line.remote_oid) else read_tag(repo, line.remote_oid, line.remote_ref)
    after = None if is_zero(line.local_oid) else read_tag(repo, line.local_oid, line.remote_ref)
    if before is None and after is None:
        return None
    return TagMove(
        ref=line.remote_ref,
        before=before.facts() if before else None,
        after=after.facts() if after else None,
        tree=project.committed(after.commit).tree if after else None,
    )


def tagged_after(before: Callable[[Key], frozenset[str]], moves: Sequence[TagMove]) -> Callable[[Key], frozenset[str]]:
    """Return what the model tags of the receiver vouch for once `moves` were made, given what they did before."""

    def tagged(key: Key) -> frozenset[str]:
        ref = "refs/tags/" + tag_ref_name(key.root, key.name, key.version)
        for move in moves:
            if move.ref == ref:
                return frozenset({move.after.tree_sha256} if move.after else ())
        return before(key)

    return tagged


def remote_tags(repo: Repository, remote: str) -> Callable[[Key], frozenset[str]]:
    """Ask the remote for one tag, and only when a rule wants to know: what is here may never have been pushed."""

    def tagged(key: Key) -> frozenset[str]:
        ref = "refs/tags/" + tag_ref_name(key.root, key.name, key.version)
        try:
            answer = repo.git.text("ls-remote", "--", remote, ref)
            oid = next((line.partition("\t")[0] for line in answer.splitlines() if line.endswith("\t" + ref)), "")
            if oid and repo.object(oid) is None:  # a colleague's, that was not fetched with the branch
                repo.git.run("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", remote, ref)
        except GitError:
            return frozenset()
        tag = read_tag(repo, oid) if oid else None
        return frozenset({tag.tree_sha256} if tag else ())

    return tagged


def tags_here_or_there(repo: Repository) -> Callable[[Key], frozenset[str]]:
    """Return what model tags vouch for: those here, else those of the remote."""
    here = local_tags(repo)

    def tagged(key: Key) -> frozenset[str]:
        found = here(key)
        if not found and repo.config("remote.origin.url"):
            return remote_tags(repo, "origin")(key)
        return found

    return tagged
