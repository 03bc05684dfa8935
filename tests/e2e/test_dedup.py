"""New versions cost what is new in them, and many small files are few, in the store and on a remote; all of it comes back."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

from tests.conftest import Sandbox
from tests.e2e.conftest import Team

BIG = 64 << 20
CHANGES = ("inserted", "changed")


@pytest.fixture
def sender(team: Team) -> Sandbox:
    """Ada's clone, whose bytes go to a folder."""
    return team.with_shelf()


@pytest.fixture
def shelf(sender: Sandbox) -> Path:
    return sender.playground.folder / "shelf"


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def files_of(folder: Path) -> int:
    return sum(path.is_file() and path.name != "mlv-remote.json" for path in folder.rglob("*"))


def freeze(sandbox: Sandbox, version: str, source: Path) -> None:
    sandbox.mlv("snapshot", "create", "scans", version, str(source), "--storage", "store", "-m", f"Freeze {version}")


def push(sandbox: Sandbox) -> str:
    return sandbox.mlv("push").said


@pytest.mark.parametrize("change", CHANGES)
def test_a_version_with_one_percent_new_adds_and_sends_at_most_three_percent(
    team: Team, sender: Sandbox, shelf: Path, tmp_path: Path, change: str
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    old = random.Random(1).randbytes(BIG)
    more = random.Random(2).randbytes(BIG // 100)
    middle = BIG // 2
    new = old[:middle] + more + old[middle + (len(more) if change == "changed" else 0) :]
    (source / "scan.bin").write_bytes(old)
    freeze(sender, "v0.1", source)
    push(sender)
    store = sender / ".git/mlv/objects"
    kept, sent = size_of(store), size_of(shelf)

    (source / "scan.bin").write_bytes(new)
    freeze(sender, "v0.2", source)
    sender.git("push", "-q", "origin", "main")  # what is new is little enough for the hook

    assert size_of(store) - kept <= 0.03 * BIG
    assert size_of(shelf) - sent <= 0.03 * BIG
    carol = team.clone("carol")
    carol.mlv("pull", "scans@v0.2")
    assert (carol / "data/snapshots/scans_v0.2/scan.bin").read_bytes() == new
    carol.mlv("pull", "scans@v0.1")
    assert (carol / "data/snapshots/scans_v0.1/scan.bin").read_bytes() == old
    assert size_of(carol / ".git/mlv/objects") <= 1.03 * BIG


def test_thousands_of_small_files_are_a_few_objects_on_disk_and_on_a_remote(
    team: Team, sender: Sandbox, shelf: Path, tmp_path: Path
) -> None:
    number = 2000
    source = tmp_path / "source"
    source.mkdir()
    data = {f"{index:05}.bin": random.Random(index).randbytes(4096) for index in range(number)}
    for name, content in data.items():
        (source / name).write_bytes(content)

    freeze(sender, "v0.1", source)
    said = push(sender)

    assert files_of(sender / ".git/mlv/objects") <= 4
    assert files_of(shelf) <= 4
    assert "2 objects" in said
    carol = team.clone("carol")
    carol.mlv("pull")
    placed = carol / "data/snapshots/scans_v0.1"
    assert {path.name: path.read_bytes() for path in placed.iterdir()} == data
    assert files_of(carol / ".git/mlv/objects") <= 4


def test_a_damaged_pack_on_a_remote_is_refused_and_healed(
    team: Team, sender: Sandbox, shelf: Path, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for index in range(20):
        (source / f"{index}.txt").write_text(f"number {index}\n" * 100)
    freeze(sender, "v0.1", source)
    push(sender)
    (pack,) = shelf.glob("sha256/*/*")
    pack.chmod(0o644)
    pack.write_bytes(pack.read_bytes()[:-1] + b"!")
    carol = team.clone("carol")

    refused = carol.mlv("pull", check=False)

    assert refused.status in (1, 4)
    assert pack.parent.name + pack.name[:10] in refused.said
    assert not list((carol / "data/snapshots").glob("scans_v0.1/*"))
    sender.mlv("fsck", "--remote", "shelf")
    carol.mlv("pull")
    assert (carol / "data/snapshots/scans_v0.1/7.txt").read_text() == "number 7\n" * 100


def small_snapshot(sender: Sandbox, tmp_path: Path) -> Path:
    source = tmp_path / "source"
    source.mkdir()
    for index in range(20):
        (source / f"{index}.txt").write_text(f"number {index:03}\n" * 100)
    freeze(sender, "v0.1", source)
    return sender / ".git/mlv/objects"


def spoil(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-2] + b"!\n")


@pytest.mark.parametrize("what", ["sha256", "extents"])
def test_a_damaged_pack_or_list_in_the_store_is_healed_from_the_remote(
    sender: Sandbox, shelf: Path, tmp_path: Path, what: str
) -> None:
    store = small_snapshot(sender, tmp_path)
    push(sender)
    (part,) = store.glob(f"{what}/*/*")
    spoil(part)

    said = sender.mlv("fsck")

    assert "healed" in said.said
    assert sender.mlv("fsck").status == 0
    assert part.read_bytes() == next(shelf.glob(f"{what}/*/*")).read_bytes()


@pytest.mark.parametrize("what", ["sha256", "extents"])
def test_a_damaged_pack_in_the_store_is_healed_from_the_workspace_and_a_list_from_its_pack(
    sender: Sandbox, tmp_path: Path, what: str
) -> None:
    store = small_snapshot(sender, tmp_path)
    (part,) = store.glob(f"{what}/*/*")
    before = part.read_bytes()
    spoil(part)

    sender.mlv("fsck")

    if what == "extents":
        assert part.read_bytes() == before
    else:
        assert files_of(store / "sha256") >= 20
    assert sender.mlv("fsck").status == 0
    push(sender)


def test_a_list_that_lies_on_a_remote_hands_out_nothing(
    team: Team, sender: Sandbox, shelf: Path, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for index in range(20):
        (source / f"{index}.txt").write_text(f"number {index:03}\n")
    freeze(sender, "v0.1", source)
    push(sender)
    (honest,) = shelf.glob("extents/*/*")
    lines = honest.read_text().splitlines()
    first, second = [index for index, line in enumerate(lines) if line.startswith("file")][:2]
    lines[first + 1], lines[second + 1] = lines[second + 1], lines[first + 1]
    lie = ("\n".join(lines) + "\n").encode()
    honest.unlink()
    name = hashlib.sha256(lie).hexdigest()
    (shelf / "extents" / name[:2]).mkdir(exist_ok=True)
    (shelf / "extents" / name[:2] / name[2:]).write_bytes(lie)
    carol = team.clone("carol")

    refused = carol.mlv("pull", check=False)

    assert refused.status in (1, 4)
    assert lines[first].split()[1][:12] in refused.said
