"""Run records: what is read, what is refused, what is written for every YAML reader."""

from typing import Any

import pytest
import yaml

from mlvgit.errors import DocumentError, Problem, UsageError
from mlvgit.records.run import Environment, RunRecord, looks_like_run
from tests.records.examples import HEX, RUN

LEAST = {"run_id": "r", "code_commit": "0123456", "data_snapshots": ()}

FULL = RunRecord(
    run_id="2026-01-01",
    code_commit="1234567",
    code_sha256=HEX,
    data_snapshots=("iris_v0.1", "more_v1.0"),
    params={
        "seed": 42,
        "lr": 1e-05,
        "C": 1.0,
        "big": 1e22,
        "none": None,
        "on": True,
        "no": "no",
        "nested": {"a": [1, [2, {"b": []}], {}]},
    },
    env=Environment(
        python="3.10", requirements_lock=f"sha256:{HEX}", container_image=f"x@sha256:{HEX}", extra={"cuda": "12.10"}
    ),
    command=("python", "train.py", "--lr=1e-3", "yes"),
    started_utc="2026-01-01T00:00:00Z",
    duration_seconds=0.0,
    platform="Linux x86_64",
    model="iris_clf",
    model_version="v0.2.0",
    tree_sha256=HEX,
    metrics={"f1": 0.94, "zero": 0, "weird key: #": 1},
    tolerances={"f1": 0.01, "loss": {"rel": 0.1}},
    notes='one\ntwo\t"three" \\ \x1b \u2028 \u202e \U0001f600 é: # - {',
)


def refused(data: bytes) -> tuple[Problem, ...]:
    with pytest.raises(DocumentError) as caught:
        RunRecord.parse(data, "r.yaml")
    return caught.value.problems


def test_the_record_of_the_course_is_read() -> None:
    record = RunRecord.parse(RUN, "r.yaml")

    assert record == RunRecord(
        run_id="2026-01-01-iris-001",
        code_commit="9f2e1c4",
        data_snapshots=("iris_v0.1",),
        params={"seed": 42, "C": 1.0, "penalty": "l2"},
        env=Environment(python="3.10", requirements_lock=f"sha256:{HEX}", container_image="ghcr.io/org/ml:1.2.3"),
        model_version="v0.2.0",
        metrics={"f1": 0.94},
    )
    assert (record.env.lock_sha256, record.env.image_digest) == (HEX, "")


@pytest.mark.parametrize(
    "record", [FULL, RunRecord(**LEAST), RunRecord.parse(RUN, "r")], ids=["full", "least", "course"]
)
def test_what_is_written_is_read_back(record: RunRecord) -> None:
    written = record.dump()

    assert RunRecord.parse(written, "r.yaml") == record
    assert RunRecord.parse(written, "r.yaml").dump() == written


def test_the_keys_stand_in_the_order_of_the_course() -> None:
    written = FULL.dump().decode().splitlines()

    assert [line.split(":")[0] for line in written if not line.startswith(" ")] == [
        "run_id", "code_commit", "code_sha256", "data_snapshot", "params", "env", "command", "started_utc",
        "duration_seconds", "platform", "outputs", "tolerances", "notes",
    ]  # fmt: skip


def test_other_readers_of_yaml_read_the_same() -> None:
    read = yaml.safe_load(FULL.dump())

    assert read["params"] == FULL.params
    assert read["env"]["python"] == "3.10"
    assert read["code_commit"] == "1234567"
    assert read["run_id"] == "2026-01-01"
    assert read["started_utc"] == "2026-01-01T00:00:00Z"
    assert read["command"] == list(FULL.command)
    assert read["notes"] == FULL.notes
    assert read["outputs"]["metrics"] == FULL.metrics


