"""Findings as text: five lines a refusal, for a terminal or a hook's standard error."""

from collections.abc import Sequence

from mlvgit.core.text import count, printable
from mlvgit.rules.model import Finding

__all__ = ["render", "summary"]

MOST_SHOWN = 20


def render(findings: Sequence[Finding], *, heading: str = "", way_out: str = "") -> str:
    """Write `findings` for a person, errors first, then the way out of the state that Git is in."""
    ordered = sorted(findings, key=lambda finding: (finding.severity != "error", finding.path, finding.code))
    lines = [heading] if heading else []
    for finding in ordered[:MOST_SHOWN]:
        lines += _one(finding)
    if len(ordered) > MOST_SHOWN:
        lines.append(f"... and {count(len(ordered) - MOST_SHOWN, 'more finding')}: git mlv check")
    if way_out and any(finding.severity == "error" for finding in findings):
        lines += ["", way_out.rstrip("\n")]
    return "\n".join(lines)


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
