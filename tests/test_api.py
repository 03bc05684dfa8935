"""The Python interface: what it hands out was hashed, and its errors are those of the commands."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mlvgit
from mlvgit.errors import DocumentError, IntegrityError, MachineError, RefusedError, UsageError
from tests.conftest import Sandbox


@pytest.fixture
def released(in_repo: Sandbox) -> Sandbox:
    """Two snapshots, two model versions, of which the first serves."""
    in_repo.mlv("init", "--no-hooks")
    for version, rows in (("v0.1", "1,2\n"), ("v0.2", "1,2\n3,4\n")):
        in_repo.write("raw/iris.csv", "a,b\n" + rows)
        in_repo.mlv("snapshot", "create", "iris", version, "raw", "--notes", f"Rows of {version}")
    for version, f1 in (("v0.1.0", 0.5), ("v0.2.0", 0.75)):
        in_repo.write("out/model.pkl", f"weights {version}")
        in_repo.write("out/metrics.json", json.dumps({"f1": f1, "by": {"setosa": 1}}))
        in_repo.write("out/params.json", '{"C": 1.0}')
        files = ["out/model.pkl", "--metrics", "out/metrics.json", "--params", "out/params.json"]
        in_repo.mlv("model", "add", "iris_clf", version, *files, "--data", "iris@v0.1")
    in_repo.git("commit", "-qm", "Freeze")
    in_repo.mlv("promote", "iris_clf", "v0.1.0", "production", "--tag")
    in_repo.mlv("promote", "iris_clf", "v0.2.0", "staging", "--tag")
    return in_repo


def alter(repo: Sandbox, path: str, data: str) -> None:
    os.chmod(repo / path, 0o644)
    repo.write(path, data)


def test_the_example_of_the_readme_works(released: Sandbox) -> None:
    repo = mlvgit.open()
    repo.snapshot("iris@v0.1").verify()
    path = repo.model("iris_clf").production.path("model.pkl")

    assert path == released / "models/iris_clf/v0.1.0/model.pkl"
    assert path.read_text() == "weights v0.1.0"


def test_a_snapshot_tells_what_its_manifest_says(released: Sandbox) -> None:
    snapshot = mlvgit.open().snapshot("iris@v0.1")
    manifest = json.loads(released.read("data/snapshots/iris_v0.1.manifest.json"))

    assert (snapshot.name, snapshot.version, snapshot.ref) == ("iris", "v0.1", "iris@v0.1")
    assert snapshot.tree_sha256 == manifest["tree_sha256"]
    assert snapshot.created_utc == manifest["created_utc"]
    assert snapshot.notes == "Rows of v0.1"
    assert [(file.path, file.size) for file in snapshot.files()] == [("iris.csv", 8)]
    assert snapshot.path("iris.csv").read_text() == "a,b\n1,2\n"
    assert snapshot.path() == released / "data/snapshots/iris_v0.1"


def test_a_model_version_tells_stage_metrics_params_and_data(released: Sandbox) -> None:
    version = mlvgit.open().model("iris_clf").production

    assert (version.version, version.stage, version.run) == ("v0.1.0", "production", "")
    assert version.metrics == {"f1": 0.5, "by": {"setosa": 1}}
    assert version.params == {"C": 1.0}
    assert version.data == ("iris_v0.1",)
    assert mlvgit.open().snapshot(version.data[0]).version == "v0.1"


def test_versions_and_stages_are_found(released: Sandbox) -> None:
    repo = mlvgit.open()
    model = repo.model("iris_clf")

    assert [each.version for each in model.versions()] == ["v0.1.0", "v0.2.0"]
    assert model.stage("staging") == model.version("v0.2.0") == model.version("latest")
    assert model.production != model.stage("staging")
    assert [each.ref for each in repo.snapshots()] == ["iris@v0.1", "iris@v0.2"]
    assert repo.snapshots("wine") == []
    assert repo.snapshot("iris").version == "v0.2"
    assert [each.name for each in repo.models()] == ["iris_clf"]


def test_comments_of_a_version_are_kept(released: Sandbox) -> None:
    released.mlv("comment", "iris_clf@v0.1.0", "Drifts", "-m", "Comment")

    assert [each.text for each in mlvgit.open().model("iris_clf").production.comments] == ["Drifts"]


def test_altered_bytes_are_not_handed_out(released: Sandbox) -> None:
    alter(released, "data/snapshots/iris_v0.1/iris.csv", "a,b\n1,3\n")
    alter(released, "models/iris_clf/v0.1.0/model.pkl", "weights v6.6.6")
    repo = mlvgit.open()

    with pytest.raises(IntegrityError, match=r"iris\.csv") as caught:
        repo.snapshot("iris@v0.1").verify()
    assert caught.value.hint == "git mlv restore iris@v0.1"
    with pytest.raises(IntegrityError):
        repo.snapshot("iris@v0.1").path("iris.csv")
    with pytest.raises(IntegrityError):
        repo.model("iris_clf").production.path("model.pkl")
    repo.snapshot("iris@v0.2").verify()


def test_missing_and_extra_files_do_not_verify(released: Sandbox) -> None:
    repo = mlvgit.open()
    extra = released.write("data/snapshots/iris_v0.1/more.csv", "x")
    with pytest.raises(IntegrityError, match="not in the manifest"):
        repo.snapshot("iris@v0.1").verify()
    extra.unlink()
    (released / "data/snapshots/iris_v0.1/iris.csv").unlink()

    with pytest.raises(IntegrityError, match="missing"):
        repo.snapshot("iris@v0.1").verify()


def test_a_manifest_altered_together_with_the_bytes_does_not_help(released: Sandbox) -> None:
    shutil.copy(released / "data/snapshots/iris_v0.2/iris.csv", released / "raw/other.csv")
    alter(released, "data/snapshots/iris_v0.1/iris.csv", released.read("raw/other.csv").decode())
    text = released.read("data/snapshots/iris_v0.2.manifest.json").decode()
    alter(released, "data/snapshots/iris_v0.1.manifest.json", text.replace("v0.2", "v0.1"))

    with pytest.raises(IntegrityError):
        mlvgit.open().snapshot("iris@v0.1").verify()


def test_bytes_and_metrics_that_are_altered_on_disk_come_from_git(released: Sandbox) -> None:
    alter(released, "models/iris_clf/v0.1.0/metrics.json", '{"f1": 0.99}')
    alter(released, "models/iris_clf/v0.1.0/model.pkl", "weights v6.6.6")
    version = mlvgit.open().model("iris_clf").production

    assert version.metrics["f1"] == 0.5
    assert version.read("model.pkl") == b"weights v0.1.0"


def test_metrics_come_from_the_run_record_when_no_file_has_them(released: Sandbox) -> None:
    released.mlv("model", "add", "iris_clf", "v0.3.0", "out/model.pkl", "--run", "r1")
    released.write(
        "runs/r1.yaml",
        "run_id: r1\ncode_commit: 9f2e1c4\ndata_snapshot: iris_v0.1\nparams: {C: 2.5}\n"
        "outputs: {model: iris_clf, model_version: v0.3.0, metrics: {f1: 0.25}}\n",
    )
    released.commit("Add a run")
    version = mlvgit.open().model("iris_clf").version("v0.3.0")

    assert (version.run, version.metrics, version.params) == ("r1", {"f1": 0.25}, {"C": 2.5})


def test_a_run_that_was_recorded_later_is_the_run_of_the_version_that_it_names(released: Sandbox) -> None:
    released.write("requirements.lock", "numpy==2.0\n")
    for run_id in ("r1", "r2"):
        released.mlv("record", "iris_clf", "v0.1.0", "--id", run_id, "-m", "Record")
    version = mlvgit.open().model("iris_clf").version("v0.1.0")

    assert (version.run, version.runs) == ("r1", ("r1", "r2"))
    shown = released.mlv("model", "show", "iris_clf@v0.1.0")
    assert "  run:       r1, r2\n" in shown.out
    asked = json.loads(released.mlv("model", "show", "iris_clf@v0.1.0", "--json").out)
    assert (asked["run"], asked["runs"]) == ("r1", ["r1", "r2"])
    assert mlvgit.open().model("iris_clf").version("v0.2.0").run == ""


def test_metrics_that_are_no_object_are_a_document_error(released: Sandbox) -> None:
    released.write("models/iris_clf/v0.3.0/metrics.json", "[1]")
    released.mlv("model", "add", "iris_clf", "v0.3.0", "-m", "Add")

    with pytest.raises(DocumentError, match=r"metrics\.json"):
        _ = mlvgit.open().model("iris_clf").version("v0.3.0").metrics


def test_unknown_names_are_the_errors_of_the_commands(released: Sandbox) -> None:
    repo = mlvgit.open()

    with pytest.raises(UsageError) as caught:
        repo.snapshot("irsi@v0.1")
    assert caught.value.hint == "did you mean iris?"
    with pytest.raises(UsageError, match=r"has no version v0\.9"):
        repo.snapshot("iris@v0.9")
    with pytest.raises(UsageError, match="there is no model iris_cfl"):
        repo.model("iris_cfl")
    with pytest.raises(UsageError, match="no version of iris_clf is in archived"):
        repo.model("iris_clf").stage("archived")
    with pytest.raises(UsageError, match="has no file nothing"):
        repo.snapshot("iris").path("nothing")
    with pytest.raises(UsageError, match="has no file nothing"):
        repo.snapshot("iris").read("nothing")


def test_a_name_of_another_kind_a_near_stage_and_a_thing_for_its_name_are_told(released: Sandbox) -> None:
    repo = mlvgit.open()
    released.mlv("snapshot", "create", "wine", "v0.1", "raw")

    with pytest.raises(UsageError, match="iris_clf is a model, not a dataset") as caught:
        repo.snapshot("iris_clf")
    assert caught.value.hint == "git mlv model list iris_clf"
    with pytest.raises(UsageError, match=r"^wine is frozen here and not committed yet"):
        repo.snapshot("wine")
    with pytest.raises(UsageError, match="'prod' is not a stage") as caught:
        repo.model("iris_clf").stage("prod")
    assert caught.value.hint == "did you mean production, as in iris_clf@production?"
    with pytest.raises(
        UsageError, match=r"expected a text such as 'iris@v0\.1', not <mlvgit\.Snapshot iris@v0\.1"
    ) as caught:
        repo.snapshot(repo.snapshot("iris@v0.1"))  # type: ignore[arg-type]
    assert ".ref" in caught.value.hint


def test_two_versions_in_production_are_refused(released: Sandbox) -> None:
    registry = json.loads(released.read("models/iris_clf/registry.json"))
    for entry in registry["versions"]:
        entry["stage"] = "production"
    released.write("models/iris_clf/registry.json", json.dumps(registry))
    released.commit("By hand")

    with pytest.raises(RefusedError, match="2 versions in production"):
        _ = mlvgit.open().model("iris_clf").production


def test_an_open_repository_answers_from_one_commit(released: Sandbox) -> None:
    repo = mlvgit.open()
    before = released.head()
    released.mlv("promote", "iris_clf", "v0.2.0", "production")

    assert repo.commit == before
    assert repo.model("iris_clf").production.version == "v0.1.0"
    assert mlvgit.open().model("iris_clf").production.version == "v0.2.0"
    assert mlvgit.open(at="HEAD~1").model("iris_clf").production.version == "v0.1.0"


def test_a_commit_that_is_not_here_and_a_folder_without_a_repository_are_told(
    released: Sandbox, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="nowhere is not a commit here"):
        mlvgit.open(at="nowhere")
    with pytest.raises(MachineError, match="not in a Git repository"):
        mlvgit.open(tmp_path)


def test_it_can_be_opened_from_a_folder_inside_and_from_elsewhere(released: Sandbox, tmp_path: Path) -> None:
    os.chdir(released / "models")
    mlvgit.open().snapshot("iris@v0.1").verify()
    os.chdir(tmp_path)

    with mlvgit.open(released.path) as repo:
        assert repo.snapshot("iris@v0.1").path("iris.csv").is_absolute()


def test_a_second_root_has_names_of_its_own(released: Sandbox) -> None:
    released.write("team/mlv.yaml", "format: 1.0\n")
    released.write("raw/wine.csv", "x\n1\n")
    released.mlv("snapshot", "create", "wine", "v0.1", "../raw/wine.csv", cwd=released / "team")
    released.commit("Second root")

    assert [each.ref for each in mlvgit.open("team").snapshots()] == ["wine@v0.1"]
    assert [each.ref for each in mlvgit.open().snapshots("wine")] == []


def test_values_show_what_they_are(released: Sandbox) -> None:
    repo = mlvgit.open()

    assert repr(repo.snapshot("iris@v0.1")).startswith("<mlvgit.Snapshot iris@v0.1 ")
    assert repr(repo.model("iris_clf").production).startswith("<mlvgit.ModelVersion iris_clf@v0.1.0 ")
    assert repo.commit[:12] in repr(repo)
    assert len({repo.snapshot("iris"), repo.snapshot("iris@v0.2")}) == 1


def test_importing_the_package_alone_imports_nothing_heavy() -> None:
    code = "import sys, mlvgit; print([name for name in ('git', 'yaml', 'mlvgit.api', 'subprocess') if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(mlvgit.__file__).parent / "py.typed").exists()
