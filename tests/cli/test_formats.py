"""What `check` prints for machines: SARIF that its schema takes, workflow commands that nobody can break out of."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import jsonschema
import pytest

from mlvgit.actions.judging import Report
from mlvgit.cli.formats import present_findings, sarif
from mlvgit.cli.output import Output
from mlvgit.records.layout import Key
from mlvgit.rules.model import Finding
from tests.conftest import Sandbox


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


TEXT = {"type": "string"}
MESSAGE = closed(["text"], text=TEXT)
LEVEL = {"enum": ["none", "note", "warning", "error"]}
SARIF = closed(
    ["version", "runs"],
    **{"$schema": {"type": "string", "format": "uri"}},
    version={"const": "2.1.0"},
    runs={
        "type": "array",
        "items": closed(
            ["tool"],
            tool=closed(
                ["driver"],
                driver=closed(
                    ["name"],
                    name=TEXT,
                    version=TEXT,
                    rules={
                        "type": "array",
                        "uniqueItems": True,
                        "items": closed(["id"], id=TEXT, name=TEXT, shortDescription=MESSAGE, help=MESSAGE),
                    },
                ),
            ),
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            invocations={
                "type": "array",
                "items": closed(
                    ["executionSuccessful"],
                    executionSuccessful={"type": "boolean"},
                    toolExecutionNotifications={
                        "type": "array",
                        "items": closed(["message"], level=LEVEL, message=MESSAGE),
                    },
                ),
            },
            results={
                "type": "array",
                "items": closed(
                    ["message"],
                    ruleId=TEXT,
                    ruleIndex={"type": "integer", "minimum": -1},
                    level=LEVEL,
                    message=MESSAGE,
                    partialFingerprints={"type": "object", "additionalProperties": TEXT},
                    locations={
                        "type": "array",
                        "items": closed(
                            [],
                            physicalLocation=closed(
                                ["artifactLocation"],
                                artifactLocation=closed([], uri={"type": "string", "format": "uri-reference"}),
                                region=closed([], startLine={"type": "integer", "minimum": 1}),
                            ),
                        ),
                    },
                ),
            },
        ),
    },
)
"""What SARIF 2.1.0 says of the members that we write (sections 3.13, 3.14, 3.18 to 3.20, 3.27 to 3.30, 3.49, 3.58)."""


def finding(**more: Any) -> Finding:
    facts = {"code": "MLV101", "path": "data/snapshots/iris_v0.1/iris.csv", "message": "a frozen file was modified"}
    return Finding(**{**facts, **more})


def printed(report: Report, form: str, capsys: pytest.CaptureFixture[str]) -> str:
    present_findings(report, form, Output())
    return capsys.readouterr().out


def report(*findings: Finding, notes: tuple[str, ...] = ()) -> Report:
    return Report(list(findings), "", "", notes)


HOSTILE = 'a%0Ab,c:d::error::x\n::set-env name=A::\r\x1b[31m"\udcff\u202e'


class TestSarif:
    def test_a_log_fits_the_schema(self, capsys: pytest.CaptureFixture[str]) -> None:
        findings = (
            finding(line=3, key=Key("", "snapshot", "iris", "v0.1"), frozen="then", keep=("a", "b"), undo=("c",)),
            finding(code="MLV202", severity="warning", message=HOSTILE, path=HOSTILE),
            finding(code="MLV501", path="", message="a tag moved"),
        )

        log = json.loads(printed(report(*findings, notes=("not all was looked at",)), "sarif", capsys))

        jsonschema.validate(log, SARIF, jsonschema.Draft202012Validator)
        run = log["runs"][0]
        assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["MLV101", "MLV202", "MLV501"]
        assert [result["level"] for result in run["results"]] == ["error", "warning", "error"]
        assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] == "not all was looked at"

    def test_nothing_found_is_a_log_too(self) -> None:
        log = sarif(report())

        jsonschema.validate(log, SARIF, jsonschema.Draft202012Validator)
        assert log["runs"][0]["results"] == []

    def test_results_point_to_their_rules(self) -> None:
        log = sarif(report(finding(code="MLV202"), finding(), finding(code="MLV105")))

        run = log["runs"][0]
        rules = run["tool"]["driver"]["rules"]
        assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])

    @pytest.mark.parametrize("path", ["a b.csv", "c:/x", "ü/ö.csv", "a\udcffb", "x?y#z", "100%.csv", "a\nb"])
    def test_paths_are_relative_references_that_lead_back(self, path: str) -> None:
        log = sarif(report(finding(path=path)))

        uri = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        parts = urlsplit(uri)
        assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
        assert unquote_to_bytes(uri) == path.encode("utf-8", "surrogateescape")

    def test_every_result_has_a_file_and_a_line_as_code_scanning_wants(self) -> None:
        log = sarif(report(finding(path="", code="MLV501"), finding(line=7)))

        places = [result["locations"][0]["physicalLocation"] for result in log["runs"][0]["results"]]
        assert [place["artifactLocation"]["uri"] for place in places] == ["mlv.yaml", finding().path]
        assert [place["region"]["startLine"] for place in places] == [1, 7]

    def test_a_finding_is_known_again_wherever_it_moves_to(self) -> None:
        first, second, other = (
            sarif(report(each))["runs"][0]["results"][0]["partialFingerprints"]
            for each in (finding(line=1), finding(line=9), finding(path="elsewhere"))
        )

        assert first == second != other

    def test_a_message_has_a_line_for_each_thing_and_no_control_character(self) -> None:
        text = sarif(report(finding(message="two\nlines\x1b[31m", keep=("keep",), undo=("undo",))))["runs"][0][
            "results"
        ][0]["message"]["text"]

        assert text == "two\nlines\\x1b[31m\nkeep it: keep\nundo it: undo"


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """Read a workflow command as GitHub's runner does."""
    match = re.fullmatch(r"::([a-z]+) (.*?)::(.*)", line)
    assert match, line

    def plain(text: str) -> str:
        for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            text = text.replace(code, char)
        return text

    properties = dict(each.split("=", 1) for each in match[2].split(","))
    return match[1], {name: plain(value) for name, value in properties.items()}, plain(match[3])


