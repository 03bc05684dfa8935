"""The course, to the letter: its exercises typed as printed pass, its self-checks are rules or commands."""

import hashlib
import json

import pytest

from tests.conftest import Sandbox

ROWS = "5.1,3.5,1.4,0.2,setosa\n6.2,2.9,4.3,1.3,versicolor\n"
FOLDER = "data/snapshots/iris_v0.1"

RUN = """\
run_id: 2026-01-01-iris-001
code_commit: {code}
data_snapshot: iris_v0.1  # points to manifest with SHA256
params:
  seed: 42
  C: 1.0
  penalty: l2
env:
  python: 3.10
  requirements_lock: {lock}
  container_image: ghcr.io/org/ml:1.2.3
outputs:
  model_version: v0.2.0
  metrics:
    f1: 0.94
"""


def exercise_1(repo: Sandbox) -> None:
    repo.write(f"{FOLDER}/iris.csv", ROWS)
    manifest = {
        "dataset": "iris",
        "version": "v0.1",
        "files": [
            {
                "path": f"{FOLDER}/iris.csv",
                "size_bytes": len(ROWS),
                "sha256": hashlib.sha256(ROWS.encode()).hexdigest(),
            }
        ],
        "created_utc": "2026-01-01T00:00:00Z",
        "notes": "Cleaned, normalized sepal/petal features",
    }
    repo.write("data/snapshots/manifest.json", json.dumps(manifest, indent=2) + "\n")


def exercise_2(repo: Sandbox) -> None:
    repo.write("models/iris_clf/v0.1.0/model.pkl", "first")
    repo.write("models/iris_clf/v0.1.0/metrics.json", '{"f1": 0.91, "timestamp": "..."}')
    repo.write("models/iris_clf/v0.1.0/params.json", '{"seed": 42, "C": 1.0}')
    repo.write("models/iris_clf/v0.2.0/model.pkl", "second")
    repo.write("models/iris_clf/v0.2.0/metrics.json", '{"f1": 0.94}')
    repo.write("models/iris_clf/v0.2.0/params.json", '{"seed": 42, "C": 1.0}')
    repo.write(
        "models/iris_clf/registry.json",
        '{\n  "name": "iris_clf",\n  "versions": [\n'
        '    {"version": "v0.1.0", "stage": "archived"},\n    {"version": "v0.2.0", "stage": "production"}\n  ]\n}\n',
    )


def exercise_3(repo: Sandbox, code: str = "9f2e1c4", lock: str = "sha256:" + 64 * "7") -> None:
    repo.write("runs/2026-01-01-iris-001.yaml", RUN.format(code=code, lock=lock))


@pytest.fixture
def student(repo: Sandbox) -> Sandbox:
    """A repository with mlvgit set up, before the first exercise."""
    repo.mlv("init")
    repo.git("commit", "-qm", "Set up")
    return repo


def commit(repo: Sandbox, message: str) -> str:
    repo.git("add", ".")
    return repo.git("commit", "-qm", message).said


def test_exercise_1_typed_as_printed_is_committed_and_verifies(student: Sandbox) -> None:
    exercise_1(student)

    assert commit(student, "Exercise 1") == ""
    assert "ok  iris@v0.1" in student.mlv("verify").out


def test_exercise_2_typed_as_printed_is_committed_with_warnings_that_say_what_completes_it(student: Sandbox) -> None:
    exercise_1(student)
    commit(student, "Exercise 1")
    exercise_2(student)

    said = commit(student, "Exercise 2")

    assert "error" not in said
    assert "git mlv model add iris_clf v0.2.0" in said
    assert "git mlv tag-model iris_clf v0.2.0" in said


def test_exercise_3_typed_as_printed_is_committed(student: Sandbox) -> None:
    exercise_1(student)
    exercise_2(student)
    commit(student, "Exercises 1 and 2")
    exercise_3(student)

    said = commit(student, "Exercise 3")

    assert "error" not in said


def test_the_three_exercises_in_one_commit_pass(student: Sandbox) -> None:
    exercise_1(student)
    exercise_2(student)
    exercise_3(student)

    assert "error" not in commit(student, "All exercises")


def test_the_commands_that_warnings_name_complete_the_exercises(student: Sandbox) -> None:
    exercise_1(student)
    exercise_2(student)
    commit(student, "Exercises 1 and 2")
    exercise_3(student, code=student.head()[:7])
    commit(student, "Exercise 3")

    for version in ("v0.1.0", "v0.2.0"):
        student.mlv("model", "add", "iris_clf", version, "-m", f"Adopt {version}")
        student.mlv("tag-model", "iris_clf", version)

    assert "error" not in student.mlv("check", "--all", check=False).out
    assert student.mlv("resolve", "iris_clf@production", "model.pkl").out.endswith("v0.2.0/model.pkl\n")


