"""Registries: what is read, what is refused, how a version is entered, how they are written."""

import json

import pytest

from mlvgit.errors import DocumentError, Problem
from mlvgit.records.registry import Comment, RegisteredVersion, Registry
from tests.records.examples import encoded, full_registry, registry


def parse(document: object) -> Registry:
    return Registry.parse(encoded(document), "registry.json")


def refused(document: object) -> tuple[Problem, ...]:
    with pytest.raises(DocumentError) as caught:
        parse(document)
    return caught.value.problems


def test_the_least_registry_is_read_and_written_as_in_the_course() -> None:
    found = parse(registry())

    assert found.name == "iris_clf"
    assert [entry.version for entry in found.in_stage("production")] == ["v0.2.0"]
    assert found.version("v0.1.0") == RegisteredVersion(version="v0.1.0", stage="archived")
    assert found.version("v9.0.0") is None
    assert found.dump().decode() == (
        '{\n  "name": "iris_clf",\n  "versions": [\n'
        '    {"version": "v0.1.0", "stage": "archived"},\n    {"version": "v0.2.0", "stage": "production"}\n  ]\n}\n'
    )


def test_every_key_is_read_and_written_back() -> None:
    found = parse(full_registry())

    assert json.loads(found.dump()) == full_registry()
    assert found.versions[0].comments == (Comment("2026-01-01T00:00:00Z", "Ada", "fine"), Comment("", "", "same"))
    assert Registry.parse(found.dump(), "r").dump() == found.dump()


def test_versions_are_entered_in_the_order_of_semver() -> None:
    found = Registry(name="m")
    for version in ("v0.10.0", "v0.9.0", "v0.10.0-rc.1"):
        found = found.with_version(RegisteredVersion(version=version, stage="dev"))

    found = found.with_version(RegisteredVersion(version="v0.9.0", stage="archived"))

    assert [(e.version, e.stage) for e in found.versions] == [
        ("v0.9.0", "archived"),
        ("v0.10.0-rc.1", "dev"),
        ("v0.10.0", "dev"),
    ]


@pytest.mark.parametrize(
    ("changes", "where", "words"),
    [
        ({"name": "a.b"}, "$.name", "expected a model name"),
        ({"versions": {}}, "$.versions", "expected a list"),
        ({"versions": [{"version": "v1.0.0"}]}, "$.versions[0]", "the key 'stage' is missing"),
        ({"versions": [{"version": "v1.0", "stage": "dev"}]}, "$.versions[0].version", "expected a model version"),
        ({"versions": [{"version": "v1.0.0-01", "stage": "dev"}]}, "$.versions[0].version", "not a model version"),
        (
            {"versions": [{"version": "v1.0.0", "stage": "dev"}] * 2},
            "$.versions[1].version",
            "stands twice (first as $.versions[0])",
        ),
        ({"versions": [{"version": "v1.0.0", "stage": "in prod"}]}, "$.versions[0].stage", "expected a stage"),
        ({"versions": [{"version": "v1.0.0", "stagee": "dev"}]}, "$.versions[0].stagee", "did you mean 'stage'?"),
        (
            {"versions": [{"version": "v1.0.0", "stage": "dev", "tree_sha256": "x"}]},
            "$.versions[0].tree_sha256",
            "of the version's manifest",
        ),
        ({"stages": {}}, "$.stages", "unknown key"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(changes: dict[str, object], where: str, words: str) -> None:
    problems = refused({**registry(), **changes})

    assert any(p.where == where and words in p.message and p.line for p in problems), problems


def test_a_newer_minor_version_keeps_what_it_does_not_know() -> None:
    document = {**full_registry(), "format": "1.2", "aliases": {"x": "y"}}
    document["versions"][0]["score"] = 1
    document["versions"][0]["comments"][0]["likes"] = 3

    found = parse(document)

    assert json.loads(found.dump()) == document
    assert json.loads(found.with_version(RegisteredVersion(version="v9.0.0", stage="dev")).dump())["aliases"] == {
        "x": "y"
    }
