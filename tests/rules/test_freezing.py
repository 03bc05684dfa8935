"""What stands under a published name and is not the published thing has to give way, and may."""

from tests.rules.world import IRIS_CSV, LINK, World, judged, published_in, refused, valid

FOLDER = "data/snapshots/iris_v0.1"
CSV = f"{FOLDER}/iris.csv"
MANIFEST = f"{FOLDER}.manifest.json"


def usurped() -> World:
    """The same repository with other data under the name iris v0.1, and a manifest that fits them."""
    return valid().snapshot(
        "iris", "v0.1", {"iris.csv": IRIS_CSV + b"9,9,9,9,forged\n", "more/notes.txt": b"made by hand\n"}
    )


def test_a_commit_that_brings_back_what_is_published_is_a_repair() -> None:
    good, bad = valid(), usurped()

    assert {"MLV101", "MLV102"} <= set(refused(good, bad, published=published_in(good)))
    assert refused(bad, good, published=published_in(good)) == []


def test_a_usurper_that_is_taken_away_is_no_loss() -> None:
    bad = usurped()
    gone = bad.drop(CSV, MANIFEST, f"{FOLDER}/more/notes.txt")

    assert refused(bad, gone, published=published_in(valid())) == []
    assert "MLV102" in refused(bad, gone)


def test_a_usurper_that_is_replaced_by_another_is_refused() -> None:
    other = valid().snapshot(
        "iris", "v0.1", {"iris.csv": IRIS_CSV + b"8,8,8,8,forged\n", "more/notes.txt": b"made by hand\n"}
    )

    assert "MLV102" in refused(usurped(), other, published=published_in(valid()))


def test_a_manifest_that_is_back_at_what_it_was_is_a_repair() -> None:
    good = valid()
    bad = good.swap("data/snapshots/iris_v0.2.manifest.json", "iris_v0.1", "iris_v0.0")

    assert "MLV102" in refused(bad, good, published=published_in(good))
    assert refused(bad, good, published=published_in(good), held_before=lambda path, oid: True) == []


def test_a_link_in_a_frozen_directory_is_told_once_and_not_as_a_folder() -> None:
    before = valid()

    found = judged(before, before.put(CSV, b"elsewhere", LINK))

    assert [finding.code for finding in found] == ["MLV101"]
