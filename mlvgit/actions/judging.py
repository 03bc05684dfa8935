"""What every guard needs: reports, trusted settings, local tags, the difference of two trees."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from mlvgit.actions.findings import render, summary
from mlvgit.actions.project import Project
from mlvgit.records.layout import Key
from mlvgit.records.settings import Settings
from mlvgit.repo.repository import Repository
from mlvgit.repo.tags import read_tag, tag_ref_name
from mlvgit.rules.catalog import Catalog
from mlvgit.rules.delta import Delta
from mlvgit.rules.model import Finding

__all__ = [
    "Report",
    "commit_known",
    "delta_between",
    "empty",
    "local_tags",
    "make_report",
    "protect_patterns",
    "trusted_settings",
]


class Report(NamedTuple):
    """What a guard found.

    Attributes:
        findings: errors and warnings.
        text: ready for a person; "" when there is nothing to say.
        base: what a refused push is to be mended from: what the receiver has; "" when it has nothing.
        notes: what could not be known.
    """

    findings: list[Finding]
    text: str
    base: str = ""
    notes: tuple[str, ...] = ()

    @property
    def errors(self) -> int:
        """How many findings refuse."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many findings only warn."""
        return len(self.findings) - self.errors


def make_report(
    findings: Iterable[Finding],
    verdict: str,
    way_out: str = "",
    base: str = "",
    remote: str = "",
    branch: str = "",
    notes: tuple[str, ...] = (),
) -> Report:
    """Make a report.

    Args:
        verdict: what follows from errors, such as "commit refused".
        base: what `@{upstream}` stands for in commands; "" leaves it as it is.
        remote: what REMOTE stands for.
        branch: what BRANCH stands for: refspecs.
        notes: what is to be said besides.
    """
    told = "\n".join(f"mlv: {note}" for note in dict.fromkeys(notes))
    distinct = list(dict.fromkeys(_pasteable(finding, base, remote, branch) for finding in findings))
    if not distinct:
        return Report([], told, notes=notes)
    refused = any(finding.severity == "error" for finding in distinct)
    heading = f"mlv: {verdict}: {summary(distinct)}" if refused else f"mlv: {summary(distinct)}"
    text = render(distinct, heading=heading, way_out=way_out)
    return Report(distinct, f"{text}\n{told}" if told else text, base, notes)


def _pasteable(finding: Finding, base: str, remote: str, branch: str) -> Finding:
    words = {word: text for word, text in (("REMOTE", remote), ("BRANCH", branch)) if text}

    def filled(commands: tuple[str, ...]) -> tuple[str, ...]:
        if base:
            commands = tuple(command.replace("@{upstream}", base[:12]) for command in commands)
        for word, text in words.items():
            commands = tuple(command.replace(f" {word} ", f" {text} ") for command in commands)
        return commands

    return finding._replace(keep=filled(finding.keep), undo=filled(finding.undo))


def trusted_settings(catalog: Catalog) -> dict[str, Settings]:
    """Return the settings that judge a change of what `catalog` says, root -> settings."""
    return {root.layout.root: root.settings for root in catalog.roots}


def protect_patterns(trusted: Mapping[str, Settings]) -> tuple[str, ...]:
    """Return the patterns of protected branches, none for the usual ones."""
    top = trusted.get("")
    return tuple(top.protect) if top else ()


def local_tags(repo: Repository) -> Callable[[Key], frozenset[str]]:
    """Return a function from a model version to the identities that model tags in this repository vouch for."""

    def tagged(key: Key) -> frozenset[str]:
        tag = read_tag(repo, "refs/tags/" + tag_ref_name(key.root, key.name, key.version))
        return frozenset({tag.tree_sha256} if tag else ())

    return tagged


def commit_known(repo: Repository, oid: str) -> bool | None:
    """Say whether a commit is here; None when history is cut off before it may come."""
    if repo.resolve(oid) is not None:
        return True
    return None if repo.is_shallow() else False


def empty(project: Project) -> Catalog:
    """Return what stood before there was anything."""
    return Catalog(project.repo.empty_tree())


def delta_between(project: Project, before: Catalog, after: Catalog) -> Delta:
    """Return what changed from one catalog to another."""
    return Delta(before, after, project.repo.changes(before.tree, after.tree))
