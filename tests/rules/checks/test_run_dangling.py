import pytest

from tests.rules.world import World, codes, judged, published_in, refused, valid

LOCKED = {"container_image": "ghcr.io/org/ml@sha256:" + "0" * 64}


def with_run(**facts):
    facts = {"env": LOCKED, "outputs": {"model_version": "v0.2.0"}, **facts}
    return valid().run("r", **facts)


def test_a_run_whose_parts_are_all_there_passes():
    for snapshot in ("iris_v0.1", "iris@v0.2", "iris_v0.1.0", ["iris_v0.1", "iris_v0.2"]):
        assert codes(valid(), with_run(data_snapshot=snapshot), commit_known=lambda _: True) == []


def test_a_snapshot_that_exists_nowhere_warns_at_commit_and_is_refused_at_push():
    after = with_run(data_snapshot="iris_v0.9")

    (finding,) = judged(valid(), after)

    assert (finding.code, finding.severity) == ("MLV301", "warning")
    assert finding.message == "run r: the snapshot iris_v0.9 exists nowhere"
    assert finding.keep == ("git mlv snapshot create iris v0.9",)
    assert refused(valid(), after, "push") == ["MLV301"]


def test_a_run_of_a_version_in_dev_only_warns_at_push():
    base = valid().model("iris_clf", "v0.3.0", {"model.pkl": b"w"})
    after = base.run("r", env=LOCKED, data_snapshot="iris_v0.9", outputs={"model_version": "v0.3.0"})

    assert codes(base, after, "push") == ["MLV301"]
    assert refused(base, after, "push") == []


def test_a_snapshot_that_is_published_elsewhere_counts():
    other = World().snapshot("iris", "v0.9", {"iris.csv": b"1"})

    assert codes(valid(), with_run(data_snapshot="iris_v0.9"), published=published_in(other)) == []


@pytest.mark.parametrize("text", ["iris", "iris@latest", "iris_clf@v0.2.0", "who knows", "s3://bucket/iris"])
def test_what_is_no_version_of_a_snapshot_dangles(text):
    assert "MLV301" in codes(valid(), with_run(data_snapshot=text))


def test_a_model_version_that_exists_nowhere_dangles():
    assert codes(valid(), with_run(outputs={"model_version": "v9.0.0"})) == ["MLV301"]
    assert codes(valid(), with_run(outputs={"model": "other", "model_version": "v0.2.0"})) == ["MLV301"]


def test_a_version_of_two_models_must_be_told_apart():
    before = valid().model("other", "v0.2.0", {"model.pkl": b"w"})

    (finding,) = judged(before, before.run("r", env=LOCKED, outputs={"model_version": "v0.2.0"}))

    assert finding.message == "run r: the version v0.2.0 may be of iris_clf and other"


def test_a_folder_of_the_model_version_is_enough():
    before = valid().put("models/iris_clf/v0.9.0/model.pkl", "w")

    assert codes(before, before.run("r", env=LOCKED, outputs={"model_version": "v0.9.0"})) == []


def test_code_that_no_commit_has_dangles_and_what_cannot_be_known_does_not():
    assert codes(valid(), with_run(), commit_known=lambda _: False) == ["MLV301"]
    assert codes(valid(), with_run(), commit_known=lambda _: None) == []


def test_code_that_survived_a_squash_is_found_by_its_hash():
    squashed = with_run(code_sha256="1" * 64)

    assert codes(valid(), squashed, commit_known=lambda _: False) == []
    assert codes(valid(), squashed, commit_known=lambda _: False, code_known=lambda _: True) == []
    assert codes(valid(), squashed, commit_known=lambda _: False, code_known=lambda _: False) == ["MLV301"]


def test_two_names_for_the_code_must_agree():
    after = with_run(code_sha256="1" * 64)

    assert codes(valid(), after, commit_known=lambda _: True, code_sha256_of=lambda _: "1" * 64) == []
    assert codes(valid(), after, commit_known=lambda _: True, code_sha256_of=lambda _: "2" * 64) == ["MLV301"]


def test_taking_a_snapshot_away_leaves_its_runs_dangling():
    before = valid()
    after = before.drop("data/snapshots/iris_v0.1", "data/snapshots/iris_v0.1.manifest.json")

    found = judged(before, after, replaceable=lambda *_: True)

    assert "run 2026-01-01-iris: the snapshot iris_v0.1 exists nowhere" in [finding.message for finding in found]


def test_a_promotion_asks_about_the_run_that_made_the_version():
    registry = "models/iris_clf/registry.json"
    before = valid().swap(registry, '"archived"', '"dev"')

    assert refused(before, valid(), "push", commit_known=lambda _: False) == ["MLV301"]


def test_an_old_record_is_a_debt():
    before = with_run(data_snapshot="iris_v0.9")

    assert codes(before, before.put("train.py", "")) == []


def test_a_record_may_name_a_snapshot_of_another_root():
    before = valid().put("mlv.yaml", "").put("vision/mlv.yaml", "")
    after = before.run("r", root="vision", env=LOCKED)

    assert codes(before, after) == []
