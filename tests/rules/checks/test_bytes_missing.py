import pytest

from mlvgit.rules.bringing import added_objects
from mlvgit.rules.model import RemoteBytes
from tests.rules.world import World, codes, delta_of, judged, refused, valid

FILES = {"a.bin": b"alpha", "more/b.bin": b"beta"}
FOLDER = "data/snapshots/scans_v0.1"


def stored(base: World, version: str = "v0.1", files=FILES) -> World:
    frozen = base.snapshot("scans", version, files, storage="store")
    return frozen.drop(f"data/snapshots/scans_{version}")


def answering(answer, name: str = "shelf", **facts) -> RemoteBytes:
    return RemoteBytes(name, lambda digests: {digest.sha256: answer for digest in digests}, **facts)


def never(digests):
    raise AssertionError(f"the remote was asked about {digests}")


def test_a_manifest_whose_bytes_the_remote_has_passes():
    assert codes(valid(), stored(valid()), "push", remote_bytes=answering(True)) == []


def test_a_manifest_whose_bytes_the_remote_lacks_is_refused_with_the_way_out():
    (finding,) = judged(valid(), stored(valid()), "push", remote_bytes=answering(False))

    assert (finding.code, finding.severity) == ("MLV401", "error")
    assert finding.path == f"{FOLDER}.manifest.json"
    assert finding.message == "shelf lacks bytes of scans@v0.1"
    assert "2 objects, 9 B" in finding.change
    assert finding.keep == ("git mlv push   (uploads them, then pushes; from a clone that has them)",)


def test_one_object_of_many_that_is_missing_is_enough():
    lacks = delta_of(valid(), stored(valid()))
    ((_, digests),) = added_objects(lacks)
    presence = {digest.sha256: digest.size == 4 for digest in digests}

    remote = RemoteBytes("shelf", lambda asked: presence)

    assert refused(valid(), stored(valid()), "push", remote_bytes=remote) == ["MLV401"]


def test_unknown_is_not_yes():
    (finding,) = judged(valid(), stored(valid()), "push", remote_bytes=answering(None))

    assert (finding.code, finding.severity) == ("MLV401", "error")
    assert finding.message == "it cannot be known whether shelf has the bytes of scans@v0.1"


def test_why_it_is_unknown_and_what_mends_that_is_said():
    remote = RemoteBytes("shelf", lambda _: {}, trouble=lambda: ("shelf is not mounted", "mount it"))

    (finding,) = judged(valid(), stored(valid()), "push", remote_bytes=remote)

    assert finding.message.endswith("the bytes of scans@v0.1: shelf is not mounted; mount it")
    assert finding.keep[0].startswith("git mlv push")


def test_an_object_that_the_answer_leaves_out_is_unknown():
    silent = RemoteBytes("shelf", lambda digests: {})

    assert refused(valid(), stored(valid()), "push", remote_bytes=silent) == ["MLV401"]


def test_without_a_remote_the_finding_says_that_none_is_named():
    (finding,) = judged(valid(), stored(valid()), "push", remote_bytes=answering(None, name=""))

    assert finding.message == "no remote is named to keep the bytes of scans@v0.1"
    assert finding.keep[0].startswith("git mlv remote add NAME URL -m")


def test_bytes_that_are_nowhere_name_the_clone_that_froze_them():
    ((_, digests),) = added_objects(delta_of(valid(), stored(valid())))
    remote = answering(False, nowhere=frozenset({digests[0].sha256}))

    (finding,) = judged(valid(), stored(valid()), "push", remote_bytes=remote)

    assert digests[0].sha256 in finding.change
    assert "clone that froze it" in finding.keep[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda world: world.put("train.py", "print('more')\n"),
        lambda world: world.swap(f"{FOLDER}.manifest.json", '"storage"', '"notes": "typo", "storage"'),
        lambda world: world.snapshot("iris", "v0.3", {"iris.csv": b"in Git"}),
        lambda world: world.drop(f"{FOLDER}.manifest.json"),
    ],
    ids=["code", "notes", "in-git", "gone"],
)
def test_a_change_that_adds_no_bytes_outside_git_asks_nobody(change):
    before = stored(valid())

    found = codes(before, change(before), "push", remote_bytes=RemoteBytes("shelf", never))

    assert "MLV401" not in found


def test_only_what_a_new_version_adds_is_asked_about():
    before = stored(valid())
    asked: list[str] = []

    def presence(digests):
        asked.extend(digest.sha256 for digest in digests)
        return dict.fromkeys(asked, True)

    codes(before, stored(before, "v0.2", {"c.bin": b"gamma"}), "push", remote_bytes=RemoteBytes("shelf", presence))

    assert len(asked) == 1


def test_what_git_tracks_and_what_was_retired_needs_no_remote():
    tracked = valid().snapshot("scans", "v0.1", FILES, storage="store")
    gone = stored(valid()).swap(
        f"{FOLDER}.manifest.json", '"storage"', '"retired": {"by": "a", "at": "2026-01-01", "reason": "r"}, "storage"'
    )

    for after in (tracked, gone):
        assert "MLV401" not in codes(valid(), after, "push", remote_bytes=RemoteBytes("shelf", never))


def test_where_nobody_is_to_be_asked_nothing_is_said():
    assert codes(valid(), stored(valid()), "push") == []
    assert codes(valid(), stored(valid()), "commit", remote_bytes=answering(False)) == []
