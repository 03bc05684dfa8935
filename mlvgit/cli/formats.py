"""Findings for people and machines: text, JSON, SARIF, GitHub's annotations; and the rules explained."""

import json
from typing import Any

from mlvgit import __version__
from mlvgit.actions.guards import Report
from mlvgit.cli.output import Output
from mlvgit.core.text import printable
from mlvgit.rules.explain import all_codes, explain
from mlvgit.rules.model import Finding

__all__ = ["present_explanation", "present_findings", "present_rules"]

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
            },
            output,
        )
    elif form == "github":
        for finding in report.findings:
            output.raw(_annotation(finding))
    else:
        _print_json(sarif(report.findings), output)


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


def _annotation(finding: Finding) -> str:
    """Write a workflow command.

    Source: GitHub Docs, "Workflow commands for GitHub Actions": %, CR and LF are escaped, in properties also : and ,.
    """
    body = f"{finding.message}. Undo: {'; '.join(finding.undo) or '-'}. Keep: {'; '.join(finding.keep) or '-'}"
    place = (
        f"file={_property(finding.path)}," + (f"line={finding.line}," if finding.line else "") if finding.path else ""
    )
    title = _property(f"{finding.code} {explain(finding.code).name}")
    return f"::{finding.severity} {place}title={title}::{_data(printable(body))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(printable(text)).replace(":", "%3A").replace(",", "%2C")


def sarif(findings: list[Finding]) -> dict[str, Any]:
    """Return findings as a SARIF log.

    Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html, sections 3.13, 3.14, 3.27.
    """
    codes = sorted({finding.code for finding in findings})
    rules = [
        {
            "id": code,
            "name": explain(code).name,
            "shortDescription": {"text": explain(code).summary},
        }
        for code in codes
    ]
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "mlvgit", "version": __version__, "rules": rules}},
                "results": [_result(finding, codes) for finding in findings],
            }
        ],
    }


def _result(finding: Finding, codes: list[str]) -> dict[str, Any]:
    message = "\n".join(filter(None, [finding.message, finding.frozen, finding.change, *finding.keep, *finding.undo]))
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": finding.severity,
        "message": {"text": printable(message)},
    }
    if finding.path:
        from urllib.parse import quote

        location: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.path.encode("utf-8", "surrogateescape"))}}
        if finding.line:
            location["region"] = {"startLine": finding.line}
        result["locations"] = [{"physicalLocation": location}]
    return result


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