REFUSED = {
    "no-run-id": (b"code_commit: 9f2e1c4\ndata_snapshot: x_v1.0\n", 1, "$", "the key 'run_id' is missing"),
    "no-data": (b"run_id: r\ncode_commit: 9f2e1c4\n", 1, "$", "the key 'data_snapshot' is missing"),
    "lock-placeholder": (
        RUN.replace(HEX.encode(), b"7b1f..."),
        10,
        "$.env.requirements_lock",
        "is a placeholder: write sha256: and the 64 hexadecimal digits that `shasum -a 256 env/requirements.lock` prints",
    ),
    "commit-placeholder": (
        RUN.replace(b"9f2e1c4", b"<commit>"),
        2,
        "$.code_commit",
        "write the commit id that `git rev-parse HEAD` prints",
    ),
    "commit-word": (RUN.replace(b"9f2e1c4", b"main"), 2, "$.code_commit", 'found "main"'),
    "image-placeholder": (
        RUN.replace(b"ghcr.io/org/ml:1.2.3", b"<image>"),
        11,
        "$.env.container_image",
        "is a placeholder",
    ),
    "python-placeholder": (RUN.replace(b"3.10", b"3..."), 9, "$.env.python", "is a placeholder"),
    "data-placeholder": (
        RUN.replace(b"iris_v0.1 ", b"<dataset>_vX.Y "),
        3,
        "$.data_snapshot",
        "expected the snapshot that was read",
    ),
    "unknown": (RUN + b"metrics: {}\n", 16, "$.metrics", 'unknown key "metrics"'),
    "unknown-near": (RUN.replace(b"params:", b"parms:"), 4, "$.parms", "did you mean 'params'?"),
    "version": (RUN.replace(b"v0.2.0", b"v0.2"), 13, "$.outputs.model_version", "a model version, such as"),
    "version-grammar": (RUN.replace(b"v0.2.0", b"v0.2.0-01"), 13, "$.outputs.model_version", "not a model version"),
    "params-list": (
        RUN.replace(b"  seed: 42\n  C: 1.0\n  penalty: l2\n", b"  - 1\n"),
        4,
        "$.params",
        "expected a mapping",
    ),
    "empty-env": (b"run_id: r\ncode_commit: 9f2e1c4\ndata_snapshot: []\nenv:\n", 4, "$.env", "found nothing"),
    "tolerance": (RUN + b"tolerances: {f1: -1}\n", 16, "$.tolerances.f1", "at least 0"),
    "major": (b"format: 3.0\n" + RUN, 1, "$.format", "mlvgit 3.0 or later"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_said_with_line_and_place(name: str) -> None:
    data, line, where, words = REFUSED[name]

    problems = refused(data)

    assert any((p.line, p.where) == (line, where) and words in p.message for p in problems), problems


def test_a_newer_minor_version_keeps_what_it_does_not_know() -> None:
    record = RunRecord.parse(
        b"format: 1.3\ncarbon: {kg: 2}\n" + RUN.replace(b"outputs:", b"outputs:\n  onnx: true"), "r"
    )

    assert (record.unknown, record.unknown_outputs) == ({"carbon": {"kg": 2}}, {"onnx": True})
    assert RunRecord.parse(record.dump(), "r") == record


@pytest.mark.parametrize(
    "changes",
    [
        {"metrics": {"f1": float("nan")}},
        {"params": {"a": float("inf")}},
        {"notes": "\udcff"},
        {"params": {"seed": 2**60}},
        {"code_commit": "main"},
        {"params": {"k" * 5: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}},
    ],
)
def test_what_could_not_be_read_again_is_not_written(changes: dict[str, Any]) -> None:
    with pytest.raises((UsageError, DocumentError)):
        RunRecord(**{**LEAST, **changes}).dump()


def test_very_long_keys_are_written_so_that_they_can_be_read() -> None:
    record = RunRecord(**LEAST, params={"k" * 5000: {"x": 1}, "k" * 3000: [1], "z": 2})  # type: ignore[arg-type]

    assert RunRecord.parse(record.dump(), "r") == record


@pytest.mark.parametrize(
    ("data", "ours"),
    [
        (RUN, True),
        (b'{"run_id": "x"}', True),
        (b'{\n  "a": 1,\n  "run_id" : "x"}', True),
        (b"# hparams\nlr: 0.1\n", False),
        (b"text: my run_id is\n", False),
        (b"last_run_id: 3\n", False),
        (b"", False),
    ],
)
def test_other_yaml_files_below_runs_are_left_alone(data: bytes, ours: bool) -> None:
    assert looks_like_run(data) is ours


@pytest.mark.parametrize(
    ("lock", "digits"), [(f"sha256:{HEX}", HEX), (HEX, HEX), ("env/requirements.lock", ""), ("", "")]
)
def test_a_lock_by_hash_is_told_from_a_lock_by_path(lock: str, digits: str) -> None:
    assert Environment(requirements_lock=lock).lock_sha256 == digits
