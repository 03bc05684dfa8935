"""What differs between two snapshots, or between two model versions."""

import json
import os
import shutil

import pytest

from mlvgit.actions.differences import diff_models, diff_snapshots
from mlvgit.actions.project import Project
from mlvgit.errors import UsageError
from tests.conftest import Sandbox


def freeze(repo: Sandbox, version: str, files: dict[str, str | bytes], dataset: str = "iris") -> None:
    """Freeze files as a snapshot and commit it."""
    shutil.rmtree(repo / "raw", ignore_errors=True)
    for path, data in files.items():
        repo.write(f"raw/{path}", data)
    repo.mlv("snapshot", "create", dataset, version, "raw", "-m", f"Freeze {version}", "--dereference")


def add(repo: Sandbox, version: str, *, f1: object, params: object, data: str = "iris@v0.1") -> None:
    """Add a model version and commit it."""
    repo.write("out/model.pkl", f"weights {version}\n")
    repo.write("out/metrics.json", json.dumps({"f1": f1, "by": {"setosa": 1}}))
    repo.write("out/params.json", json.dumps(params))
    files = ["out/model.pkl", "--metrics", "out/metrics.json", "--params", "out/params.json"]
    repo.mlv("model", "add", "clf", version, *files, "--data", data, "-m", f"Add {version}")


def test_files_are_added_removed_renamed_and_changed(in_repo: Sandbox) -> None:
    freeze(in_repo, "v0.1", {"a.csv": "x,y\n1,2\n", "old.bin": b"\0same", "gone.txt": "gone", "kept.txt": "kept"})
    freeze(in_repo, "v0.2", {"a.csv": "x,y\n1,3\n4,5\n", "new.bin": b"\0same", "come.txt": "come", "kept.txt": "kept"})

    found = diff_snapshots(Project.open(), "iris@v0.1", "iris@v0.2")

    assert not found.identical
    assert [path for path, _ in found.files.added] == ["come.txt"]
    assert [path for path, _ in found.files.removed] == ["gone.txt"]
    assert [(old, new) for old, new, _ in found.files.renamed] == [("old.bin", "new.bin")]
    assert [change.path for change in found.files.changed] == ["a.csv"]
    rows = found.files.changed[0].rows
    assert rows is not None
    assert (rows.added, rows.removed) == (2, 1)
    assert found.files.unchanged == 1


def test_a_file_that_moved_keeps_its_own_name_among_copies(in_repo: Sandbox) -> None:
    freeze(in_repo, "v0.1", {"x/one": "same", "x/two": "same"})
    freeze(in_repo, "v0.2", {"y/two": "same", "z/three": "same"})

    found = diff_snapshots(Project.open(), "iris@v0.1", "iris@v0.2")

    assert [(old, new) for old, new, _ in found.files.renamed] == [("x/one", "z/three"), ("x/two", "y/two")]
    assert found.files.added == found.files.removed == ()


def test_the_same_bytes_under_another_version_are_identical(in_repo: Sandbox) -> None:
    freeze(in_repo, "v0.1", {"a.csv": "x\n1\n"})
    freeze(in_repo, "v0.1", {"a.csv": "x\n1\n"}, dataset="copy")

    assert diff_snapshots(Project.open(), "iris@v0.1", "copy@v0.1").identical


def test_rows_come_from_git_when_the_working_directory_has_no_bytes(in_repo: Sandbox) -> None:
    freeze(in_repo, "v0.1", {"a.csv": "x,y\n1,2\n"})
    freeze(in_repo, "v0.2", {"a.csv": "x,y\n1,2\n3,4\n"})
    shutil.rmtree(in_repo / "data/snapshots/iris_v0.1")

    rows = diff_snapshots(Project.open(), "iris@v0.1", "iris@v0.2").files.changed[0].rows

    assert rows is not None
    assert (rows.added, rows.removed) == (1, 0)


def test_bytes_that_were_altered_on_disk_are_not_taken_for_the_frozen_ones(in_repo: Sandbox) -> None:
    freeze(in_repo, "v0.1", {"a.csv": "x,y\n1,2\n"})
    freeze(in_repo, "v0.2", {"a.csv": "x,y\n1,2\n3,4\n"})
    os.chmod(in_repo / "data/snapshots/iris_v0.1/a.csv", 0o644)
    in_repo.write("data/snapshots/iris_v0.1/a.csv", "x,y\n9,9\n")

    rows = diff_snapshots(Project.open(), "iris@v0.1", "iris@v0.2", show_rows=5).files.changed[0].rows

    assert rows is not None
    assert (rows.rows_added, rows.rows_removed) == (("3,4",), ())


