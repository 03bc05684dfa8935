from mlvgit.rules.delta import Delta, everything
from mlvgit.rules.model import EmptyTree
from tests.rules.world import IRIS, World, delta_of, valid

CSV = "data/snapshots/iris_v0.1/iris.csv"


def test_a_changed_file_touches_its_snapshot_and_nothing_else():
    delta = delta_of(valid(), valid().put(CSV, "x").put("train.py", "y"))

    assert delta.keys == (IRIS,)
    assert delta.files == {IRIS: [CSV]}
    assert (delta.registries, delta.runs, delta.settings) == ((), (), ())


def test_a_pair_follows_a_thing_that_moved_with_its_root():
    delta = delta_of(valid(), valid().move("", "a").put("a/mlv.yaml", ""))

    before, after = delta.pair(IRIS)

    assert before.directory == "data/snapshots/iris_v0.1"
    assert after.directory == "a/data/snapshots/iris_v0.1"
    assert delta.pair(IRIS).moved
    assert len(delta.pairs) == 4


def test_a_copy_in_another_root_is_no_move():
    before = valid().put("b/mlv.yaml", "")
    before = World({**before.files, **valid().move("", "b").files})
    delta = delta_of(before, before.drop("data/snapshots/iris_v0.1", "data/snapshots/iris_v0.1.manifest.json"))

    assert delta.pair(IRIS).after is None


def test_other_files_under_the_name_are_no_move():
    delta = delta_of(
        valid(), valid().drop("data").snapshot("iris", "v0.1", {"iris.csv": b"x"}, root="a").put("a/mlv.yaml", "")
    )

    assert delta.pair(IRIS).after is None


def test_registries_and_runs_are_paired_across_roots():
    delta = delta_of(valid(), valid().move("", "a").put("a/mlv.yaml", ""))

    (registry,) = delta.registries
    assert (registry.root, registry.path) == ("a", "a/models/iris_clf/registry.json")
    assert registry.before == registry.after
    assert [(run.before_path[:4], run.path[:6]) for run in delta.runs] == [("runs", "a/runs")] * 2


def test_settings_that_move_the_folders_touch_all_that_stands_there():
    after = valid().put("mlv.yaml", "folders: {snapshots: other}\n")

    assert set(delta_of(valid(), after).keys) == set(valid().catalog.keys())


def test_settings_that_change_nothing_of_that_touch_nothing():
    before = valid().put("mlv.yaml", "mode: enforce\n")

    assert delta_of(before, before.put("mlv.yaml", "mode: advise\n")).keys == ()


def test_a_root_begins_until_something_of_it_was_there():
    assert delta_of(World().put("a.py", ""), valid()).begins("")
    assert not delta_of(valid(), valid()).begins("")
    assert delta_of(valid(), valid().put("a/mlv.yaml", "")).begins("a")


def test_everything_holds_only_what_is_ours():
    delta = everything(valid().put("a/mlv.yaml", "").catalog)

    assert isinstance(delta, Delta)
    assert isinstance(delta.before.tree, EmptyTree)
    assert "a/mlv.yaml" in delta.changes
    assert "train.py" not in delta.changes
    assert all(old is None for old, _ in delta.changes.values())


def test_the_shared_manifest_touches_what_it_named_and_what_it_names():
    course = "data/snapshots/manifest.json"
    before = valid().move("data/snapshots/iris_v0.1.manifest.json", course)
    after = before.put(course, valid().read("data/snapshots/iris_v0.2.manifest.json"))

    assert {key.version for key in delta_of(before, after).keys} == {"v0.1", "v0.2"}
