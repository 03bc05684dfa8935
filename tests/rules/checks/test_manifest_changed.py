from tests.rules.world import IRIS, IRIS_CSV, codes, identity, judged, published_in, refused, valid

MANIFEST = "data/snapshots/iris_v0.1.manifest.json"
COURSE = "data/snapshots/manifest.json"


def course():
    """The shared manifest of the course in place of iris v0.1's own."""
    world = valid()
    return world.move(MANIFEST, COURSE)


def test_deleting_a_manifest_is_refused():
    before = valid()

    assert refused(before, before.drop(MANIFEST)) == ["MLV102"]
    assert "MLV102" in refused(before, before.drop(MANIFEST, "data/snapshots/iris_v0.1"), "push")


def test_editing_the_list_of_files_is_refused_even_when_the_bytes_agree():
    before = valid()
    after = before.snapshot("iris", "v0.1", {"iris.csv": b"other\n", "more/notes.txt": b"made by hand\n"})

    (finding,) = [finding for finding in judged(before, after) if finding.code == "MLV102"]

    assert finding.path == MANIFEST
    assert finding.change == "1 entry altered"
    assert "MLV102" in refused(before, after, "push")


def test_an_entry_may_neither_be_added_nor_dropped():
    before = valid()
    grown = before.snapshot(
        "iris", "v0.1", {"iris.csv": IRIS_CSV, "more/notes.txt": b"made by hand\n", "new.csv": b"1"}
    )
    shrunk = before.drop("data/snapshots/iris_v0.1").snapshot("iris", "v0.1", {"iris.csv": IRIS_CSV})

    assert "MLV102" in refused(before, grown)
    assert "MLV102" in refused(before, shrunk)


def test_notes_owner_and_metadata_are_free():
    before = valid()
    files = {"iris.csv": IRIS_CSV, "more/notes.txt": b"made by hand\n"}
    after = before.snapshot("iris", "v0.1", files, notes="a typo less", owner="Ann", metadata={"rows": 1})

    assert codes(before, after) == []
    assert codes(before, after, "push") == []


def test_lineage_may_be_added_and_not_altered():
    before = valid()
    manifest = "data/snapshots/iris_v0.2.manifest.json"
    second = {"iris.csv": before.read("data/snapshots/iris_v0.2/iris.csv")}
    more = before.snapshot("iris", "v0.2", second, derived_from=("iris_v0.1",), source="https://example.org/iris")

    assert codes(before, more) == []
    assert refused(before, before.swap(manifest, "iris_v0.1", "iris_v0.0")) == ["MLV102"]
    assert refused(more, before) == ["MLV102"]


def test_the_name_in_a_manifest_is_frozen():
    before = valid()

    assert "MLV102" in refused(before, before.swap(MANIFEST, '"dataset": "iris"', '"dataset": "flowers"'))


def test_a_manifest_that_cannot_be_read_any_more_is_a_changed_one():
    before = valid()

    assert refused(before, before.put(MANIFEST, "<<<<<<< HEAD\n")) == ["MLV102", "MLV106"]


def test_the_shared_manifest_may_come_to_name_the_next_version_when_the_old_one_stands_beside_it():
    before = course()
    overwritten = before.put(COURSE, valid().read("data/snapshots/iris_v0.2.manifest.json"))
    overwritten = overwritten.drop("data/snapshots/iris_v0.2.manifest.json")
    kept = overwritten.put(MANIFEST, before.read(COURSE))

    (finding,) = [finding for finding in judged(before, overwritten) if finding.code == "MLV102"]

    assert finding.keep[0] == f"git show HEAD:{COURSE} > {MANIFEST}"
    assert codes(before, kept) == []
    assert codes(before, kept, "push") == []


def test_the_shared_manifest_may_get_its_own_name():
    assert codes(course(), valid()) == []
    assert codes(valid(), course()) == []


def test_another_spelling_of_the_version_is_the_same_version():
    before = valid()
    folder = "data/snapshots/iris_v0.1"
    files = {"iris.csv": IRIS_CSV, "more/notes.txt": b"made by hand\n"}
    after = before.drop(folder, MANIFEST).snapshot("iris", "v0.1.0", files)

    assert codes(before, after) == []


def test_a_tombstone_may_be_added_and_not_altered():
    before = valid()
    block = '"retired": {"by": "Ann", "at": "2026-02-01", "reason": "consent withdrawn"}, "files": ['
    retired = before.swap(MANIFEST, '"files": [', block).drop("data/snapshots/iris_v0.1")

    assert codes(before, retired) == []
    assert codes(before, retired, "push") == []
    assert refused(retired, retired.swap(MANIFEST, "Ann", "Bob")) == ["MLV102"]


def test_bringing_retired_bytes_back_is_a_repair():
    before = valid()
    block = '"retired": {"by": "Ann", "at": "2026-02-01", "reason": "consent withdrawn"}, "files": ['
    retired = before.swap(MANIFEST, '"files": [', block).drop("data/snapshots/iris_v0.1")

    assert codes(retired, before) == []
    assert refused(retired, before.drop("data/snapshots/iris_v0.1")) == ["MLV102", "MLV103"]


def test_a_tombstone_of_bytes_that_a_store_kept_stays():
    before = valid().snapshot("iris", "v0.1", {"iris.csv": IRIS_CSV, "more/notes.txt": b"by hand\n"}, storage="store")
    before = before.drop("data/snapshots/iris_v0.1")
    block = '"retired": {"by": "Ann", "at": "2026-02-01", "reason": "consent withdrawn"}, "files": ['
    retired = before.swap(MANIFEST, '"files": [', block)

    assert codes(before, retired) == []
    assert refused(retired, before) == ["MLV102"]
    assert "MLV102" in refused(retired, before, "push")


def test_an_unpublished_version_may_be_taken_back_when_the_user_said_so():
    before = valid()
    allowed = (IRIS, identity(before, IRIS))
    after = before.drop(MANIFEST, "data/snapshots/iris_v0.1")

    assert refused(before, after, replaceable=lambda *asked: asked == allowed) == []
    assert "MLV102" in refused(before, after)
    assert "MLV102" in refused(before, after, replaceable=lambda *asked: True, published=published_in(before))


def test_moving_the_folders_out_of_sight_by_settings_is_refused():
    before = valid().put("mlv.yaml", "mode: enforce\n")
    after = before.put("mlv.yaml", "mode: enforce\nfolders: {snapshots: elsewhere}\n")

    assert "MLV102" in refused(before, after)
    assert "MLV102" in refused(before, after, "push")


def test_a_model_manifest_is_frozen_too():
    before = valid()

    assert "MLV102" in refused(before, before.drop("models/iris_clf/v0.1.0.manifest.json"))
