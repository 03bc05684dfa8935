"""What is read and written is the same bytes; two validators give one verdict; nothing escapes as a traceback."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlvgit import schemas
from mlvgit.core import jsontext
from mlvgit.errors import DocumentError, Problem
from mlvgit.records import yamltext
from mlvgit.records.manifest import Manifest
from mlvgit.records.registry import Registry
from mlvgit.records.run import RunRecord
from mlvgit.records.settings import Settings
from mlvgit.records.strict import read_yaml
from tests.property import strategies

KINDS = ["manifest", "registry", "run", "settings"]
PARSERS: dict[str, Any] = {
    "manifest": Manifest.parse,
    "registry": Registry.parse,
    "run": RunRecord.parse,
    "settings": Settings.parse,
}
quick = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def problems_of(kind: str, data: bytes) -> tuple[Problem, ...]:
    """What a reader says: nothing when it reads the document; any other exception escapes and fails the test."""
    try:
        PARSERS[kind](data, "name")
    except DocumentError as error:
        return error.problems
    return ()


@quick
@given(strategies.manifests(), st.booleans())
def test_a_manifest_is_written_back_to_the_same_bytes(document: dict[str, Any], escaped: bool) -> None:
    found = Manifest.parse(json.dumps(document, ensure_ascii=escaped, indent=1).encode(), "m")
    written = found.dump()

    again = Manifest.parse(written, "m")

    assert again.dump() == written
    assert again.declared_tree_sha256 == again.tree_sha256 == found.tree_sha256
    for key, value in document.items():
        if key != "files" and value not in ("", [], {}):
            assert json.loads(written)[key] == value or key == "retired"


@quick
@given(strategies.registries)
def test_a_registry_is_written_back_to_the_same_bytes(document: dict[str, Any]) -> None:
    found = Registry.parse(json.dumps(document).encode(), "r")
    written = found.dump()

    assert Registry.parse(written, "r") == found
    assert Registry.parse(written, "r").dump() == written


@quick
@given(strategies.runs)
def test_a_run_record_is_written_back_to_the_same_bytes(document: dict[str, Any]) -> None:
    found = RunRecord.parse(yamltext.dump(document), "r")
    written = found.dump()

    assert RunRecord.parse(written, "r") == found
    assert RunRecord.parse(written, "r").dump() == written


@quick
@given(strategies.mappings)
def test_any_plain_data_survives_yaml(document: dict[str, Any]) -> None:
    read = read_yaml(yamltext.dump({"params": document}), "r", "run")

    assert read._problems == []
    assert read.value == {"params": document}
    assert json.dumps(read.value) == json.dumps({"params": document})


@quick
@given(strategies.mappings, st.sampled_from([None, 0, 1, "\t"]), st.booleans())
def test_json_is_read_as_the_standard_library_reads_it(document: dict[str, Any], indent: Any, escaped: bool) -> None:
    data = json.dumps(document, indent=indent, ensure_ascii=escaped).encode()

    reading = jsontext.read(data)

    assert reading.problems == ()
    assert json.dumps(reading.value) == json.dumps(document)
    assert jsontext.read(jsontext.canonical(reading.value)).value == reading.value


@quick
@given(strategies.plain, st.data())
def test_the_slow_scanner_reads_what_the_quick_one_reads(document: Any, data: Any) -> None:
    text = json.dumps(document, indent=data.draw(st.sampled_from([None, 2])))
    scanner = jsontext._Scanner(text)

    assert json.dumps(scanner.scan()) == json.dumps(document)
    assert scanner.whole
    assert scanner.problems == []


@quick
@given(strategies.mappings.filter(bool), st.data())
def test_a_key_that_stands_twice_is_always_found(document: dict[str, Any], data: Any) -> None:
    key = data.draw(st.sampled_from(sorted(document)))
    space = data.draw(st.sampled_from(["", " ", "\n", "\t "]))
    members = [f"{json.dumps(name)}{space}:{json.dumps(value)}" for name, value in document.items()]
    members.insert(
        data.draw(st.integers(0, len(members))), f"{json.dumps(key)}{space}: {json.dumps(data.draw(strategies.plain))}"
    )

    reading = jsontext.read(("{" + ",".join(members) + "}").encode())

    assert [p for p in reading.problems if "stands twice" in p.message]


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_document_is_sound_for_both_validators(kind: Any) -> None:
    @quick
    @given(strategies.by_kind[kind])
    def hold(document: Any) -> None:
        assert schemas.is_valid(kind, document)
        assert schemas.explain(schemas.schema(kind), document) == []

    hold()


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_document_has_the_same_verdict_from_both_validators(kind: Any) -> None:
    @settings(quick, max_examples=250)
    @given(strategies.broken(kind))
    def hold(document: Any) -> None:
        assert schemas.is_valid(kind, document) == (schemas.explain(schemas.schema(kind), document) == [])

    hold()


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_broken_the_document_is_read_or_refused_with_places(kind: Any) -> None:
    @settings(quick, max_examples=150)
    @given(strategies.broken(kind))
    def hold(document: Any) -> None:
        data = json.dumps(document).encode()
        for problem in problems_of(kind, data):
            assert problem.where.startswith("$")
            assert problem.message.isprintable()
            assert 0 <= problem.line <= 1 + data.count(b"\n")

    hold()


@pytest.mark.parametrize("kind", KINDS)
def test_no_bytes_make_a_reader_fall_over(kind: Any) -> None:
    pieces = st.sampled_from(
        [
            b"{",
            b"}",
            b"[",
            b"]",
            b'"',
            b":",
            b",",
            b"\\u",
            b"\\",
            b"a",
            b"1",
            b"-",
            b" ",
            b"\n",
            b"run_id: ",
            b"- ",
            b"&x ",
            b"*x",
            b"!t ",
            b"<<: ",
            b"|\n ",
            b"'",
            b"# ",
            b"\x00",
            b"\xff",
            b"\xef\xbb\xbf",
            b"e9",
            b"---\n",
            b"? ",
            b"%",
            b"\t",
            b"\xc2\x85",
        ]
    )

    @settings(quick, max_examples=200)
    @given(st.one_of(st.binary(max_size=30), st.lists(pieces, max_size=20).map(b"".join)))
    def hold(data: bytes) -> None:
        assert all(problem.message for problem in problems_of(kind, data))

    hold()


@pytest.mark.parametrize("kind", ["manifest", "registry", "run"])
def test_a_newer_minor_version_is_kept_whole(kind: Any) -> None:
    @quick
    @given(strategies.by_kind[kind], strategies.plain)
    def hold(document: dict[str, Any], added: Any) -> None:
        document = {**document, "format": "1.4", "zz_new": added}
        data = yamltext.dump(document) if kind == "run" else json.dumps(document).encode()
        found = PARSERS[kind](data, "name")

        assert found.unknown == {"zz_new": added}
        again = PARSERS[kind](found.dump(), "name")
        assert json.dumps(again.unknown) == json.dumps(found.unknown)
        assert again.format == "1.4"

    hold()
