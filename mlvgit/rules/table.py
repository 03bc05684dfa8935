"""The table of rules: code -> name, check, and what it does at a commit and at a push. One literal."""

from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple

from mlvgit.rules.checks import (
    bytes_corrupt,
    bytes_missing,
    guard_weakened,
    invalid_document,
    large_file_in_git,
    manifest_changed,
    manifest_missing,
    manifest_stale,
    one_production,
    run_changed,
    run_dangling,
    run_disagrees,
    run_unlocked,
    snapshot_changed_in_place,
    tag_disagrees,
    tag_moved,
    unknown_stage,
    unsafe_path,
    untagged_release,
    version_removed,
    version_reused,
    version_unbacked,
)
from mlvgit.rules.delta import Delta
from mlvgit.rules.model import Context, Finding, Moment, Scope

__all__ = ["RULES", "Rule"]

Effect = Literal["refuses", "warns", ""]

_MODEL_WARNS: Final = "a model version warns at commit"
_REASON_GIVEN: Final = "warns at push when who guards the branch gave a reason"
_BEYOND_DEV: Final = "warns at push while the model version is in dev"
_ASKED_FOR: Final = "warns at push too unless mlv.yaml says run_lock: required"


class Rule(NamedTuple):
    """A rule.

    Attributes:
        code: `MLV101`.
        name: for people, in words joined by dashes.
        check: yields what it finds.
        at_commit, at_push: the most that it does; a finding of its own may be less. "" = it is not asked.
        scope: whether it judges what was altered, what there is now, or tags.
        note: when it does less.
    """

    code: str
    name: str
    check: Callable[[Delta, Context], Iterator[Finding]]
    at_commit: Effect
    at_push: Effect
    scope: Scope
    note: str = ""

    def effect(self, moment: Moment) -> Effect:
        """Return the most that the rule does at this moment."""
        return self.at_commit if moment == "commit" else self.at_push


RULES: Final = {
    rule.code: rule
    for rule in (
        Rule("MLV101", "snapshot-changed-in-place", snapshot_changed_in_place.check, "refuses", "refuses", "change"),
        Rule("MLV102", "manifest-changed", manifest_changed.check, "refuses", "refuses", "change"),
        Rule("MLV103", "manifest-stale", manifest_stale.check, "refuses", "refuses", "state"),
        Rule("MLV104", "manifest-missing", manifest_missing.check, "refuses", "refuses", "state", _MODEL_WARNS),
        Rule("MLV105", "unsafe-path", unsafe_path.check, "refuses", "refuses", "state"),
        Rule("MLV106", "invalid-document", invalid_document.check, "refuses", "refuses", "state"),
        Rule("MLV107", "large-file-in-git", large_file_in_git.check, "refuses", "refuses", "state"),
        Rule("MLV108", "guard-weakened", guard_weakened.check, "warns", "refuses", "state", _REASON_GIVEN),
        Rule("MLV201", "version-removed", version_removed.check, "refuses", "refuses", "change"),
        Rule("MLV202", "one-production", one_production.check, "refuses", "refuses", "state"),
        Rule("MLV203", "untagged-release", untagged_release.check, "warns", "refuses", "state"),
        Rule("MLV204", "version-unbacked", version_unbacked.check, "warns", "refuses", "state"),
        Rule("MLV205", "unknown-stage", unknown_stage.check, "refuses", "refuses", "state"),
        Rule("MLV206", "version-reused", version_reused.check, "refuses", "refuses", "change"),
        Rule("MLV301", "run-dangling", run_dangling.check, "warns", "refuses", "state", _BEYOND_DEV),
        Rule("MLV302", "run-unlocked", run_unlocked.check, "warns", "refuses", "state", _ASKED_FOR),
        Rule("MLV303", "run-disagrees", run_disagrees.check, "refuses", "refuses", "state"),
        Rule("MLV304", "run-changed", run_changed.check, "refuses", "refuses", "change"),
        Rule("MLV401", "bytes-missing", bytes_missing.check, "", "refuses", "state"),
        Rule("MLV402", "bytes-corrupt", bytes_corrupt.check, "", "refuses", "state"),
        Rule("MLV501", "tag-moved", tag_moved.check, "", "refuses", "tags"),
        Rule("MLV502", "tag-disagrees", tag_disagrees.check, "", "refuses", "tags"),
    )
}
"""Code -> rule, in the order of the documentation."""
