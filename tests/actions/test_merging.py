"""Merging registries by meaning, and mending them: what the commands are made of."""

import json

import pytest

from mlvgit.actions.mending import Take, repair
from mlvgit.actions.merging import merge_texts
from mlvgit.actions.project import Project
from mlvgit.repo.conflicts import commits_in_merge, commits_merged, conflicted, merge_lines
from mlvgit.repo.repository import Repository
from tests.conftest import Sandbox

REGISTRY = "models/m/registry.json"


def registry(**versions: str) -> bytes:
    entries = [{"version": name.replace("_", "."), "stage": stage} for name, stage in versions.items()]
    return json.dumps({"name": "m", "versions": entries}).encode() + b"\n"


BASE = registry(v0_1_0="production", v0_2_0="staging", v0_3_0="staging")


def test_a_side_that_alone_changed_keeps_its_bytes(in_repo: Sandbox) -> None:
    changed = registry(v0_1_0="archived", v0_2_0="production", v0_3_0="staging")

    merged = merge_texts(Project.open(), BASE, BASE.replace(b"\n", b" \n"), changed, path=REGISTRY)

    assert merged.data == changed
    assert merged.conflicts == ()


def test_two_added_registries_are_united(in_repo: Sandbox) -> None:
    merged = merge_texts(Project.open(), b"", registry(v0_1_0="staging"), registry(v0_2_0="production"), path=REGISTRY)

    assert merged.conflicts == ()
    assert [entry["version"] for entry in json.loads(merged.data)["versions"]] == ["v0.1.0", "v0.2.0"]


def test_the_stages_that_hold_one_version_are_those_of_the_settings_in_head(in_repo: Sandbox) -> None:
    in_repo.write("mlv.yaml", "stages: {dev: {}, canary: {one: true}}\n")
    ours = registry(v0_1_0="production", v0_2_0="canary", v0_3_0="staging")
    theirs = registry(v0_1_0="production", v0_2_0="staging", v0_3_0="canary")
    before = merge_texts(Project.open(), BASE, ours, theirs, path=REGISTRY)
    in_repo.commit("Name the stages")

    after = merge_texts(Project.open(), BASE, ours, theirs, path=REGISTRY)

    assert before.conflicts == ()
    assert after.conflicts == ("one side put v0.2.0 in canary, the other v0.3.0 (it was no version)",)
    assert b"<<<<<<< ours" in after.data


def test_lines_that_merge_into_two_productions_are_reported_when_one_side_cannot_be_read(in_repo: Sandbox) -> None:
    ours = BASE.replace(b'"v0.2.0"', b'"v0.2.0", "oops": 1')

    text = merge_texts(Project.open(), BASE, ours, BASE, path=REGISTRY)

    assert text.data == ours
    assert "oops" in text.conflicts[0]


def test_files_that_are_no_text_leave_ours(in_repo: Sandbox) -> None:
    assert merge_lines(Repository.open(), b"a\0", b"b\0", b"c\0") == (b"b\0", False)


@pytest.fixture
def forked(in_repo: Sandbox) -> Sandbox:
    """On main and on `other` different versions were put into production, by hand."""
    in_repo.write(REGISTRY, BASE)
    in_repo.commit("Register")
    in_repo.branch("other")
    in_repo.write(REGISTRY, registry(v0_1_0="archived", v0_2_0="staging", v0_3_0="production"))
    in_repo.commit("Promote v0.3.0")
    in_repo.checkout("main")
    in_repo.write(REGISTRY, registry(v0_1_0="archived", v0_2_0="production", v0_3_0="staging"))
    in_repo.commit("Promote v0.2.0")
    return in_repo


def test_the_sides_of_a_conflict_are_the_stages_of_the_index(forked: Sandbox) -> None:
    forked.git("merge", "other", check=False)

    (sides,) = conflicted(Repository.open()).values()

    wanted = [forked.head(f"{name}:{REGISTRY}") for name in ("main~", "main", "other")]
    assert list(sides) == wanted


def test_the_commits_of_a_merge_a_pick_and_a_revert_are_known(forked: Sandbox) -> None:
    main, other, base = forked.head("main"), forked.head("other"), forked.head("main~")
    assert commits_in_merge(Repository.open()) is None
    assert commits_merged(Repository.open()) is None
    found = []
    for command in (["merge", "other"], ["cherry-pick", "other"], ["revert", "other"]):
        forked.git(*command, check=False)
        found.append(commits_in_merge(Repository.open()))
        forked.git(command[0], "--abort")
    forked.git("merge", "-q", "-s", "ours", "-m", "Merge", "other")

    assert found == [(base, main, other), (base, main, other), (other, main, base)]
    assert commits_merged(Repository.open()) == (base, main, other)


def test_a_registry_that_one_side_deleted_is_left_to_the_user(forked: Sandbox) -> None:
    forked.checkout("other")
    forked.remove(REGISTRY)
    forked.commit("Drop it")
    forked.checkout("main")
    forked.git("merge", "other", check=False)

    result = repair(Project.open())

    assert result.mended == ()
    assert "one side deleted it" in result.undecided[0].conflicts[0]
    assert result.left == (REGISTRY,)


def test_a_revert_in_conflict_is_mended(forked: Sandbox) -> None:
    forked.write(REGISTRY, registry(v0_1_0="production", v0_2_0="staging", v0_3_0="archived"))
    forked.commit("Roll back, and retire v0.3.0")
    assert forked.git("revert", "HEAD~", check=False).status == 1

    result = repair(Project.open())

    assert [each.source for each in result.mended] == ["index"]
    assert result.operation == "revert"


def test_a_decision_for_one_model_leaves_the_other_undecided(forked: Sandbox) -> None:
    for branch, version in (("other", "v0.3.0"), ("main", "v0.2.0")):
        forked.checkout(branch)
        second = forked.read(REGISTRY).replace(b'"name": "m"', b'"name": "n"')
        forked.write("models/n/registry.json", second)
        forked.commit(f"Promote {version} of n")
    forked.git("merge", "other", check=False)

    result = repair(Project.open(), take=[Take("n", "v0.3.0")])

    assert [each.path for each in result.mended] == ["models/n/registry.json"]
    assert [(each.model, each.choices) for each in result.undecided] == [("m", ("v0.2.0", "v0.3.0"))]


def test_the_same_version_with_two_identities_is_no_matter_of_stages(forked: Sandbox) -> None:
    for branch, digit in (("other", "a"), ("main", "b")):
        forked.checkout(branch)
        document = json.loads(BASE)
        document["versions"][0]["tree_sha256"] = digit * 64
        forked.write(REGISTRY, json.dumps(document))
        forked.commit(f"Say {digit}")
    forked.git("merge", "other", check=False)

    (undecided,) = repair(Project.open()).undecided

    assert undecided.choices == ()
    assert "v0.1.0: tree_sha256 is" in undecided.conflicts[0]
