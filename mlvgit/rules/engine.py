"""The engine: every rule over one change, or over a merge seen from each of its parents. Pure.

Several deltas are several parents of a merge, or several merge bases of a push. What a merge alters counts when any
parent had it otherwise; what a merge leaves wrong counts only when no parent was wrong in the same way before: that is
a debt, and not this merge's fault.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mlvgit.core.paths import is_within
from mlvgit.rules.catalog import Catalog
from mlvgit.rules.delta import Delta, everything
from mlvgit.rules.model import Context, EmptyTree, Finding
from mlvgit.rules.table import RULES, Rule

__all__ = ["judge", "state_findings"]


class _Mark(NamedTuple):
    """What makes two findings of two parents one."""

    code: str
    path: str
    line: int
    message: str


def judge(deltas: Sequence[Delta], context: Context) -> list[Finding]:
    """Say what a change broke.

    Args:
        deltas: the change as seen from each parent, or merge base; with the same `after`. None at all when only tags
            are pushed.
        context: what the trees do not tell.

    Returns:
        All findings, sorted by path, line and code, with the severity that holds at `context.moment`; without those
        that the trusted settings except.
    """
    seen = list(deltas) or [Delta(Catalog(EmptyTree()), Catalog(EmptyTree()), {})]
    found: dict[_Mark, Finding] = {}
    for rule in RULES.values():
        if rule.effect(context.moment) and (not context.only or rule.code in context.only):
            found.update(_run(rule, seen, context))
    kept = []
    for finding in found.values():
        root = _root_of(finding, seen[0])
        if not _is_exempted(finding, root, context):
            kept.append(_weigh(finding, root, context))
    return sorted(
        _without_echoes(kept), key=lambda finding: (finding.path, finding.line, finding.code, finding.message)
    )


def state_findings(catalog: Catalog, context: Context) -> list[Finding]:
    """Say all that is wrong in one tree, however long it has been there: `check --all`."""
    return judge([everything(catalog)], context)


def _run(rule: Rule, deltas: list[Delta], context: Context) -> Iterator[tuple[_Mark, Finding]]:
    rounds = [
        {_mark(finding): finding for finding in rule.check(delta, context)}
        for delta in (deltas[:1] if rule.scope == "tags" else deltas)
    ]
    for one in rounds:
        for mark, finding in one.items():
            if rule.scope != "state" or all(mark in other for other in rounds):
                yield mark, finding


def _mark(finding: Finding) -> _Mark:
    return _Mark(finding.code, finding.path, finding.line, finding.message)


def _weigh(finding: Finding, root: str, context: Context) -> Finding:
    refuses = RULES[finding.code].effect(context.moment) == "refuses" and finding.severity == "error"
    if refuses and context.moment == "commit":
        refuses = context.settings(root).mode != "advise"
    return finding._replace(severity="error" if refuses else "warning")


def _is_exempted(finding: Finding, root: str, context: Context) -> bool:
    relative = finding.path[len(root) + 1 :] if root else finding.path
    return context.settings(root).exempted(finding.code, relative, context.today) is not None


def _root_of(finding: Finding, delta: Delta) -> str:
    """Return the root whose settings a finding is weighed by: of its key, else the one that knows its path."""
    if finding.key is not None and is_within(finding.path, finding.key.root):
        return finding.key.root
    catalog = delta.after if delta.after.tree.entry(finding.path) else delta.before
    return catalog.claim(finding.path)[0].layout.root


def _without_echoes(findings: list[Finding]) -> list[Finding]:
    """Drop what is the same news twice: a file changed in place makes its manifest stale, one removed is missing.

    What a registry that names another model says about stages is no news about this one.
    """
    altered = {("MLV103", finding.path) for finding in findings if finding.code == "MLV101"}
    removed = {("MLV104", str(finding.key)) for finding in findings if finding.code == "MLV102"}
    unsound = {finding.path for finding in findings if finding.code == "MLV106"}
    misread = {(code, path) for code in ("MLV203", "MLV204") for path in unsound}
    return [
        finding
        for finding in findings
        if (finding.code, finding.path) not in altered | misread and (finding.code, str(finding.key)) not in removed
    ]