@pytest.mark.parametrize(
    ("path", "placeholder", "advice"),
    [
        ("data/snapshots/manifest.json", "<sha256>", "64 hexadecimal digits"),
        ("runs/2026-01-01-iris-001.yaml", "sha256:7b1f...", "sha256:"),
    ],
)
def test_a_placeholder_left_in_gets_an_error_that_says_what_to_write(
    student: Sandbox, path: str, placeholder: str, advice: str
) -> None:
    exercise_1(student)
    exercise_2(student)
    exercise_3(student, lock=placeholder if path.startswith("runs") else "sha256:" + 64 * "7")
    if path.startswith("data"):
        text = student.read(path).decode()
        student.write(path, text.replace(hashlib.sha256(ROWS.encode()).hexdigest(), placeholder))
    student.git("add", ".")

    refused = student.assert_refused("commit", "-m", "With a placeholder", because="MLV106")

    assert "placeholder" in refused.said
    assert advice in refused.said


def test_self_check_old_versions_stay_retrievable_after_an_overwrite(student: Sandbox) -> None:
    exercise_1(student)
    commit(student, "Exercise 1")
    student.write(f"{FOLDER}/iris.csv", "overwritten\n")

    student.assert_refused("commit", "-am", "Overwrite", because="MLV101")
    student.mlv("restore", "iris@v0.1")

    assert student.read(f"{FOLDER}/iris.csv") == ROWS.encode()


def test_recovery_after_overwriting_a_new_snapshot_from_the_current_state(student: Sandbox) -> None:
    exercise_1(student)
    commit(student, "Exercise 1")
    student.write(f"{FOLDER}/iris.csv", "current state\n")

    student.mlv("snapshot", "create", "iris", "v0.2", FOLDER, "--from", "iris@v0.1")
    student.mlv("restore", "iris@v0.1")

    assert commit(student, "Freeze the current state") == ""
    assert student.read("data/snapshots/iris_v0.2/iris.csv") == b"current state\n"
    student.mlv("verify", "iris@v0.1", "iris@v0.2")
    # The shared manifest went on to the next version, and the first one stands beside its folder.
    assert json.loads(student.read("data/snapshots/manifest.json"))["version"] == "v0.2"
    assert json.loads(student.read("data/snapshots/iris_v0.1.manifest.json"))["version"] == "v0.1"


def test_self_check_environment_locks_are_asked_for(student: Sandbox) -> None:
    exercise_1(student)
    exercise_2(student)
    exercise_3(student)
    path = "runs/2026-01-01-iris-001.yaml"
    lines = student.read(path).decode().splitlines(keepends=True)
    student.write(path, "".join(line for line in lines if "lock" not in line and "image" not in line))

    assert "MLV302" in commit(student, "No lock")


def test_self_check_one_registry_says_what_serves(student: Sandbox) -> None:
    exercise_2(student)
    commit(student, "Exercise 2")
    registry = student.read("models/iris_clf/registry.json").decode()
    student.write("models/iris_clf/registry.json", registry.replace("archived", "production"))

    student.assert_refused("commit", "-am", "Two productions", because="MLV202")


def test_self_check_files_are_hashed_again_before_deploying(student: Sandbox) -> None:
    exercise_2(student)
    commit(student, "Exercise 2")
    student.mlv("model", "add", "iris_clf", "v0.2.0", "-m", "Adopt")
    student.mlv("resolve", "iris_clf@production", "model.pkl")
    (student / "models/iris_clf/v0.2.0/model.pkl").chmod(0o644)
    student.write("models/iris_clf/v0.2.0/model.pkl", "secon!")

    refused = student.mlv("resolve", "iris_clf@production", "model.pkl", check=False)

    assert refused.status == 1
    assert refused.out == ""
    assert "git mlv restore iris_clf@v0.2.0" in refused.err


def test_self_check_only_tagged_versions_reach_production(student: Sandbox) -> None:
    exercise_2(student)
    commit(student, "Exercise 2")
    student.mlv("model", "add", "iris_clf", "v0.1.0", "-m", "Adopt")

    refused = student.mlv("promote", "iris_clf", "v0.1.0", "production", check=False)

    assert refused.status == 1
    assert "--tag" in refused.err


def test_mini_challenge_rollback_takes_one_command_and_prints_its_steps(student: Sandbox) -> None:
    exercise_2(student)
    registry = student.read("models/iris_clf/registry.json").decode()
    student.write(
        "models/iris_clf/registry.json",
        registry.replace('"archived"', '"x"').replace('"production"', '"archived"').replace('"x"', '"production"'),
    )
    commit(student, "v0.1.0 serves")
    student.write("models/iris_clf/registry.json", registry)
    commit(student, "v0.2.0 serves")
    for version in ("v0.1.0", "v0.2.0"):
        student.mlv("model", "add", "iris_clf", version, "-m", f"Adopt {version}")

    said = student.mlv("rollback", "iris_clf", "-m", "Precision fell").out

    assert "production of iris_clf is v0.1.0" in said
    assert "by hand" in said
    assert student.mlv("resolve", "iris_clf@production").out.endswith("iris_clf/v0.1.0\n")
