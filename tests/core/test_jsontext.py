"""Strict JSON: every trap is a problem with a line, never a traceback, and what is written is what was read."""

import json

import pytest

from mlvgit.core import jsontext
from mlvgit.core.jsontext import MAX_DEPTH, json_path, read
from mlvgit.errors import Problem, UsageError


def problems(data: bytes) -> tuple[Problem, ...]:
    return read(data).problems


TRAPS = {
    "duplicate-key": (b'{"a": 1,\n "a": 2}', 2, "$.a", "stands twice (first on line 1)"),
    "duplicate-key-space-before-colon": (b'{"a" : 1,\n "a"\t: 2}', 2, "$.a", "stands twice"),
    "duplicate-key-by-escape": (b'{"a": 1, "\\u0061": 2}', 1, "$.a", "stands twice"),
    "duplicate-key-hidden-by-escaped-quotes": (b'{"n": "\\":\\":", "a": 1,\n"a": 2}', 2, "$.a", "stands twice"),
    "duplicate-key-deep": (b'{"x": [{"y": {"k": 1,\n"k": 1}}]}', 2, "$.x[0].y.k", "stands twice"),
    "nan": (b'{"a":\nNaN}', 2, "$.a", "NaN is not a JSON number"),
    "infinity": (b'{"a": Infinity}', 1, "$.a", "Infinity is not a JSON number"),
    "minus-infinity": (b'{"a": [1, -Infinity]}', 1, "$.a[1]", "-Infinity is not a JSON number"),
    "overflow": (b'{"a": 1e999}', 1, "$.a", "too large"),
    "minus-overflow": (b'{"a": -1e999}', 1, "$.a", "too large"),
    "huge-int": (b'{"a": 9007199254740993}', 1, "$.a", "too large"),
    "huge-negative-int": (b"[\n-9007199254740993]", 2, "$[0]", "too large"),
    "int-of-5000-digits": (b'{"a": ' + b"9" * 5000 + b"}", 1, "$.a", "the number 99999999999999999999... is too large"),
    "lone-high-surrogate": (b'{"a": "\\ud800"}', 1, "$.a", "half of a surrogate pair"),
    "lone-low-surrogate": (b'{"a": "x\\uDFFFx"}', 1, "$.a", "half of a surrogate pair"),
    "lone-surrogate-in-key": (b'{"a": 1,\n"\\udc00": 1}', 2, "$", "half of a surrogate pair"),
    "raw-surrogate": (b'{"a": "\xed\xa0\x80"}', 1, "$", "byte 0xed is not UTF-8"),
    "latin-1": (b'{"a":\n "\xe9"}', 2, "$", "byte 0xe9 is not UTF-8"),
    "bom": (b"\xef\xbb\xbf{}", 1, "$", "byte order mark"),
    "utf-16-le-bom": ("{}".encode("utf-16"), 1, "$", "UTF-16"),
    "utf-16-be-bom": (b"\xfe\xff\x00{\x00}", 1, "$", "UTF-16"),
    "utf-16-no-bom": ('{"a": 1}'.encode("utf-16-le"), 1, "$", "UTF-16"),
    "utf-32": ('{"a": 1}'.encode("utf-32-be"), 1, "$", "UTF-16 or UTF-32"),
    "conflict-markers": (b'{\n<<<<<<< HEAD\n"a": 1\n=======\n"a": 2\n>>>>>>> x\n}', 2, "$", "conflict marker <<<<<<<"),
    "nested-100k-lists": (b"[" * 100_000, 1, "$", f"deeper than {MAX_DEPTH} levels"),
    "nested-100k-mappings": (b'{"a":' * 100_000, 1, "$", f"deeper than {MAX_DEPTH} levels"),
    "nested-whole": (b"[" * 33 + b"]" * 33, 1, "$", f"deeper than {MAX_DEPTH} levels"),
    "trailing-comma": (b'{"a": 1,\n}', 2, "$", "expected a key in double quotes, found '}'"),
    "trailing-comma-list": (b"[1,]", 1, "$[1]", "expected a value, found ']'"),
    "single-quotes": (b"{'a': 1}", 1, "$", 'expected a key in double quotes, found "\'"'),
    "bare-key": (b"{a: 1}", 1, "$", "found 'a'"),
    "comment": (b'{"a": 1} // x', 1, "$", "expected the end of the document"),
    "two-documents": (b"{}\n{}", 2, "$", "expected the end of the document"),
    "empty": (b"", 1, "$", "found the end of the document"),
    "cut-off": (b'{"a": [1, 2', 1, "$.a[1]", "found the end of the document"),
    "cut-off-text": (b'{"a": "x', 1, "$.a", "no closing quote"),
    "newline-in-text": (b'{"a": "x\ny"}', 1, "$.a", "no closing quote"),
    "control-in-text": (b'{"a": "x\x01y"}', 1, "$.a", "control character"),
    "bad-escape": (b'{"a": "\\x41"}', 1, "$.a", "bad escape"),
    "leading-zero": (b'{"a": 012}', 1, "$.a", "expected a value, found '012'"),
    "plus": (b'{"a": +1}', 1, "$.a", "expected a value"),
    "hex": (b'{"a": 0x1F}', 1, "$.a", "expected a value, found '0x1F'"),
    "python-words": (b'{"a": None}', 1, "$.a", "expected a value, found 'None'"),
    "no-colon": (b'{"a" 1}', 1, "$.a", "expected ':'"),
    "no-comma": (b'{"a": 1\n"b": 2}', 2, "$.a", "expected ',' or '}'"),
    "vertical-tab": (b'{"a":\x0b1}', 1, "$.a", "expected a value"),
    "no-break-space": ('{"a":\u00a01}'.encode(), 1, "$.a", "expected a value"),
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_is_a_problem_with_its_line_and_path(name: str) -> None:
    data, line, where, words = TRAPS[name]

    found = problems(data)

    assert found, "the trap was read"
    assert (found[0].line, found[0].where) == (line, where)
    assert words in found[0].message
    assert found[0].code == "MLV106"


def test_all_problems_are_listed_and_the_value_is_still_there() -> None:
    reading = read(b'{"a": NaN,\n"b": 1, "b": 2,\n"c": "\\ud800", "d": 99999999999999999}')

    assert reading.readable
    assert [(p.line, p.where) for p in reading.problems] == [(1, "$.a"), (2, "$.b"), (3, "$.c"), (3, "$.d")]
    assert reading.value["b"] == 2


def test_every_conflict_marker_is_named() -> None:
    data = b'{\n<<<<<<< ours\n"a": 1\n||||||| base\n"a": 0\n=======\n"a": 2\n>>>>>>> theirs\n}'

    assert [p.line for p in problems(data)] == [2, 4, 6, 8]


def test_something_like_a_conflict_marker_in_a_text_is_fine() -> None:
    assert problems(b'{"a": "<<<<<<< HEAD", "b": "======="}') == ()


SOUND = {
    "numbers": b'{"a": [0, -0.0, 1e-3, 1E5, 9007199254740992, -9007199254740992, 1.5e300]}',
    "pair": '{"a": "\\ud83d\\ude00", "b": "\U0001f600"}'.encode(),
    "escapes": b'{"a": "\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041", "": ""}',
    "crlf": b'{\r\n\t"a"\r\n:\r\n1\r\n}\r\n',
    "text": b'"a"',
    "number": b"1",
    "null": b"null",
    "list": b'["a", ["b"], {"c": "d"}, null, true, 1.5]',
    "deep": b"[" * 32 + b"]" * 32,
    "deep-with-value": b"[" * 32 + b'"x"' + b"]" * 32,
}


@pytest.mark.parametrize("name", SOUND)
def test_sound_json_is_read_as_the_standard_library_reads_it(name: str) -> None:
    reading = read(SOUND[name])

    assert reading.problems == ()
    assert reading.value == json.loads(SOUND[name])


def test_the_quick_and_the_careful_reader_agree_about_depth() -> None:
    for inner in (b"", b"1", b'"x"', b"{}", b"[]"):
        for depth in (31, 32, 33):
            data = b"[" * depth + inner + b"]" * depth
            deepest = depth + (inner in (b"{}", b"[]"))

            assert bool(problems(data)) == (deepest > MAX_DEPTH), (inner, depth)


def test_a_document_over_the_cap_is_not_read() -> None:
    (problem,) = read(b'{"a": "' + b"x" * 100 + b'"}', max_bytes=50).problems

    assert "109 bytes; at most 50" in problem.message


def test_lines_are_known_for_values_keys_and_what_is_missing() -> None:
    reading = read(b'{\n "a":\n  [1,\n   {"b": 2}],\n "c": 3\n}')

    assert reading.line(("a",)) == 2
    assert reading.line(("a", 0)) == 3
    assert reading.line(("a", 1, "b")) == 4
    assert reading.line(("a", 1, "missing")) == 4
    assert reading.line(("missing",)) == 1
    assert reading.line(()) == 1


def test_a_path_is_written_as_people_read_it() -> None:
    assert json_path(("files", 3, "sha256")) == "$.files[3].sha256"
    assert json_path(("odd key", "\u202e")) == '$["odd key"]["\\u202e"]'


def test_canonical_text_has_one_entry_on_a_line() -> None:
    written = jsontext.canonical({"a": 1, "list": [{"x": 1}, {"x": "é"}], "none": []}, spread=("list", "none"))

    assert written.decode() == '{\n  "a": 1,\n  "list": [\n    {"x": 1},\n    {"x": "é"}\n  ],\n  "none": []\n}\n'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\udcff"])
def test_what_could_not_be_read_is_not_written(value: object) -> None:
    with pytest.raises(UsageError):
        jsontext.canonical({"a": value})
