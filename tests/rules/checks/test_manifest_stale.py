import hashlib

from tests.rules.world import EXECUTABLE, IRIS_CSV, LINK, World, codes, judged, refused, valid

NEW = {"iris.csv": b"1,2\n", "b.csv": b"3\n"}


def fresh() -> World:
    return valid().snapshot("iris", "v0.3", NEW)


FOLDER = "data/snapshots/iris_v0.3/"


def test_a_new_snapshot_whose_bytes_agree_passes():
    assert codes(valid(), fresh()) == []
    assert codes(valid(), fresh(), "push") == []


def test_a_manifest_written_for_other_bytes_is_refused():
    after = fresh().put(FOLDER + "iris.csv", b"1,3\n")

    (finding,) = judged(valid(), after)

    assert (finding.code, finding.severity, finding.path) == ("MLV103", "error", FOLDER + "iris.csv")
    assert "the manifest says 4 B" in finding.message
    assert refused(valid(), after, "push") == ["MLV103"]


def test_a_listed_file_that_git_does_not_have_is_missing():
    assert refused(valid(), fresh().drop(FOLDER + "b.csv")) == ["MLV103"]


def test_bytes_that_are_in_the_store_and_not_here_are_unknown_and_not_missing():
    kept = valid().snapshot("iris", "v0.3", NEW, storage="store")

    assert codes(valid(), kept.drop(FOLDER + "iris.csv", FOLDER + "b.csv")) == []


def test_a_file_that_no_manifest_lists_is_extra():
    assert refused(valid(), fresh().put(FOLDER + "c.csv", b"")) == ["MLV103"]
    assert refused(valid(), valid().put("data/snapshots/iris_v0.1/c.csv", b"")) == ["MLV103"]


def test_what_a_system_leaves_behind_is_neither_frozen_nor_extra():
    before = valid().put("mlv.yaml", "ignore_extra: ['*.tmp', 'cache/**']\n")
    junk = (".DS_Store", "more/Thumbs.db", ".ipynb_checkpoints/a.csv", "a.tmp", "cache/deep/x")

    for name in junk:
        noisy = before.put("data/snapshots/iris_v0.1/" + name, b"junk")
        assert codes(before, noisy) == []
        assert codes(noisy, before) == []


def test_a_link_in_place_of_a_new_file_is_refused():
    assert "MLV103" in refused(valid(), fresh().put(FOLDER + "iris.csv", b"/etc/passwd", LINK))


def test_an_executable_file_may_be_frozen():
    assert codes(valid(), fresh().put(FOLDER + "iris.csv", NEW["iris.csv"], EXECUTABLE)) == []


def test_a_pointer_counts_as_the_bytes_that_it_names():
    sha256 = hashlib.sha256(NEW["iris.csv"]).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize 4\n"

    assert codes(valid(), fresh().put(FOLDER + "iris.csv", pointer)) == []
    assert refused(valid(), fresh().put(FOLDER + "iris.csv", pointer.replace(sha256, "0" * 64))) == ["MLV103"]


def test_taking_an_extra_file_away_is_a_repair():
    dirty = valid().put("data/snapshots/iris_v0.1/c.csv", b"")

    assert codes(dirty, valid()) == []


def test_a_debt_in_a_file_that_the_change_does_not_touch_is_not_in_the_way():
    before = valid().put("data/snapshots/iris_v0.1/iris.csv", b"bad\n")
    after = before.put("train.py", "print('more')\n").put(
        "data/snapshots/iris_v0.1.manifest.json",
        before.read("data/snapshots/iris_v0.1.manifest.json").replace(
            b'"files"', b'"notes": "known to be bad",\n "files"'
        ),
    )

    assert codes(before, after) == []


def test_bytes_that_are_not_here_are_unknown():
    after = fresh()
    after.absent = frozenset({FOLDER + "iris.csv"})

    assert codes(valid(), after) == []


def test_nothing_is_hashed_when_nothing_of_ours_changed():
    after = valid().put("train.py", "print('more')\n")

    assert codes(valid(), after) == []
    assert after.hashed == []


def test_an_edit_in_place_is_reported_once():
    assert codes(valid(), valid().put("data/snapshots/iris_v0.1/iris.csv", IRIS_CSV + b"x")) == ["MLV101"]


def test_a_debt_that_moves_with_its_root_is_not_in_the_way():
    before = valid().put("mlv.yaml", "mode: enforce\n").put("data/snapshots/iris_v0.1/iris.csv", b"bad\n")
    before = before.put("data/snapshots/iris_v0.1/stray.csv", b"1").drop("data/snapshots/iris_v0.2/iris.csv")

    assert codes(before, before.move("", "project")) == []


def test_saying_that_the_bytes_are_in_git_brings_the_question_where_they_are():
    before = valid().snapshot("iris", "v0.3", NEW, storage="store").drop(FOLDER + "iris.csv", FOLDER + "b.csv")
    after = before.swap("data/snapshots/iris_v0.3.manifest.json", '"storage": "store"', '"storage": "git"')

    assert refused(before, after) == ["MLV103"]
