"""Two versions are in a stage that holds one.

What it finds:
    A registry with more than one version in a stage that `mlv.yaml` marks as `one` (`production`, by default).

Why:
    Nobody can say which model serves. Two branches that each promote a version merge cleanly as text and give exactly
    this.

Example:
    git merge promote-v0.2.0
    git merge promote-v0.3.0     # no conflict, two versions in production

Way out:
    `git mlv merge --repair --take iris_clf=v0.3.0` leaves the version that you name where it is and archives the other.
"""

from collections.abc import Iterator

from mlvgit.rules.delta import Delta
from mlvgit.rules.model import Context, Finding
from mlvgit.rules.standing import stage_named
from mlvgit.rules.wording import back


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find changed registries with too many versions in one stage."""
    for pair in delta.registries:
        stages: dict[str, list[str]] = {}
        for entry in pair.after.versions if pair.after else ():
            stages.setdefault(entry.stage, []).append(entry.version)
        for stage, versions in stages.items():
            rules = stage_named(delta, context, pair.root, stage)
            if len(versions) > 1 and rules is not None and rules.one:
                yield Finding(
                    code="MLV202",
                    path=pair.path,
                    message=f"{' and '.join(versions)} of {pair.model} are all in {stage}, which holds one version",
                    change=f"leaves {len(versions)} versions of {pair.model} in {stage}",
                    keep=tuple(_choices(pair.model, versions)),
                    undo=back(delta, context, pair.path),
                )


def _choices(model: str, versions: list[str]) -> Iterator[str]:
    for number, version in enumerate(reversed(versions)):
        yield f"git mlv merge --repair --take {model}={version}" + ("   # or this one" if number else "")
