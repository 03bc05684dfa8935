"""What is said where the words were nearly right, or something is missing: what it is, and what to type."""

import pytest

from tests.conftest import Sandbox


@pytest.fixture
def project(repo: Sandbox) -> Sandbox:
    """A repository with the dataset iris and the model clf, in dev and kept by the store."""
    repo.mlv("init")
    repo.commit("Set up")
    repo.write("raw/a.csv", "x\n1\n")
    repo.mlv("snapshot", "create", "iris", "v0.1", "raw/a.csv", "-m", "Freeze")
    repo.mlv("model", "add", "clf", "v0.1.0", "raw/a.csv", "--data", "iris@v0.1", "--storage", "store", "-m", "Add it")
    return repo


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("model add clf", "which version?", "git mlv model add clf v0.1.0"),
        ("snapshot create iris next raw/a.csv", "'next' is not", "vMAJOR.MINOR or vMAJOR.MINOR.PATCH"),
        ("drop clf", "no version of clf is in production", "name the version that is meant: clf@v0.1.0"),
        ("comment clf Good", "no version of clf is in production", "git mlv promote clf VERSION production"),
        ("log iris", "iris is a dataset, not a model", "git mlv snapshot list iris"),
        ("model list iris", "iris is a dataset, not a model", "git mlv snapshot list iris"),
        ("model show iris", "iris is a dataset, not a model", "git mlv snapshot list iris"),
        ("promote iris v0.1 production", "iris is a dataset, not a model", "git mlv snapshot list iris"),
        ("rollback iris", "iris is a dataset, not a model", "git mlv snapshot list iris"),
        ("snapshot list clf", "clf is a model, not a dataset", "git mlv model list clf"),
        ("snapshot show clf", "clf is a model, not a dataset", "git mlv model list clf"),
        ("exp", "'exp' is not a command", "git mlv model list"),
        ("lfs", "'lfs' is not a command", "git mlv remote add origin lfs"),
        ("repro", "'repro' is not a command", "git mlv record"),
        ("run", "'run' is not a command", "git mlv record"),
        ("transition", "'transition' is not a command", "git mlv promote"),
        ("ui", "'ui' is not a command", "git mlv status"),
    ],
)
def test_a_near_miss_is_told_what_was_meant(project: Sandbox, line: str, message: str, hint: str) -> None:
    ran = project.mlv(*line.split(), check=False)

    assert ran.status == 2
    assert message in ran.err
    assert hint in ran.err.partition("hint: ")[2]


def test_the_guard_of_a_server_in_a_clone_is_warned_of(project: Sandbox) -> None:
    ran = project.mlv("install", "--server")

    assert "warning: this clone has a working directory" in ran.err
    assert ran.out.splitlines()[-1] == "next: git mlv install"


def test_pull_and_push_are_quiet_when_asked_and_nothing_is_wrong(project: Sandbox) -> None:
    server = project.playground.server("server.git", f"--object-format={project.playground.object_format}")
    project.git("remote", "add", "origin", str(server.path))
    project.mlv("remote", "add", "shelf", str(project.playground.folder / "shelf"), "-m", "Name the shelf")
    assert project.mlv("push", "--quiet").said == ""
    assert "everything" in project.mlv("push").out

    clone = server.clone()
    assert clone.mlv("pull", "-q", "--all").said == ""
    assert clone.read("models/clf/v0.1.0/a.csv") == b"x\n1\n"

    broken = clone.mlv("push", "-q", "nowhere", check=False)
    assert broken.status != 0
    assert broken.err != ""


def test_promote_and_log_call_the_stage_before_the_same(project: Sandbox) -> None:
    said = project.mlv("promote", "clf", "v0.1.0", "production", "--tag").out

    assert "v0.1.0: dev -> production" in said
    assert "v0.1.0 dev -> production" in project.mlv("log", "clf").out


def test_a_model_without_its_data_is_told_how_to_say_it(project: Sandbox) -> None:
    project.write("out/model.pkl", "weights")

    said = project.mlv("model", "add", "clf", "v0.2.0", "out/model.pkl").err
    assert "the same again with --data NAME@VERSION" in said
    project.mlv("model", "add", "clf", "v0.2.0", "out/model.pkl", "--data", "iris@v0.1")
    assert "iris_v0.1" in project.mlv("model", "show", "clf@v0.2.0").out
    project.write("out/model.pkl", "other weights")
    assert project.mlv("model", "add", "clf", "v0.3.0", "out/model.pkl", "--json").err == ""
    project.write("out/model.pkl", "more weights")
    assert "--data" not in project.mlv("model", "add", "clf", "v0.4.0", "out/model.pkl", "--data", "iris@v0.1").err


@pytest.mark.parametrize("source", [".git", ".git/mlv", ".git/HEAD"])
def test_a_source_in_a_git_directory_is_refused_by_that_reason(project: Sandbox, source: str) -> None:
    refused = project.mlv("snapshot", "create", "w", "v0.1", source, check=False)

    assert refused.status == 2
    assert "where Git keeps a repository" in refused.err


def test_an_empty_source_does_not_mean_the_repository(project: Sandbox) -> None:
    refused = project.mlv("snapshot", "create", "w", "v0.1", "", check=False)

    assert refused.status == 2
    assert "names nothing" in refused.err


def test_what_another_commit_took_along_meanwhile_is_said_and_no_failure(project: Sandbox) -> None:
    project.write("raw.csv", "1\n")
    project.hook("pre-commit", "git update-ref HEAD $(git commit-tree $(git write-tree) -p HEAD -m Colleague)")

    frozen = project.mlv("snapshot", "create", "w", "v0.1", "raw.csv", "-m", "Freeze w")

    assert "committed already" in frozen.out
    project.assert_committed("data/snapshots/w_v0.1/raw.csv", "1\n")
