"""The schemas: documented key by key, the same as the generated code, closed to the world."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing.exceptions import Unresolvable

from mlvgit import schemas
from mlvgit.schemas import generate
from tests.records.examples import full_manifest, full_registry

ROOT = Path(__file__).parents[2]
KINDS: tuple[schemas.Kind, ...] = ("inventory", "manifest", "registry", "run", "settings")
SHARED = frozenset({
    "$schema", "$id", "$defs", "$ref", "title", "description", "examples", "type", "enum", "required", "properties",
    "additionalProperties", "propertyNames", "items", "oneOf", "allOf", "if", "then", "minimum", "maximum", "minLength", "maxLength", "minItems",
    "maxItems", "minProperties", "maxProperties", "pattern", "x-write",
})  # fmt: skip


def nodes(node: Any, path: str = "$") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside a schema."""
    if not isinstance(node, dict):
        return
    yield path, node
    for key in ("properties", "$defs"):
        for name, inner in node.get(key, {}).items():
            yield from nodes(inner, f"{path}.{name}")
    for key in ("items", "additionalProperties", "propertyNames"):
        yield from nodes(node.get(key), f"{path}.{key}")


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_is_the_authority_and_the_code_is_made_from_it(kind: schemas.Kind) -> None:
    assert schemas.schema(kind) == json.loads((ROOT / "mlvgit" / "schemas" / f"{kind}.schema.json").read_text())


def test_the_generated_code_is_up_to_date() -> None:
    assert generate.main(["--check"]) == 0


def test_stale_code_is_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "TARGET", tmp_path / "generated.py")

    assert generate.main(["--check"]) == 1
    assert "python -m mlvgit.schemas.generate" in capsys.readouterr().err
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_one_and_uses_what_both_drafts_share(kind: schemas.Kind) -> None:
    jsonschema.Draft202012Validator.check_schema(schemas.schema(kind))
    jsonschema.Draft7Validator.check_schema(schemas.schema(kind))

    for path, node in nodes(schemas.schema(kind)):
        assert set(node) <= SHARED, path


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_has_a_title_and_a_description(kind: schemas.Kind) -> None:
    root = schemas.schema(kind)

    for path, node in nodes(root):
        if not path.endswith("propertyNames"):
            told = schemas.resolve(root, node)
            assert told.get("title"), path
            assert told.get("description", "").endswith("."), path


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_stands_in_the_format_page(kind: schemas.Kind) -> None:
    page = (ROOT / "docs" / "formats.md").read_text()

    for key in schemas.schema(kind)["properties"]:
        assert re.search(rf"\b{key}\b", page), key


@pytest.mark.parametrize("kind", KINDS)
def test_every_pattern_begins_and_ends_and_knows_ascii_only(kind: schemas.Kind) -> None:
    for path, node in nodes(schemas.schema(kind)):
        pattern = node.get("pattern", "^$")
        assert pattern.startswith("^"), path
        assert "\\d" not in pattern, path
        assert "\\w" not in pattern, path


def test_a_reference_to_a_listener_is_never_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"

        with pytest.raises(Unresolvable):
            schemas.explain({"$ref": address}, {"a": 1})
        with pytest.raises(Unresolvable):
            schemas.explain({"properties": {"a": {"$ref": f"{address}#/x"}}}, {"a": 1})

        with pytest.raises(TimeoutError):
            server.accept()


def test_a_document_cannot_bring_a_schema_with_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"
        document = {**full_manifest(), "$schema": address, "$ref": address, "$id": address}

        found = schemas.problems("manifest", document)

        assert {path for path, _ in found} == {("$schema",), ("$ref",), ("$id",)}
        with pytest.raises(TimeoutError):
            server.accept()


def test_the_generator_refuses_a_reference_to_the_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for kind in KINDS:
        (tmp_path / f"{kind}.schema.json").write_text('{"items": {"$ref": "http://127.0.0.1:9/x"}}')
    monkeypatch.setattr(generate, "HERE", tmp_path)

    with pytest.raises(ValueError, match="refers to http://127"):
        generate.generate()


def test_a_sound_document_needs_no_package_but_ours() -> None:
    code = (
        "import sys; from mlvgit import schemas; import json; "
        f"assert schemas.problems('manifest', json.loads({json.dumps(full_manifest())!r})) == []; "
        f"assert schemas.problems('registry', json.loads({json.dumps(full_registry())!r})) == []; "
        "print(sorted({'jsonschema', 'fastjsonschema', 'yaml', 'referencing', 'git'} & set(sys.modules)))"
    )

    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"


def test_the_end_of_a_text_is_its_end_for_both_validators() -> None:
    document = {**full_manifest(), "version": "v0.1\n"}

    assert not schemas.is_valid("manifest", document)
    assert [path for path, _ in schemas.explain(schemas.schema("manifest"), document)] == [("version",)]


def test_keys_of_a_newer_minor_version_are_left_out_before_judging() -> None:
    document: dict[str, Any] = {**full_manifest(), "new": 1}
    document["files"] = [{**document["files"][0], "new": 2}]
    document["metadata"] = {"kept": {"new": 3}}

    assert schemas.problems("manifest", document, newer=True) == []
    assert len(schemas.problems("manifest", document)) == 2
    stripped: Any = schemas.stripped(schemas.schema("manifest"), document)
    assert stripped["metadata"] == {"kept": {"new": 3}}
    assert "new" not in stripped
    assert "new" not in stripped["files"][0]


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("<sha256>", True),
        ("7b1f...", True),
        ("abc…", True),
        ("TODO", True),
        ("xxxx", True),
        ("iris", False),
        ("a<b", False),
        (3, False),
    ],
)
def test_placeholders_are_known(value: object, is_one: bool) -> None:
    assert schemas.is_placeholder(value) is is_one
