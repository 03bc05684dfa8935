"""Strict YAML: every trap is a problem with a line, text stays as it was written, and no bomb goes off."""

import time
from typing import Any

import pytest

from mlvgit.errors import DocumentError, Problem
from mlvgit.records.run import RunRecord
from mlvgit.records.strict import MAX_YAML_BYTES, read_yaml
from tests.records.examples import HEX

HEAD = b"run_id: r\ncode_commit: 0123456\ndata_snapshot: iris_v0.1\n"


def refused(data: bytes) -> tuple[Problem, ...]:
    with pytest.raises(DocumentError) as caught:
        RunRecord.parse(data, "r.yaml")
    return caught.value.problems


def param(text: str) -> Any:
    return RunRecord.parse(HEAD + f"params:\n  x: {text}\n".encode(), "r.yaml").params["x"]


TRAPS = {
    "duplicate-key": (HEAD + b"run_id: s\n", 4, "$.run_id", "stands twice (first on line 1)"),
    "duplicate-key-deep": (HEAD + b"params: {a: {b: 1,\n b: 2}}\n", 5, "$.params.a.b", "stands twice"),
    "duplicate-key-quoted": (HEAD + b'params: {a: 1, "a": 2}\n', 4, "$.params.a", "stands twice"),
    "anchor": (HEAD + b"params: {a: &x 1}\n", 4, "$.params.a", "the anchor &x is not read"),
    "alias": (HEAD + b"params:\n  a: &x [1]\n  b: *x\n", 6, "$.params.b", "the alias *x is not read"),
    "self-alias": (HEAD + b"params: &x\n  a: *x\n", 5, "$.params.a", "the alias *x is not read"),
    "merge-key": (HEAD + b"params:\n  <<: {a: 1}\n", 5, "$.params", "the merge key << is not read"),
    "tag": (HEAD + b"params: {a: !!int 1}\n", 4, "$.params.a", "the tag tag:yaml.org,2002:int is not read"),
    "python-tag": (
        HEAD + b"params: !!python/object/apply:os.system [id]\n",
        4,
        "$.params",
        "python/object/apply:os.system is not read",
    ),
    "local-tag": (HEAD + b"params: {a: !x 1}\n", 4, "$.params.a", "the tag !x is not read"),
    "bang": (HEAD + b"params: {a: ! 1}\n", 4, "$.params.a", "the tag ! is not read"),
    "tag-on-key": (HEAD + b"!!str params: {}\n", 4, "$", "anchors and tags are not read"),
    "alias-as-key": (HEAD + b"params: {&x a: 1, *x : 2}\n", 4, "$.params", "not read"),
    "mapping-as-key": (HEAD + b"params: {{a: 1}: 2}\n", 4, "$.params", "a key must be plain text"),
    "two-documents": (HEAD + b"---\nrun_id: s\n", 4, "$", "a second document begins"),
    "directive": (b"%YAML 1.1\n---\n" + HEAD, 1, "$", "directives"),
    "tag-directive": (b"%TAG ! tag:x,2000:\n---\n" + HEAD, 1, "$", "directives"),
    "nan": (HEAD + b"outputs: {metrics: {f1: .nan}}\n", 4, "$.outputs.metrics.f1", ".nan is not a JSON number"),
    "infinity": (HEAD + b"params: {a: -.inf}\n", 4, "$.params.a", "-.inf is not a JSON number"),
    "overflow": (HEAD + b"params: {a: 1e999}\n", 4, "$.params.a", "the number 1e999 is too large"),
    "huge-int": (HEAD + b"params: {a: 9007199254740993}\n", 4, "$.params.a", "too large"),
    "int-of-5000-digits": (HEAD + b"params: {a: " + b"9" * 5000 + b"}\n", 4, "$.params.a", "too large"),
    "huge-hex": (HEAD + b"params: {a: 0x" + b"f" * 5000 + b"}\n", 4, "$.params.a", "too large"),
    "deep-flow": (HEAD + b"params: {a: " + b"[" * 100 + b"\n", 4, "$.params", "deeper than 32 levels"),
    "deep-block": (
        HEAD + b"params:\n" + b"\n".join(b" " * n + b"a:" for n in range(1, 40)),
        36,
        "$.params",
        "deeper than 32",
    ),
    "conflict-markers": (
        b"<<<<<<< HEAD\n" + HEAD + b"=======\n" + HEAD + b">>>>>>> x\n",
        1,
        "$",
        "conflict marker <<<<<<<",
    ),
    "bom": (b"\xef\xbb\xbf" + HEAD, 1, "$", "byte order mark"),
    "utf-16": (HEAD.decode().encode("utf-16"), 1, "$", "UTF-16"),
    "latin-1": (HEAD + b"notes: caf\xe9\n", 4, "$", "byte 0xe9 is not UTF-8"),
    "surrogate-escape": (HEAD + b'notes: "\\ud800"\n', 4, "$", "is not YAML"),
    "control": (HEAD + b"notes: a\x01b\n", 0, "$", "is not YAML"),
    "nul": (HEAD + b"notes: a\x00b\n", 0, "$", "is not YAML"),
    "tab-indent": (HEAD + b"params:\n\ta: 1\n", 5, "$", "is not YAML"),
    "unclosed": (HEAD + b"params: {a: 1\n", 5, "$", "is not YAML"),
    "unclosed-quote": (HEAD + b"notes: 'x\n", 5, "$", "is not YAML"),
    "empty": (b"", 0, "$", "is empty"),
    "only-comments": (b"# nothing\n", 0, "$", "is empty"),
    "a-list": (b"- run_id: r\n", 1, "$", "expected a mapping"),
    "a-text": (b"hello\n", 1, "$", "expected a mapping"),
    "too-large": (HEAD + b"#" * MAX_YAML_BYTES, 0, "$", "bytes; at most"),
    "too-many": (HEAD + b"params: {a: [" + b"1," * 110_000 + b"]}\n", 4, "$", "more than 100,000 values"),
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_is_a_problem_with_its_line_and_path(name: str) -> None:
    data, line, where, words = TRAPS[name]

    problems = refused(data)

    assert any((p.line, p.where) == (line, where) and words in p.message for p in problems), problems


def test_a_pit_deeper_than_the_yaml_library_goes_is_named_as_our_own_limit() -> None:
    problems = refused(HEAD + b"params: {a: " + b"[" * 100_000 + b"\n")

    assert [problem.line for problem in problems] == [4]
    assert "deeper than 32 levels" in problems[0].message


def test_a_bomb_of_aliases_ends_at_once() -> None:
    bomb = b"params:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    bomb += b"".join(b"  a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 10))
    start = time.perf_counter()

    problems = refused(HEAD + bomb)

    assert time.perf_counter() - start < 2
    assert any("alias" in p.message for p in problems)


