"""Findings as text: five lines a refusal, for a terminal or a hook's standard error."""

from collections import Counter
from collections.abc import Sequence

from mlvgit.core.text import count, printable
from mlvgit.rules.model import Finding

__all__ = ["render", "summary"]

MOST_SHOWN = 20
MOST_ALIKE = 3
"""Of more findings of one rule about one frozen thing than are shown at all."""


def render(findings: Sequence[Finding], *, heading: str = "", way_out: str = "") -> str:
    """Write `findings` for a person, errors first, then the way out of the state that Git is in."""
    ordered = sorted(findings, key=lambda finding: (finding.severity != "error", finding.path, finding.code))
    lines = [heading] if heading else []
    alike = Counter(map(_kind, findings))
    told: Counter[tuple[str, str, str]] = Counter()
    shown = 0
    for finding in ordered:
        kind = _kind(finding)
        told[kind] += 1
        rest = alike[kind] - MOST_ALIKE if finding.key and alike[kind] > MOST_SHOWN else 0
        if rest and told[kind] > MOST_ALIKE:
            if told[kind] == MOST_ALIKE + 1:
                lines.append(f"{finding.severity} {finding.code} ... and {count(rest, 'more file')} of {finding.key}")
            continue
        shown += 1
        if shown <= MOST_SHOWN:
            lines += _one(finding)
    if shown > MOST_SHOWN:
        lines.append(f"... and {count(shown - MOST_SHOWN, 'more finding')}: git mlv check --format json lists all")
    if way_out and any(finding.severity == "error" for finding in findings):
        lines += ["", way_out.rstrip("\n")]
    return "\n".join(lines)


def _kind(finding: Finding) -> tuple[str, str, str]:
    return finding.severity, finding.code, str(finding.key)


def summary(findings: Sequence[Finding]) -> str:
    """Count errors and warnings in words."""
    errors = sum(finding.severity == "error" for finding in findings)
    parts = [count(errors, "error")] if errors else []
    if len(findings) > errors:
        parts.append(count(len(findings) - errors, "warning"))
    return ", ".join(parts) or "no findings"


def _one(finding: Finding) -> list[str]:
    where = printable(finding.path) + (f":{finding.line}" if finding.line else "")
    lines = [f"{finding.severity} {finding.code} {where}: {printable(finding.message)}".replace(" : ", ": ")]
    for label, texts in (
        ("frozen", [finding.frozen] if finding.frozen else []),
        ("change", [finding.change] if finding.change else []),
        ("keep it", list(finding.keep)),
        ("undo it", list(finding.undo)),
        ("used by", [", ".join(finding.users)] if finding.users else []),
    ):
        lines += [f"  {label + ':' if number == 0 else '':<9}{printable(text)}" for number, text in enumerate(texts)]
    return lines
