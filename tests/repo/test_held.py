"""What a worktree holds: what moved since it was recorded stays to be looked at, whatever else is recorded."""

from pathlib import Path

import pytest

from mlvgit.repo.held import forget, held_folders, moved_paths, record


@pytest.fixture
def top(tmp_path: Path) -> str:
    for name in ("one/a", "one/b", "two/c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "git").mkdir()
    record(str(tmp_path / "git"), str(tmp_path), ["one", "two"])
    return str(tmp_path)


def moved(top: str) -> frozenset[str]:
    return moved_paths(f"{top}/git", top)


def test_letting_go_of_one_folder_leaves_what_moved_in_another(top: str) -> None:
    Path(top, "two/c").write_bytes(b"altered")

    forget(f"{top}/git", ["one"])

    assert held_folders(f"{top}/git") == ["two"]
    assert moved(top) == {"two/c"}


def test_holding_one_folder_more_leaves_what_moved_in_another(top: str) -> None:
    Path(top, "two/c").write_bytes(b"altered")
    Path(top, "three").mkdir()

    record(f"{top}/git", top, ["three"])

    assert held_folders(f"{top}/git") == ["one", "three", "two"]
    assert moved(top) == {"two/c"}


def test_of_a_folder_that_was_written_in_part_the_rest_is_still_to_be_looked_at(top: str) -> None:
    Path(top, "one/a").write_bytes(b"altered")
    Path(top, "one/b").write_bytes(b"put back")

    record(f"{top}/git", top, ["one"], {"one/b"})

    assert moved(top) == {"one/a"}
    record(f"{top}/git", top, ["one"])
    assert moved(top) == frozenset()


def test_letting_go_of_all_leaves_no_record(top: str) -> None:
    forget(f"{top}/git", ["one", "two"])

    assert not Path(top, "git/mlv-held").exists()
    assert moved(top) == frozenset()
