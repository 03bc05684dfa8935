"""What is remembered about blobs may be torn, deleted or not writable: it is a hint."""

from pathlib import Path

import pytest

from mlvgit.repo.cache import BlobSet

ONE, TWO, THREE = ("1" * 40, "2" * 40, "3" * 40)


def test_what_was_added_is_known_to_the_next_command(tmp_path: Path) -> None:
    BlobSet(tmp_path / "cache/set", "sha1").add([ONE, TWO])

    again = BlobSet(tmp_path / "cache/set", "sha1")

    assert [oid in again for oid in (ONE, TWO, THREE)] == [True, True, False]
    again.add([ONE])
    assert (tmp_path / "cache/set").stat().st_size == 2 * 20


@pytest.mark.parametrize("kept", [0, 7, 20, 33])
def test_a_torn_record_hides_no_later_one(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "set"
    BlobSet(path, "sha1").add([ONE, TWO])
    path.write_bytes(path.read_bytes()[:kept])

    BlobSet(path, "sha1").add([THREE])

    known = BlobSet(path, "sha1")
    assert THREE in known
    assert (ONE in known) is (kept >= 20)
    assert TWO not in known


def test_where_nothing_can_be_written_it_is_known_to_this_command_alone(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    known = BlobSet(tmp_path / "file/set", "sha1")

    known.add([ONE])

    assert ONE in known
    assert ONE not in BlobSet(tmp_path / "file/set", "sha1")
