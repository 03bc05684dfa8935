from mlvgit.core.digest import of_bytes
from mlvgit.rules.model import RemoteBytes
from tests.rules.world import codes, judged, valid

FILES = {"a.bin": b"alpha", "more/b.bin": b"beta"}


def stored():
    return valid().snapshot("scans", "v0.1", FILES, storage="store").drop("data/snapshots/scans_v0.1")


def remote(*damaged: bytes, answer: bool | None = False) -> RemoteBytes:
    return RemoteBytes(
        "shelf",
        lambda digests: {digest.sha256: answer for digest in digests},
        damaged=frozenset(of_bytes(data).sha256 for data in damaged),
    )


def test_an_object_that_is_damaged_refuses_the_push_and_names_what_heals_it():
    found = judged(valid(), stored(), "push", remote_bytes=remote(b"alpha", b"beta"))

    (finding,) = found
    assert (finding.code, finding.severity) == ("MLV402", "error")
    assert "2 objects" in finding.change
    assert finding.keep[0].startswith("git mlv fsck")


def test_what_is_damaged_is_told_apart_from_what_is_only_missing():
    assert codes(valid(), stored(), "push", remote_bytes=remote(b"alpha")) == ["MLV401", "MLV402"]


def test_whole_objects_pass_and_others_damage_is_not_this_push_s():
    assert codes(valid(), stored(), "push", remote_bytes=remote(answer=True)) == []
    assert codes(valid(), stored(), "push", remote_bytes=remote(b"gamma", answer=True)) == []
