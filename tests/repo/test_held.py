"""What a worktree holds: what moved since it was recorded stays to be looked at, whatever else is recorded."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mlvgit.repo.held import Held, forget, record, stamps


@pytest.fixture
def top(tmp_path: Path) -> str:
    for name in ("one/a", "one/b", "two/c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "git").mkdir()
    record(str(tmp_path / "git"), str(tmp_path), ["one", "two"])
    return str(tmp_path)


def moved(top: str) -> frozenset[str]:
    return Held(f"{top}/git", top).moved()


def test_letting_go_of_one_folder_leaves_what_moved_in_another(top: str) -> None:
    Path(top, "two/c").write_bytes(b"altered")

    forget(f"{top}/git", top, ["one"])

    assert Held(f"{top}/git", top).folders() == ["two"]
    assert moved(top) == {"two/c"}


def test_holding_one_folder_more_leaves_what_moved_in_another(top: str) -> None:
    Path(top, "two/c").write_bytes(b"altered")
    Path(top, "three").mkdir()

    record(f"{top}/git", top, ["three"])

    assert Held(f"{top}/git", top).folders() == ["one", "three", "two"]
    assert moved(top) == {"two/c"}


def test_of_a_folder_that_was_written_in_part_the_rest_is_still_to_be_looked_at(top: str) -> None:
    Path(top, "one/a").write_bytes(b"altered")
    Path(top, "one/b").write_bytes(b"put back")

    record(f"{top}/git", top, ["one"], stamps(top, ["one/b"]))

    assert moved(top) == {"one/a"}
    record(f"{top}/git", top, ["one"])
    assert moved(top) == frozenset()


def test_what_is_written_or_comes_while_bytes_are_looked_at_is_still_to_be_looked_at(top: str) -> None:
    before = stamps(top, ["one", "one/a", "one/b", "one/new"])
    Path(top, "one/a").write_bytes(b"written meanwhile")
    Path(top, "one/new").write_bytes(b"came meanwhile")

    record(f"{top}/git", top, ["one"], before)

    assert moved(top) == {"one", "one/a", "one/new"}


def test_what_was_gone_at_the_look_is_held_no_more(top: str) -> None:
    Path(top, "one/a").unlink()

    record(f"{top}/git", top, ["one"], stamps(top, ["one", "one/a"]))

    assert moved(top) == frozenset()
    assert Held(f"{top}/git", top).paths("one") == {"one", "one/b"}


def test_letting_go_of_all_leaves_nothing_to_look_at(top: str) -> None:
    forget(f"{top}/git", top, ["one", "two"])

    assert Held(f"{top}/git", top).folders() == []
    assert moved(top) == frozenset()


@pytest.mark.parametrize("lost", [lambda held: held.unlink(), lambda held: held.write_bytes(held.read_bytes()[1:])])
def test_of_folders_that_git_ignores_all_is_to_be_looked_at_when_the_record_was_lost(
    top: str, lost: Callable[[Path], object]
) -> None:
    Path(top, "git/info").mkdir()
    Path(top, "git/info/exclude").write_text("*.pyc\n/build/\n/one/\n/two/\n/three/\n")
    Path(top, "build").mkdir()
    Path(top, "one.manifest.json").touch()
    Path(top, "two.manifest.json").touch()
    lost(Path(top, "git/mlv-held"))

    record(f"{top}/git", top, ["two"])

    assert Held(f"{top}/git", top).folders() == ["one", "two"]
    assert moved(top) == {"one.manifest.json", "one", "one/a", "one/b"}