def test_rows_are_unknown_when_the_frozen_bytes_are_nowhere(in_repo: Sandbox) -> None:
    freeze(in_repo, "v0.1", {"a.csv": "x,y\n1,2\n"})
    in_repo.write("raw/a.csv", "x,y\n1,2\n3,4\n")
    in_repo.mlv("snapshot", "create", "iris", "v0.2", "raw")
    in_repo.git("rm", "-q", "--cached", "data/snapshots/iris_v0.2/a.csv")
    os.remove(in_repo / "data/snapshots/iris_v0.2/a.csv")

    change = diff_snapshots(Project.open(), "iris@v0.1", "iris@v0.2").files.changed[0]

    assert change.rows is None
    assert "iris@v0.2 are not here" in change.note


def test_broken_csv_is_only_said_to_be_changed(in_repo: Sandbox) -> None:
    freeze(in_repo, "v0.1", {"a.csv": "x,y\n1,2\n"})
    freeze(in_repo, "v0.2", {"a.csv": 'x,y\n1,"2\n'})

    change = diff_snapshots(Project.open(), "iris@v0.1", "iris@v0.2").files.changed[0]

    assert change.rows is None
    assert change.note.startswith("not readable as CSV")


def test_a_snapshot_that_was_deleted_from_the_working_directory_is_found_in_head(in_repo: Sandbox) -> None:
    freeze(in_repo, "v0.1", {"a.csv": "x\n1\n"})
    freeze(in_repo, "v0.2", {"a.csv": "x\n2\n"})
    shutil.rmtree(in_repo / "data/snapshots/iris_v0.1")
    os.remove(in_repo / "data/snapshots/iris_v0.1.manifest.json")

    assert len(diff_snapshots(Project.open(), "iris@v0.1", "iris@v0.2").files.changed) == 1


def test_an_unknown_snapshot_is_named(in_repo: Sandbox) -> None:
    freeze(in_repo, "v0.1", {"a.csv": "x\n1\n"})

    with pytest.raises(UsageError, match=r"iris has no version v0\.9"):
        diff_snapshots(Project.open(), "iris@v0.1", "iris@v0.9")


def test_two_model_versions_stand_side_by_side(in_repo: Sandbox) -> None:
    freeze(in_repo, "v0.1", {"a.csv": "x\n1\n"})
    freeze(in_repo, "v0.2", {"a.csv": "x\n2\n"})
    add(in_repo, "v0.1.0", f1=0.5, params={"C": 1})
    add(in_repo, "v0.2.0", f1=0.75, params={"C": True, "seed": 7}, data="iris@v0.2")
    in_repo.mlv("promote", "clf", "v0.1.0", "production", "--tag")

    found = diff_models(Project.open(), "clf@production", "clf@v0.2.0")

    assert (found.before.stage, found.after.stage) == ("production", "dev")
    metrics = {value.name: value for value in found.metrics}
    assert metrics["f1"].difference == 0.25
    assert metrics["by.setosa"].same
    params = {value.name: value for value in found.params}
    assert not params["C"].same
    assert params["C"].difference is None
    assert params["seed"].before is None
    assert (found.data_removed, found.data_added) == (("iris_v0.1",), ("iris_v0.2",))
    assert {change.path for change in found.files.changed} == {"model.pkl", "metrics.json", "params.json"}


def test_metrics_come_from_the_run_record_when_no_file_has_them(in_repo: Sandbox) -> None:
    freeze(in_repo, "v0.1", {"a.csv": "x\n1\n"})
    in_repo.write("out/model.pkl", "weights\n")
    in_repo.mlv("model", "add", "clf", "v0.1.0", "out/model.pkl", "--data", "iris@v0.1", "--run", "r1")
    in_repo.write(
        "runs/r1.yaml",
        "run_id: r1\ncode_commit: 9f2e1c4\ndata_snapshot: iris_v0.1\nparams: {C: 2.5}\n"
        "outputs: {model: clf, model_version: v0.1.0, metrics: {f1: 0.5}}\n",
    )

    side = diff_models(Project.open(), "clf@v0.1.0", "clf@v0.1.0").before

    assert (dict(side.metrics), dict(side.params)) == ({"f1": 0.5}, {"C": 2.5})


def test_metrics_altered_on_disk_are_not_believed(in_repo: Sandbox) -> None:
    freeze(in_repo, "v0.1", {"a.csv": "x\n1\n"})
    add(in_repo, "v0.1.0", f1=0.5, params={})
    os.chmod(in_repo / "models/clf/v0.1.0/metrics.json", 0o644)
    in_repo.write("models/clf/v0.1.0/metrics.json", '{"f1": 0.99}')

    assert diff_models(Project.open(), "clf@v0.1.0", "clf@v0.1.0").before.metrics["f1"] == 0.5


def test_metrics_that_are_not_json_are_told_and_nothing_else_fails(in_repo: Sandbox) -> None:
    in_repo.write("models/clf/v0.1.0/metrics.json", "[1, 2")
    in_repo.write("models/clf/v0.1.0/model.pkl", "x")
    in_repo.mlv("model", "add", "clf", "v0.1.0")

    side = diff_models(Project.open(), "clf@v0.1.0", "clf@v0.1.0").before

    assert dict(side.metrics) == {}
    assert "models/clf/v0.1.0/metrics.json" in side.problems[0]