class TestWorkflowCommands:
    def test_an_annotation_names_file_line_rule_and_the_ways_out(self, capsys: pytest.CaptureFixture[str]) -> None:
        out = printed(report(finding(line=3, frozen="then", keep=("git a",), undo=("git b",))), "github", capsys)

        assert parsed(out.rstrip("\n")) == (
            "error",
            {"file": finding().path, "line": "3", "title": "MLV101 snapshot-changed-in-place"},
            "a frozen file was modified\nthen\nkeep it: git a\nundo it: git b",
        )

    def test_nobody_breaks_out_of_his_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        out = printed(report(finding(message=HOSTILE, path=HOSTILE, undo=(HOSTILE,))), "github", capsys)

        assert out.count("\n") == 1
        assert "\r" not in out
        assert "\x1b" not in out
        command, properties, message = parsed(out.rstrip("\n"))
        assert command == "error"
        assert set(properties) == {"file", "title"}
        assert properties["file"].startswith("a%0Ab,c:d::error::x")
        assert message.startswith("a%0Ab,c:d::error::x\n::set-env name=A::")

    def test_errors_come_first_and_notes_last(self, capsys: pytest.CaptureFixture[str]) -> None:
        found = (finding(severity="warning"), finding(path=""))

        lines = printed(report(*found, notes=("50% only",)), "github", capsys).splitlines()

        assert [parsed(line)[0] for line in lines] == ["error", "warning", "notice"]
        assert "file" not in parsed(lines[0])[1]
        assert parsed(lines[2])[2] == "50% only"

    def test_nothing_found_says_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert printed(report(), "github", capsys) == ""


@pytest.mark.parametrize("form", ["sarif", "github", "json"])
def test_a_real_refusal_is_printed_in_every_form(repo: Sandbox, form: str) -> None:
    repo.mlv("init")
    repo.mlv("uninstall")
    repo.write("iris.csv", "a,b\n1,2\n")
    repo.mlv("snapshot", "create", "iris", "v0.1", "iris.csv", "-m", "Freeze")
    repo.commit("Freeze")
    (repo / "data/snapshots/iris_v0.1/iris.csv").chmod(0o644)
    repo.write("data/snapshots/iris_v0.1/iris.csv", "a,b\n9,9\n")
    repo.commit("Falsify")

    ran = repo.mlv("check", "HEAD~1..HEAD", "--format", form, check=False)

    assert ran.status == 1
    assert ran.err == ""
    if form == "github":
        assert parsed(ran.out.splitlines()[0])[0] == "error"
    else:
        found = json.loads(ran.out)
        assert "MLV101" in ran.out
        if form == "sarif":
            jsonschema.validate(found, SARIF, jsonschema.Draft202012Validator)
