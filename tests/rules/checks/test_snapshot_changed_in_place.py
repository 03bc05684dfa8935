from tests.rules.world import (
    EXECUTABLE,
    IRIS,
    IRIS_CSV,
    LINK,
    World,
    codes,
    delta_of,
    identity,
    judged,
    published_in,
    refused,
    valid,
)

CSV = "data/snapshots/iris_v0.1/iris.csv"


def test_editing_a_frozen_file_is_refused_at_commit_and_at_push():
    before = valid()
    after = before.put(CSV, b"changed\n")

    assert refused(before, after) == ["MLV101"]
    assert refused(before, after, "push") == ["MLV101"]


def test_a_refusal_says_what_was_frozen_what_changed_both_ways_out_and_who_uses_it():
    before = valid()

    (finding,) = judged(before, before.put(CSV, b"changed\n"))

    assert finding.path == CSV
    assert finding.frozen.startswith("iris@v0.1 was frozen 2026-01-01: 2 files, 36 B, tree ")
    assert "23 B" in finding.change
    assert "8 B" in finding.change
    assert finding.keep[0] == "git mlv snapshot create iris v0.3 data/snapshots/iris_v0.1 --from iris@v0.1"
    assert finding.undo == ("git mlv restore iris@v0.1",)
    assert finding.users == ("run 2026-01-01-iris -> iris_clf@v0.1.0 (archived)",)


def test_deleting_a_frozen_file_is_refused():
    before = valid()

    assert "MLV101" in refused(before, before.drop(CSV))


def test_renaming_a_frozen_file_says_where_it_went():
    before = valid()
    after = before.move(CSV, "data/snapshots/iris_v0.1/flowers.csv")

    found = [finding for finding in judged(before, after) if finding.code == "MLV101"]

    assert [finding.change for finding in found] == ["was renamed to data/snapshots/iris_v0.1/flowers.csv"]


def test_making_a_frozen_file_executable_or_a_link_is_refused():
    before = valid()

    assert refused(before, before.put(CSV, IRIS_CSV, EXECUTABLE)) == ["MLV101"]
    assert "MLV101" in refused(before, before.put(CSV, b"/etc/passwd", LINK))


def test_a_frozen_file_of_a_model_is_frozen_too():
    before = valid()

    assert refused(before, before.put("models/iris_clf/v0.1.0/model.pkl", b"other")) == ["MLV101"]


def test_bringing_bytes_back_is_a_repair_and_passes():
    good = valid()

    for broken in (
        good.put(CSV, b"bad\n"),
        good.drop(CSV),
        good.put(CSV, IRIS_CSV, EXECUTABLE),
        good.put(CSV, b"x", LINK),
    ):
        assert codes(broken, good) == []
        assert codes(broken, good, "push", published=published_in(good)) == []


def test_a_version_that_is_not_published_may_be_replaced_when_the_user_said_so():
    before = valid()
    after = before.snapshot("iris", "v0.1", {"iris.csv": b"better\n", "more/notes.txt": b"made by hand\n"})
    allowed = (IRIS, identity(before, IRIS))

    assert codes(before, after, replaceable=lambda *asked: asked == allowed) == []
    assert refused(before, after) == ["MLV101", "MLV102"]


def test_what_is_published_is_frozen_whatever_the_user_said():
    before = valid()
    after = before.snapshot("iris", "v0.1", {"iris.csv": b"better\n"})

    assert "MLV101" in refused(before, after, replaceable=lambda *_: True, published=published_in(before))


def test_at_a_push_what_is_not_published_may_change():
    before = valid()
    after = before.snapshot("iris", "v0.1", {"iris.csv": b"better\n", "more/notes.txt": b"made by hand\n"})

    assert codes(before, after, "push", published=lambda _: frozenset()) == []


def test_a_root_that_moves_whole_is_the_same_thing():
    before = valid().put("mlv.yaml", "mode: enforce\n")
    after = before.move("", "project")

    assert codes(before, after) == []
    assert codes(before, after, "push") == []


def test_a_folder_that_moves_with_its_settings_is_the_same_thing():
    before = valid().put("mlv.yaml", "mode: enforce\n")
    after = before.move("data/snapshots", "frozen").put("mlv.yaml", "mode: enforce\nfolders: {snapshots: frozen}\n")

    assert [finding.code for finding in judged(before, after) if finding.severity == "error"] == []


def test_a_change_hidden_in_a_move_is_found():
    before = valid().put("mlv.yaml", "mode: enforce\n")
    after = before.move("", "project").put("project/" + CSV, b"changed\n")

    assert "MLV101" in refused(before, after)


def test_a_root_put_inside_our_folders_does_not_hide_them():
    before = valid().put("data/mlv.yaml", "mode: advise\n")

    assert "MLV101" in refused(before, before.put(CSV, b"changed\n"), trusted={})


def test_retired_bytes_may_go_and_others_may_not():
    before = valid()
    retired = (
        '"retired": {"by": "Ann <a@b.c>", "at": "2026-02-01T00:00:00Z", "reason": "consent withdrawn", "paths": ["'
        + CSV
        + '"]}'
    )
    tombstone = before.swap("data/snapshots/iris_v0.1.manifest.json", '"files": [', retired + ', "files": [')

    assert codes(before, tombstone.drop(CSV)) == []
    assert "MLV101" in refused(before, tombstone.drop(CSV, "data/snapshots/iris_v0.1/more"))
    assert "MLV101" in refused(before, tombstone.put(CSV, b"changed\n"))


def test_only_changed_files_are_hashed():
    before = valid()
    after = before.put(CSV, b"changed\n")
    delta = delta_of(before, after)

    from mlvgit.rules.engine import judge
    from tests.rules.world import context_for

    judge([delta], context_for(before))

    assert set(after.hashed) == {CSV}


def test_a_file_that_git_lfs_takes_over_keeps_its_bytes():
    import hashlib

    before = valid()
    sha256 = hashlib.sha256(IRIS_CSV).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {len(IRIS_CSV)}\n"

    assert codes(before, before.put(CSV, pointer)) == []
    assert refused(before, before.put(CSV, pointer.replace("size 23", "size 24"))) == ["MLV101"]


def test_a_tree_judged_against_itself_gives_nothing():
    assert codes(valid(), valid()) == []
    assert codes(World(), World()) == []
