import json

import pytest

from tests.rules.world import LINK, MODULE, World, codes, judged, refused, valid

MANIFEST = "data/snapshots/evil_v0.1.manifest.json"
SHA = "0" * 64


def evil(*names: str) -> World:
    files = [{"path": f"data/snapshots/evil_v0.1/{name}", "size_bytes": 0, "sha256": SHA} for name in names]
    return valid().put(MANIFEST, json.dumps({"dataset": "evil", "version": "v0.1", "files": files}))


@pytest.mark.parametrize(
    "name", ["../../../x", "a//b", ".git/config", "a/.GIT/hooks/x", "git~1", "a\\b", "a\x1b[2Jb", "a/../b", ""]
)
def test_a_name_that_is_not_safe_everywhere_is_refused_in_a_manifest(name):
    assert "MLV105" in refused(valid(), evil(name))
    assert "MLV105" in refused(valid(), evil(name), "push")


def test_two_names_that_are_one_on_some_systems_are_refused():
    assert "MLV105" in refused(valid(), evil("A.csv", "a.csv"))


def test_ordinary_names_of_any_script_pass():
    after = valid().snapshot("iris", "v0.3", {"données été.csv": b"1", "深い/データ (1).csv": b"2"})

    assert codes(valid(), after) == []


def test_control_characters_are_not_printed():
    found = judged(valid(), evil("a\x1b[2Jb"))

    assert all("\x1b" not in finding.message + finding.change for finding in found)


def test_a_tracked_file_with_such_a_name_is_refused():
    assert "MLV105" in refused(valid(), valid().put("data/snapshots/iris_v0.1/a\\b.csv", "1"))


@pytest.mark.parametrize("mode", [LINK, MODULE])
def test_a_link_or_submodule_in_place_of_our_folders_is_refused(mode):
    before = valid()

    for path in ("data/snapshots/iris_v0.9", "models/other/v1.0.0", "models/other"):
        assert "MLV105" in refused(before, before.put(path, "/tmp", mode)), path
    assert "MLV105" in refused(before, before.drop("data").put("data", "/tmp", mode))


def test_two_folders_that_are_one_on_some_systems_are_refused():
    after = valid().snapshot("Iris", "v0.1", {"iris.csv": b"1"})

    assert "MLV105" in refused(valid(), after)


def test_a_link_elsewhere_is_not_ours():
    assert codes(valid(), valid().put("latest", "data/snapshots/iris_v0.2", LINK)) == []


def test_a_file_that_lands_on_a_frozen_one_on_some_systems_is_refused():
    before = valid()

    assert "MLV105" in refused(before, before.put("Data/Snapshots/iris_v0.1/iris.csv", "other"))
    assert codes(before, before.put("Models/View.cs", "class View {}")) == []
    assert codes(before, before.put("Data/readme.txt", "")) == []


def test_a_new_file_with_such_a_name_is_taken_back_by_the_command_that_is_printed():
    found = [one for one in judged(valid(), evil("a//b")) if one.code == "MLV105"]

    assert found[0].undo == (f"git rm -q -f --cached {MANIFEST}",)


def test_two_manifests_of_what_the_store_keeps_that_are_one_on_some_systems_are_refused():
    def stored(name: str) -> str:
        path = f"data/snapshots/{name}_v0.1"
        files = [{"path": f"{path}/a.bin", "size_bytes": 1, "sha256": SHA}]
        return json.dumps({"dataset": name, "version": "v0.1", "storage": "store", "files": files})

    before = valid().put("data/snapshots/scans_v0.1.manifest.json", stored("scans"))
    after = before.put("data/snapshots/Scans_v0.1.manifest.json", stored("Scans"))

    found = [finding for finding in judged(before, after) if finding.code == "MLV105"]

    assert {finding.path for finding in found} == {"data/snapshots/Scans_v0.1.manifest.json"}, "the new one is blamed"


def test_two_models_that_are_one_on_some_systems_are_refused():
    before = valid()
    model = next(path.split("/")[1] for path in before.files if path.startswith("models/"))
    after = before.put(f"models/{model.upper()}/v1.0.0/model.pkl", "weights")

    assert "MLV105" in refused(before, after)


def test_the_files_of_one_version_are_not_alike():
    after = valid().snapshot("new", "v0.1", {"a/x.csv": b"1", "b/x.csv": b"2"})
    assert codes(valid(), after) == []
