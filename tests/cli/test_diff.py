"""`git mlv snapshot diff` and `git mlv model diff`, as a person sees them."""

import json

import pytest

from tests.conftest import Sandbox


@pytest.fixture
def two(repo: Sandbox) -> Sandbox:
    """Two snapshots, of which a table and a file differ, and a model version of each."""
    for version, rows, f1 in (("v0.1", "1,setosa\n2,setosa\n", 0.5), ("v0.2", "1,setosa\n2,\x1b[31mred\n3,x\n", 0.75)):
        repo.write("raw/iris.csv", f"size,kind\n{rows}")
        repo.write("raw/notes.txt", version)
        repo.mlv("snapshot", "create", "iris", version, "raw", "-m", f"Freeze {version}")
        repo.write("out/model.pkl", version)
        repo.write("out/metrics.json", json.dumps({"f1": f1, "n": 2}))
        add = ["model", "add", "clf", version + ".0", "out/model.pkl", "--metrics", "out/metrics.json"]
        repo.mlv(*add, "--data", f"iris@{version}", "-m", f"Add {version}")
    return repo


def test_counts_are_told_and_contents_are_not(two: Sandbox) -> None:
    said = two.mlv("snapshot", "diff", "iris@v0.1", "iris@v0.2").out

    assert "iris@v0.1 -> iris@v0.2" in said
    assert "rows: 2 -> 3 (+2 -1)" in said
    assert "notes.txt" in said
    assert "setosa" not in said


def test_rows_are_shown_on_demand_with_controls_made_printable(two: Sandbox) -> None:
    said = two.mlv("snapshot", "diff", "iris@v0.1", "iris@v0.2", "--rows").out

    assert "+ 2,\\x1b[31mred" in said
    assert "- 2,setosa" in said
    assert "\x1b" not in said


def test_the_json_of_a_snapshot_diff_has_the_same_facts(two: Sandbox) -> None:
    found = json.loads(two.mlv("snapshot", "diff", "iris@v0.1", "iris@v0.2", "--json", "--rows").out)

    assert found["identical"] is False
    assert [change["path"] for change in found["changed"]] == ["iris.csv", "notes.txt"]
    rows = found["changed"][0]["rows"]
    assert (rows["added"], rows["removed"], rows["kind"]) == (2, 1, "CSV")
    assert rows["rows_added"] == ["2,\\x1b[31mred", "3,x"]


def test_identical_snapshots_are_called_so(two: Sandbox) -> None:
    assert "identical" in two.mlv("snapshot", "diff", "iris@v0.1", "iris_v0.1").out


def test_an_unknown_snapshot_is_a_usage_error(two: Sandbox) -> None:
    ran = two.mlv("snapshot", "diff", "iris@v0.1", "irsi@v0.2", check=False)

    assert ran.status == 2
    assert "did you mean iris?" in ran.err


def test_model_versions_stand_side_by_side_and_what_differs_is_marked(two: Sandbox) -> None:
    two.mlv("promote", "clf", "v0.1.0", "production", "--tag")

    lines = two.mlv("model", "diff", "clf@production", "clf@v0.2.0").out.splitlines()

    cells = [line.split() for line in lines]
    assert ["*", "stage", "production", "dev"] in cells
    assert ["*", "metric", "f1", "0.5", "0.75", "+0.25"] in cells
    assert ["metric", "n", "2", "2"] in cells
    assert ["*", "data", "iris_v0.1", "iris_v0.2"] in cells


def test_the_json_of_a_model_diff_has_numbers(two: Sandbox) -> None:
    found = json.loads(two.mlv("model", "diff", "clf@v0.1.0", "clf@v0.2.0", "--json").out)

    assert found["metrics"]["f1"] == {"before": 0.5, "after": 0.75, "difference": 0.25, "same": False}
    assert found["data_added"] == ["iris_v0.2"]
    assert [change["path"] for change in found["files"]["changed"]] == ["metrics.json", "model.pkl"]
