"""Findings for people and machines: text, JSON, SARIF, GitHub's annotations; and the rules explained."""

import json
from collections.abc import Iterator
from typing import Any

from mlvgit import __version__
from mlvgit.actions.guards import Report
from mlvgit.cli.output import Output
from mlvgit.core.text import printable
from mlvgit.records.layout import SETTINGS_NAME
from mlvgit.rules.explain import all_codes, explain
from mlvgit.rules.model import Finding

__all__ = ["present_explanation", "present_findings", "present_rules", "sarif"]

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def present_findings(report: Report, form: str, output: Output) -> None:
    """Print what a check found in the form that was asked for."""
    if form == "text":
        output.say(report.text or "no findings")
    elif form == "json":
        _print_json(
            {
                "errors": report.errors,
                "warnings": report.warnings,
                "findings": [_plain(each) for each in report.findings],
                "notes": list(report.notes),
            },
            output,
        )
    elif form == "github":
        for line in _annotations(report):
            output.raw(line)
    else:
        _print_json(sarif(report), output)


def _print_json(value: dict[str, Any], output: Output) -> None:
    output.raw(json.dumps(value, indent=2, ensure_ascii=True))


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "rule": explain(finding.code).name,
        "severity": finding.severity,
        "path": finding.path,
        "line": finding.line,
        "ref": str(finding.key) if finding.key else "",
        "message": finding.message,
        "frozen": finding.frozen,
        "change": finding.change,
        "keep": list(finding.keep),
        "undo": list(finding.undo),
        "used_by": list(finding.users),
    }


def _annotations(report: Report) -> Iterator[str]:
    """Yield workflow commands, errors first: GitHub shows ten of a kind for a step."""
    for finding in sorted(report.findings, key=lambda each: each.severity != "error"):
        place = [f"file={_property(finding.path)}"] if finding.path else []
        place += [f"line={finding.line}"] if finding.path and finding.line else []
        title = f"title={_property(f'{finding.code} {explain(finding.code).name}')}"
        yield f"::{finding.severity} {','.join([*place, title])}::{_data(_in_words(finding))}"
    for note in report.notes:
        yield f"::notice title=mlvgit::{_data(_lines(note))}"


def _in_words(finding: Finding) -> str:
    lines = [finding.message, finding.frozen]
    lines += [f"keep it: {command}" for command in finding.keep]
    lines += [f"undo it: {command}" for command in finding.undo]
    return "\n".join(_lines(line) for line in lines if line)


def _lines(text: str) -> str:
    """Make text printable and keep its lines."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _data(text: str) -> str:
    """Escape what a workflow command says.

    Source: GitHub Docs, "Workflow commands for GitHub Actions", and actions/toolkit: %, CR and LF; in properties : and ,
    too.
    """
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(printable(text)).replace(":", "%3A").replace(",", "%2C")


def sarif(report: Report) -> dict[str, Any]:
    """Return a report as a SARIF log.

    Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html, sections 3.13, 3.14, 3.18 to 3.20, 3.27,
    3.49; what GitHub's code scanning asks for besides is in its docs, "SARIF support for code scanning".
    """
    codes = sorted({finding.code for finding in report.findings})
    notes = [{"level": "note", "message": {"text": _lines(note)}} for note in report.notes]
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {"name": "mlvgit", "version": __version__, "rules": [_rule(code) for code in codes]},
                },
                "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notes}],
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, codes) for finding in report.findings],
            }
        ],
    }


def _rule(code: str) -> dict[str, Any]:
    rule = explain(code)
    told = "\n\n".join(f"{title}\n{text}" for title, text in rule.sections)
    return {
        "id": code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "help": {"text": told or rule.summary},
    }


def _result(finding: Finding, codes: list[str]) -> dict[str, Any]:
    from hashlib import sha256
    from urllib.parse import quote

    # Code scanning takes no result without a file and a line: what is wrong with a tag stands at the settings.
    path = (finding.path or SETTINGS_NAME).encode("utf-8", "surrogateescape")
    same = "\0".join((finding.code, finding.path, str(finding.key or ""), finding.message))
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": finding.severity,
        "message": {"text": _in_words(finding)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(path)},
                    "region": {"startLine": max(finding.line, 1)},
                }
            }
        ],
        "partialFingerprints": {"finding/v1": sha256(same.encode("utf-8", "surrogateescape")).hexdigest()},
    }


def present_explanation(rule: str, output: Output) -> None:
    """Print a rule's documentation."""
    found = explain(rule)
    output.say(output.style(f"{found.code} {found.name}", "bold"))
    output.say(
        f"{found.summary}\nat commit: {found.at_commit or '-'}; at push, in CI, on the server: {found.at_push or '-'}"
    )
    for title, text in found.sections:
        output.say(f"\n{output.style(title, 'bold')}\n{text}")
    output.json(
        {
            "code": found.code,
            "name": found.name,
            "summary": found.summary,
            "at_commit": found.at_commit,
            "at_push": found.at_push,
            "sections": dict(found.sections),
        }
    )


def present_rules(output: Output) -> None:
    """Print the table of rules."""
    rules = [explain(code) for code in all_codes()]
    output.table(
        [[rule.code, rule.name, rule.at_commit or "-", rule.at_push or "-"] for rule in rules],
        ("CODE", "RULE", "AT COMMIT", "AT PUSH"),
    )
    output.json(
        {
            "rules": [
                {"code": rule.code, "name": rule.name, "at_commit": rule.at_commit, "at_push": rule.at_push}
                for rule in rules
            ]
        }
    )
