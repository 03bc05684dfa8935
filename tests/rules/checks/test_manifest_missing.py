from tests.rules.world import IRIS, World, codes, identity, judged, refused, valid


def test_a_snapshot_folder_without_a_manifest_is_refused():
    after = valid().put("data/snapshots/iris_v0.9/iris.csv", "1\n").put("data/snapshots/iris_v0.9/b.csv", "2\n")

    (finding,) = judged(valid(), after)

    assert (finding.code, finding.severity) == ("MLV104", "error")
    assert finding.message == "iris@v0.9 has 2 files and no manifest"
    assert finding.keep == ("git mlv snapshot create iris v0.9",)
    assert refused(valid(), after, "push") == ["MLV104"]


def test_a_folder_with_its_manifest_passes():
    assert codes(valid(), valid().snapshot("iris", "v0.9", {"iris.csv": b"1\n"})) == []


def test_the_course_manifest_is_a_manifest():
    world = World().snapshot("iris", "v0.1", {"iris.csv": b"1\n"})

    assert codes(World(), world.move("data/snapshots/iris_v0.1.manifest.json", "data/snapshots/manifest.json")) == []


def test_other_things_below_our_folders_are_left_alone():
    after = (
        valid().put("data/snapshots/README.md", "x").put("models/dbt/orders.sql", "select 1").put("runs/events.log", "")
    )

    assert codes(valid(), after) == []


def test_a_model_version_in_dev_may_be_unfinished():
    assert codes(valid(), valid().put("models/iris_clf/v0.9.0/model.pkl", "w")) == []


def test_a_model_version_beyond_dev_warns_at_commit_and_is_refused_at_push():
    before = World().registry("m", v0_1_0="archived")
    after = before.put("models/m/v0.1.0/model.pkl", "w")

    assert codes(before, after) == ["MLV104"]
    assert refused(before, after) == []
    assert refused(before, after, "push") == ["MLV104"]


def test_taking_files_out_of_such_a_folder_is_no_harm():
    before = valid().put("data/snapshots/iris_v0.9/a.csv", "1").put("data/snapshots/iris_v0.9/b.csv", "2")

    assert codes(before, before.drop("data/snapshots/iris_v0.9/a.csv")) == []


def test_junk_alone_makes_no_snapshot():
    assert codes(valid(), valid().put("data/snapshots/iris_v0.9/.DS_Store", "junk")) == []


def test_files_that_stay_when_a_manifest_is_taken_back_have_none():
    before = valid()
    allowed = (IRIS, identity(before, IRIS))
    after = before.drop("data/snapshots/iris_v0.1.manifest.json")

    assert refused(before, after, replaceable=lambda *asked: asked == allowed) == ["MLV104"]