def test_all_problems_come_at_once_in_the_order_of_lines() -> None:
    data = b"run_id: r\ncode_commit: <commit>\ndata_snapshot: iris_v0.1\nparams: {a: .nan, a: 1}\nenviron: {}\n"

    assert [(p.line, p.where) for p in refused(data)] == [
        (2, "$.code_commit"),
        (4, "$.params.a"),
        (4, "$.params.a"),
        (5, "$.environ"),
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", 42),
        ("+42", 42),
        ("-7", -7),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.0", 1.0),
        ("1e-3", 0.001),
        ("1E5", 100000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("12:30:45", "12:30:45"),
        ("2026-01-01", "2026-01-01"),
        ("1_000", "1_000"),
        ("0123", "0123"),
        ("007", "007"),
        ("1.2.3", "1.2.3"),
        ("0b101", "0b101"),
        ("=", "="),
        ("'42'", "42"),
        ('"null"', "null"),
        ("|\n    a\n    b", "a\nb\n"),
        ("[1, no, {y: 1e3}]", [1, "no", {"y": 1000.0}]),
        ("{1: a, true: b}", {"1": "a", "true": "b"}),
    ],
)
def test_scalars_are_read_by_yaml_1_2(text: str, value: Any) -> None:
    found = param(text)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["3.10", "3.1", "1e3", "0123456", "true", "null", "0x1F", "12:30:45", "no"])
def test_text_keeps_what_was_written(text: str) -> None:
    record = RunRecord.parse(HEAD + f"env: {{python: {text}, cuda: {text}}}\nnotes: {text}\n".encode(), "r.yaml")

    assert (record.env.python, record.env.extra["cuda"], record.notes) == (text, text, text)


@pytest.mark.parametrize("commit", ["0123456", "1234567", "1e10", "12345678901234567890", "00000000"])
def test_a_commit_of_digits_keeps_its_digits(commit: str) -> None:
    data = f"run_id: r\ncode_commit: {commit}\ndata_snapshot: iris_v0.1\n".encode()

    assert RunRecord.parse(data, "r.yaml").code_commit == commit


def test_a_list_of_texts_keeps_them_too() -> None:
    record = RunRecord.parse(
        b"run_id: 001\ncode_commit: 12345\ndata_snapshot: [iris_v0.1, 1_v0.10]\ncommand: [a, 1.10]\n", "r"
    )

    assert (record.run_id, record.data_snapshots, record.command) == ("001", ("iris_v0.1", "1_v0.10"), ("a", "1.10"))


def test_json_is_read_as_yaml_tabs_and_surrogate_pairs_included() -> None:
    data = b'{\n\t"run_id": "r",\n\t"code_commit": "0123456",\n\t"data_snapshot": [],\n\t"notes": "\\ud83d\\ude00 \\/"\n}\n'

    record = RunRecord.parse(data, "r.yaml")

    assert (record.notes, record.data_snapshots) == ("\U0001f600 /", ())


def test_a_broken_json_run_record_names_the_line() -> None:
    assert refused(b'{\n\t"run_id": "r",\n\t"code_commit" "0123456"\n}\n')[0].line == 3


def test_the_line_of_what_is_missing_is_that_of_what_is_around_it() -> None:
    document = read_yaml(HEAD + b"env:\n  python: 3.10\n", "r", "run")

    assert document._reading.line(("env", "python")) == 5
    assert document._reading.line(("env", "container_image")) == 4
    assert document._reading.line(("outputs", "metrics")) == 1


def test_hostile_names_in_messages_are_escaped() -> None:
    problems = refused(HEAD + f"params: {{a: &{chr(0x202E)}x 1}}\nnotes: [{HEX}]\n".encode())

    assert all(p.message.isprintable() and p.where.isprintable() for p in problems)
