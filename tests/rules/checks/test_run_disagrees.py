import pytest

from tests.rules.world import MODEL, codes, identity, judged, refused, valid

LOCKED = {"container_image": "ghcr.io/org/ml@sha256:" + "0" * 64}


def with_outputs(**outputs):
    return valid().run("r", env=LOCKED, outputs={"model": "iris_clf", "model_version": "v0.1.0", **outputs})


def test_metrics_that_are_not_those_of_the_model_are_refused():
    after = with_outputs(metrics={"f1": 0.99})

    (finding,) = judged(valid(), after)

    assert (finding.code, finding.severity) == ("MLV303", "error")
    assert finding.message == "run r: the metric f1 is 0.99, metrics.json of iris_clf@v0.1.0 has 0.91"
    assert refused(valid(), after, "push") == ["MLV303"]


@pytest.mark.parametrize("metrics", [{"f1": 0.91}, {}, {"accuracy": 0.5}, {"f1": 0.91, "seconds": 3}])
def test_metrics_that_agree_or_are_not_in_the_file_pass(metrics):
    assert codes(valid(), with_outputs(metrics=metrics)) == []


@pytest.mark.parametrize("value", ["0.91", True, None, [0.91], {"test": 0.91}])
def test_a_value_of_another_kind_disagrees(value):
    assert codes(valid(), with_outputs(metrics={"f1": value})) == ["MLV303"]


def test_an_identity_that_is_not_the_manifest_s_is_refused():
    assert codes(valid(), with_outputs(tree_sha256=identity(valid(), MODEL))) == []
    assert refused(valid(), with_outputs(tree_sha256="0" * 64)) == ["MLV303"]


def test_a_version_that_comes_after_its_record_is_compared_too():
    files = {"model.pkl": b"w", "metrics.json": b'{"f1": 0.5}'}
    before = valid().run("r", env=LOCKED, outputs={"model": "m", "model_version": "v1.0.0", "metrics": {"f1": 0.9}})

    assert refused(before, before.model("m", "v1.0.0", files, run="r")) == ["MLV303"]


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "[" * 100_000, "\x00", '{"f1": {"a": 1}}', "null"])
def test_a_metrics_file_of_another_shape_is_no_crash(text):
    before = valid().model("m", "v1.0.0", {"metrics.json": text.encode()})
    after = before.run("r", env=LOCKED, outputs={"model": "m", "model_version": "v1.0.0", "metrics": {"f1": 0.9}})

    assert codes(before, after) in ([], ["MLV303"])


def test_nested_metrics_are_compared_by_key():
    before = valid().model("m", "v1.0.0", {"metrics.json": b'{"test": {"f1": 0.9, "n": 10}}'})

    def run(f1: float):
        metrics = {"test": {"f1": f1}}
        return before.run("r", env=LOCKED, outputs={"model": "m", "model_version": "v1.0.0", "metrics": metrics})

    assert codes(before, run(0.9)) == []
    assert "test.f1" in judged(before, run(0.8))[0].message
