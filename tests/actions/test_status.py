"""The status: what serves, what is newest, what is new or wrong, and how far it got."""

import json
import os

import pytest

from mlvgit.actions import verify
from mlvgit.actions.project import Project
from mlvgit.actions.status import Status, look
from tests.conftest import Sandbox


def status(repo: Sandbox) -> Status:
    return look(Project.open(repo.path))


@pytest.fixture
def released(repo: Sandbox) -> Sandbox:
    """A repository with a snapshot, and a model version that serves."""
    repo.mlv("init", "--no-hooks")
    repo.commit("Set up")
    repo.write("raw/iris.csv", "a,b\n1,2\n")
    repo.mlv("snapshot", "create", "iris", "v0.1", "raw", "-m", "Freeze")
    add(repo, "v0.1.0", 0.5)
    repo.mlv("promote", "clf", "v0.1.0", "production", "--tag")
    return repo


def add(repo: Sandbox, version: str, f1: float) -> None:
    """Add a model version and commit it."""
    repo.write("out/model.pkl", f"weights {version}")
    repo.write("out/metrics.json", json.dumps({"loss": 1.5, "f1": f1}))
    files = ["out/model.pkl", "--metrics", "out/metrics.json", "--data", "iris@v0.1"]
    repo.mlv("model", "add", "clf", version, *files, "-m", f"Add {version}")


def test_what_serves_comes_with_its_date_data_metric_tag_and_bytes(released: Sandbox) -> None:
    found = status(released)

    (serving,) = found.serving
    assert (serving.model, serving.version) == ("clf", "v0.1.0")
    assert serving.since.startswith("2026-01-01T")
    assert serving.commit == found.commit == released.head()
    assert serving.metric == ("f1", 0.5)
    assert serving.data == ("iris_v0.1",)
    assert (serving.tag, serving.bytes, serving.problem) == ("tagged", "present", "")


def test_since_is_when_the_version_came_not_when_another_changed(released: Sandbox) -> None:
    first = released.head()
    add(released, "v0.2.0", 0.75)
    released.mlv("promote", "clf", "v0.2.0", "staging", "--tag")

    assert status(released).serving[0].commit == first


def test_bytes_are_missing_or_altered_by_their_sizes(released: Sandbox) -> None:
    model = released / "models/clf/v0.1.0/model.pkl"
    os.chmod(model, 0o644)
    model.write_text("other weights")
    assert status(released).serving[0].bytes == "altered"

    model.unlink()
    assert status(released).serving[0].bytes == "missing"


def test_nothing_frozen_is_hashed(released: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    real = verify.hash_files

    def noting(files: list[verify.SourceFile], **options: object) -> object:
        hashed.extend(file.relative for file in files)
        return real(files, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(verify, "hash_files", noting)

    status(released)

    assert hashed == ["metrics.json"]  # what is shown of it is hashed


def test_two_versions_in_production_are_a_problem_and_a_debt(released: Sandbox) -> None:
    add(released, "v0.2.0", 0.75)
    registry = json.loads(released.read("models/clf/registry.json"))
    registry["versions"].append({"version": "v0.2.0", "stage": "production"})
    released.write("models/clf/registry.json", json.dumps(registry))
    released.commit("By hand")

    found = status(released)

    assert found.serving[0].problem == "2 versions: v0.1.0, v0.2.0"
    assert found.debts == ("clf has 2 versions in production (MLV202)",)


def test_a_registry_that_cannot_be_read_stops_nothing(released: Sandbox) -> None:
    released.write("models/clf/registry.json", "<<<<<<< ours\n")
    released.commit("Conflict markers")

    found = status(released)

    assert "registry.json" in found.serving[0].problem
    assert "registry.json" in found.debts[0]
    assert found.snapshots[0].key.name == "iris"


def test_settings_that_cannot_be_read_are_told(released: Sandbox) -> None:
    released.write("mlv.yaml", "folders: 3\n")

    found = status(released)

    assert "folders" in found.settings_problems[0]
    assert found.serving == ()


def test_new_staged_unfrozen_and_wrong_things_are_told_apart(released: Sandbox) -> None:
    released.write("raw/iris.csv", "a,b\n1,3\n")
    released.mlv("snapshot", "create", "iris", "v0.2", "raw")
    released.write("data/snapshots/wine_v0.1/wine.csv", "x\n1\n")
    os.chmod(released / "data/snapshots/iris_v0.1/iris.csv", 0o644)
    released.write("data/snapshots/iris_v0.1/iris.csv", "a,b\n9,9\n")

    found = status(released)

    assert list(map(str, found.new)) == ["iris@v0.2"]
    assert list(map(str, found.unfrozen)) == ["wine@v0.1"]
    assert found.staged == ("data/snapshots/iris_v0.2.manifest.json", "data/snapshots/iris_v0.2/iris.csv")
    assert "MLV101" in {finding.code for finding in found.findings}
    assert not {each.key.version: each.committed for each in found.snapshots}["v0.2"]


def test_the_newest_of_each_is_shown_and_the_rest_counted(released: Sandbox) -> None:
    for number in range(6):
        released.write("raw/iris.csv", f"a,b\n{number},2\n")
        released.mlv("snapshot", "create", f"set{number}", "v0.1", "raw", SOURCE_DATE_EPOCH=str(1_800_000_000 + number))
    released.mlv("snapshot", "create", "set5", "v0.2", "raw", SOURCE_DATE_EPOCH="1900000000")

    found = status(released)

    assert [str(each.key) for each in found.snapshots][:2] == ["set5@v0.2", "set4@v0.1"]
    assert (len(found.snapshots), found.more_snapshots) == (5, 2)


def test_what_the_release_branch_serves_otherwise_is_said(released: Sandbox) -> None:
    released.server()
    add(released, "v0.2.0", 0.75)
    released.mlv("promote", "clf", "v0.2.0", "production", "--tag")

    found = status(released)

    assert (found.serving[0].version, found.serving[0].released) == ("v0.2.0", "v0.1.0")
    assert (found.upstream.remote, found.upstream.branch, found.upstream.ahead) == ("origin", "main", 2)
    assert found.upstream.tags == ("clf@v0.2.0",)


def test_a_repository_without_a_commit_has_a_status(repo: Sandbox) -> None:
    found = status(repo)

    assert (found.commit, found.serving, found.has_settings) == ("", (), False)
    assert found.guards["pre-commit"] == "missing"


def test_a_bare_repository_answers_from_its_head(released: Sandbox) -> None:
    server = released.server()

    found = status(server)

    assert found.bare
    assert (found.serving[0].version, found.serving[0].bytes) == ("v0.1.0", "present")
