"""Stage events: what is read of a registry's history, and that reading less says the same."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlvgit.actions.events import _differing, _event, _stages, stage_events
from mlvgit.actions.project import Project
from mlvgit.records.registry import Comment, RegisteredVersion, Registry
from mlvgit.repo.history import Commit
from tests.conftest import Sandbox

COMMIT = Commit("0" * 40, "1" * 40, (), "Ada <a@b>", 0, "Subject", "")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)
ENTRIES = st.lists(
    st.builds(
        lambda version, stage, texts: RegisteredVersion(
            version=version, stage=stage, comments=tuple(Comment("", "ü", text) for text in texts)
        ),
        version=st.sampled_from([f"v0.{number}.0" for number in range(12)] + ["v1.0.0-rc.1", "v1.0.0+b"]),
        stage=st.sampled_from(["dev", "staging", "production", "archived"]),
        texts=st.lists(TEXTS, max_size=2),
    ),
    unique_by=lambda entry: entry.version,
    max_size=8,
)
REGISTRIES = ENTRIES.map(lambda entries: Registry(name="m", versions=tuple(entries)).dump())


def changes(before: dict[str, str], after: dict[str, str]) -> set[tuple[str, str, str]]:
    return {
        (version, before.get(version, ""), after.get(version, ""))
        for version in (*before, *after)
        if before.get(version) != after.get(version)
    }


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(before=REGISTRIES | st.just(b""), after=REGISTRIES | st.just(b""))
def test_the_lines_that_differ_say_what_the_whole_documents_say(before: bytes, after: bytes) -> None:
    event = _event("m", COMMIT, before, after)

    assert {(each.version, each.before, each.after) for each in event.changes} == changes(
        _stages(before), _stages(after)
    )


def test_what_we_wrote_is_never_read_whole() -> None:
    before = Registry(name="m", versions=(RegisteredVersion(version="v0.1.0", stage="dev"),))
    after = before.with_version(RegisteredVersion(version="v0.2.0", stage="production"))

    assert _differing(before.dump(), after.dump()) is not None
    assert _differing(b"", after.dump()) is not None
    assert _differing(after.dump(), b"") is not None


def hand_written(*versions: tuple[str, str]) -> bytes:
    entries = [{"version": version, "stage": stage} for version, stage in versions]
    return json.dumps({"name": "m", "versions": entries}, indent=4).encode()


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (hand_written(("v0.1.0", "dev")), hand_written(("v0.1.0", "production")), {("v0.1.0", "dev", "production")}),
        (b"", hand_written(("v0.1.0", "dev")), {("v0.1.0", "", "dev")}),
        (hand_written(("v0.1.0", "dev")), b"not JSON", {("v0.1.0", "dev", "")}),
        (b'{"name": "m", "versions": []}', hand_written(("v0.1.0", "dev")), {("v0.1.0", "", "dev")}),
        (b'    {"version": "v0.1.0", "stage": [[[[', hand_written(("v0.1.0", "dev")), {("v0.1.0", "", "dev")}),
    ],
)
def test_other_documents_are_read_whole(before: bytes, after: bytes, wanted: set[tuple[str, str, str]]) -> None:
    event = _event("m", COMMIT, before, after)

    assert {(each.version, each.before, each.after) for each in event.changes} == wanted


def test_events_stand_where_the_registry_stood_in_that_commit(repo: Sandbox) -> None:
    repo.write("models/m/registry.json", hand_written(("v0.1.0", "production")))
    old = repo.commit("Register")
    repo.write("mlv.yaml", "folders: {models: registered}\n")
    (repo / "registered").mkdir()
    repo.git("mv", "models/m", "registered/m")
    repo.commit("Move")
    project = Project.open(repo.path)

    assert [event.commit for event in stage_events(project, "m", old)] == [old]
    assert [event.commit for event in stage_events(project, "m")] == [repo.head()]


def test_configuration_of_git_log_changes_nothing(repo: Sandbox) -> None:
    for stage in ("dev", "production"):
        repo.write("models/m/registry.json", hand_written(("v0.1.0", stage)))
        repo.commit(stage)
    repo.git("mv", "models/m/registry.json", "models/m/other.json")
    repo.commit("Rename")
    wanted = [event.changes for event in stage_events(Project.open(repo.path), "m")]
    for key, value in {
        "log.follow": "true",
        "log.showSignature": "true",
        "log.showRoot": "false",
        "log.diffMerges": "off",
        "diff.renames": "copies",
        "color.ui": "always",
    }.items():
        repo.git("config", key, value)

    assert len(wanted) == 3
    assert [event.changes for event in stage_events(Project.open(repo.path), "m")] == wanted
