import pytest

from tests.rules.world import World, codes, judged, refused, valid, vouched

REGISTRY = "models/iris_clf/registry.json"
MANIFEST = "data/snapshots/iris_v0.3.manifest.json"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"name": "iris_clf", "versions": []',
        '{"name": "iris_clf", "name": "iris_clf", "versions": []}',
        '<<<<<<< HEAD\n{"name": "iris_clf", "versions": []}\n=======\n>>>>>>> other\n',
        '{"name": "iris_clf", "versions": [{"version": "v0.2.0", "stage": "production", "f1": NaN}]}',
        '\ufeff{"name": "iris_clf", "versions": []}',
        "[" * 100_000,
    ],
)
def test_a_registry_that_is_not_sound_is_refused(text):
    before = valid()

    assert "MLV106" in refused(before, before.put(REGISTRY, text))
    assert "MLV106" in refused(before, before.put(REGISTRY, text), "push")


def test_a_finding_names_the_line():
    before = valid()
    after = before.put(
        REGISTRY, '{"name": "iris_clf",\n "versions": [\n  {"version": "v0.2.0", "stag": "production"}]}\n'
    )

    found = [finding for finding in judged(before, after) if finding.code == "MLV106"]

    assert found[0].line == 3
    assert found[0].path == REGISTRY


def test_all_that_is_wrong_is_said():
    before = valid()
    after = before.put(REGISTRY, '{"nam": "x", "versions": [{"version": "1", "stage": ""}]}')

    assert len([finding for finding in judged(before, after) if finding.code == "MLV106"]) > 2


def test_settings_that_cannot_be_read_are_refused_and_hide_nothing():
    before = valid().put("mlv.yaml", "mode: enforce\n")
    after = before.put("mlv.yaml", "mode: enforced\n").put("data/snapshots/iris_v0.1/iris.csv", "x")

    assert refused(before, after) == ["MLV101", "MLV106"]


def test_a_manifest_that_names_another_version_than_its_place_is_refused():
    before = valid()
    good = valid().snapshot("iris", "v0.4", {"iris.csv": b"1"})
    after = before.put(MANIFEST, good.read("data/snapshots/iris_v0.4.manifest.json"))

    assert "MLV106" in refused(before, after)


def test_a_registry_of_another_model_is_refused():
    before = valid()

    assert "MLV106" in refused(before, before.swap(REGISTRY, '"name": "iris_clf"', '"name": "other"'))


def test_a_run_record_under_another_name_is_refused():
    before = valid().run("a", outputs={})
    after = before.put("runs/b.yaml", before.read("runs/a.yaml"))

    assert "MLV106" in refused(before, after)


def test_a_broken_run_record_is_refused():
    assert "MLV106" in refused(valid(), valid().put("runs/x.yaml", "run_id: x\ncode_commit: [\n"))


def test_other_yaml_among_the_runs_is_left_alone():
    after = (
        valid()
        .put("runs/sweep.yaml", "epochs: [1, 2\n")
        .put("runs/conf.yml", "lr: 0.1\n")
        .put("runs/t.events", b"\x00")
    )

    assert codes(valid(), after) == []


def test_a_document_that_was_broken_before_is_a_debt():
    before = valid().put(REGISTRY, "{")

    assert codes(before, before.put("train.py", "pass\n")) == []
    assert codes(before, valid(), tagged=vouched(valid())) == []


def test_the_minimal_documents_of_the_course_pass():
    after = World().registry("iris_clf", v0_1_0="dev")

    assert codes(World(), after) == []
