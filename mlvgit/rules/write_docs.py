"""Writes docs/rules.md from the documentation of the rules: `python -m mlvgit.rules.write_docs`."""

from mlvgit.rules.explain import Explanation, all_codes, explain

__all__ = ["main", "markdown"]

_HEAD = """\
# Rules

What `git mlv` refuses, and why. `git mlv explain CODE` prints the same. A rule that *refuses* stops the commit or the
push; one that *warns* says so and lets it pass. Only what a change does is judged: what was wrong before is listed by
`git mlv check --all`.

A team can agree to live with a finding: an entry below `exceptions` in `mlv.yaml` names the code, a path and a reason.
It counts from the moment when it stands on the protected branch.

| code | name | at commit | at push, in CI, on the server |
|---|---|---|---|
"""


def markdown() -> str:
    """Return the page about all rules."""
    rules = [explain(code) for code in all_codes()]
    rows = "".join(_row(rule) for rule in rules)
    return _HEAD + rows + "".join(_chapter(rule) for rule in rules)


def _row(rule: Explanation) -> str:
    anchor = f"{rule.code}-{rule.name}".lower()
    note = f" ({rule.note})" if rule.note else ""
    return f"| [{rule.code}](#{anchor}) | {rule.name} | {rule.at_commit or '-'} | {rule.at_push or '-'}{note} |\n"


def _chapter(rule: Explanation) -> str:
    parts = [f"\n## {rule.code} {rule.name}\n\n{rule.summary}\n"]
    for title, text in rule.sections:
        body = f"```\n{text}\n```" if title == "Example" else text
        parts.append(f"\n**{title}.**\n\n{body}\n")
    return "".join(parts)


def main(path: str) -> None:
    """Write the page to `path`."""
    from pathlib import Path  # the one file that this room writes, and only when it is run as a program

    Path(path).write_text(markdown(), encoding="utf-8")


if __name__ == "__main__":
    main("docs/rules.md")
