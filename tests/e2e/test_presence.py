"""Where the bytes are: a push and CI ask the remote, unknown is not yes, and what brings no bytes asks nobody."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import Playground, Sandbox

DATA = bytes(range(256)) * 40
FOLDER = "data/snapshots/scans_v0.1"
MANIFEST = f"{FOLDER}.manifest.json"
NAME = hashlib.sha256(DATA).hexdigest()


def object_in(folder: Path) -> Path:
    return folder / "sha256" / NAME[:2] / NAME[2:]


@pytest.fixture
def shelf(playground: Playground) -> Path:
    return playground.folder / "shelf"


@pytest.fixture
def ada(playground: Playground, shelf: Path) -> Sandbox:
    """A clone with guards whose server knows the settings; `scans v0.1` is committed in the store, and not pushed."""
    repo = playground.init("ada")
    repo.mlv("init")
    repo.write("mlv.yaml", f"remotes:\n  shelf: {{url: {shelf}}}\n")
    repo.git("add", "--all")
    repo.git("commit", "-qm", "Set up")
    repo.server()
    repo.write("raw.bin", DATA)
    repo.mlv("snapshot", "create", "scans", "v0.1", "raw.bin", "--storage", "store", "-m", "Freeze scans")
    os.unlink(repo / "raw.bin")
    return repo


def unreachable(repo: Sandbox) -> None:
    """Have the remote's folder be none that anybody can look into."""
    place = repo.playground.folder / "shelf"
    shutil.rmtree(place, ignore_errors=True)
    place.write_bytes(b"no folder")


def test_a_push_of_lost_bytes_is_refused_in_five_lines_that_name_the_way_out(ada: Sandbox) -> None:
    object_in(ada / ".git/mlv/objects").unlink()
    shutil.rmtree(ada / FOLDER)

    refused = ada.push("origin", "main", check=False)

    assert refused.status != 0
    assert f"error MLV401 {MANIFEST}: shelf lacks bytes of scans@v0.1" in refused.said
    assert NAME in refused.said
    assert "git mlv push" in refused.said
    assert "git restore" not in refused.said
    assert ada.git("ls-remote", "origin", "main").out[:40] != ada.head()[:40]
    command = ada.mlv("push", check=False)
    assert command.status == 1
    assert "MLV401" in command.said


def test_a_push_whose_remote_cannot_be_asked_is_refused(ada: Sandbox) -> None:
    unreachable(ada)

    refused = ada.push("origin", "main", check=False)

    assert refused.status != 0
    assert "it cannot be known whether shelf has the bytes of scans@v0.1" in refused.said
    assert ada.mlv("push", check=False).status == 4, "the remote failed, and no rule did"


def test_a_damaged_object_refuses_the_push_and_heals_by_the_command_that_is_named(ada: Sandbox, shelf: Path) -> None:
    whole = object_in(ada / ".git/mlv/objects")
    whole.chmod(0o644)
    whole.write_bytes(b"!" + DATA[1:])
    shutil.rmtree(ada / FOLDER)

    refused = ada.push("origin", "main", check=False)

    assert refused.status != 0
    assert "MLV402" in refused.said
    assert "MLV401" not in refused.said
    assert not object_in(shelf).exists()
    assert "git mlv fsck" in refused.said
    ada.write(f"{FOLDER}/raw.bin", DATA)
    assert "healed" in ada.mlv("fsck").said
    ada.push("origin", "main")
    assert object_in(shelf).read_bytes() == DATA
    assert [kept.read_bytes()[:1] for kept in (ada / ".git/mlv/objects/quarantine").iterdir()] == [b"!"]


def test_a_push_of_code_asks_a_remote_that_would_fail_nothing(ada: Sandbox) -> None:
    ada.push("origin", "main")
    unreachable(ada)
    ada.write("train.py", "print()\n")
    ada.git("add", "train.py")
    ada.git("commit", "-qm", "Train")

    ada.push("origin", "main")

    assert ada.mlv("check", "HEAD~1..HEAD", "--remote").out.strip() == "no findings"
    assert ada.mlv("check", "--all", "--remote", check=False).status == 1


def test_ci_finds_missing_bytes_by_asking_alone(ada: Sandbox, shelf: Path) -> None:
    clone = ada.clone("ci")
    lost = clone.mlv("check", "HEAD~1..HEAD", "--remote", "--json", check=False)
    assert lost.status == 1
    (finding,) = json.loads(lost.out)["findings"]
    assert (finding["code"], finding["rule"], finding["path"]) == ("MLV401", "bytes-missing", MANIFEST)
    assert clone.mlv("check", "HEAD~1..HEAD").status == 0

    ada.push("origin", "main")
    object_in(shelf).chmod(0)  # existence is enough: nothing is read

    clone.mlv("check", "HEAD~1..HEAD", "--remote")
    clone.mlv("check", "--all", "--remote")
    assert list((clone / ".git").glob("mlv/objects/**/*")) == []
    object_in(shelf).chmod(0o644)
    object_in(shelf).write_bytes(DATA[1:])
    assert clone.mlv("check", "HEAD~1..HEAD", "--remote", check=False).status == 1


def test_bytes_on_any_remote_will_do_for_ci(ada: Sandbox, shelf: Path) -> None:
    ada.push("origin", "main")
    shelf.rename(shelf.with_name("other"))
    ada.write("mlv.yaml", f"remotes:\n  shelf: {{url: {shelf}}}\n  other: {{url: {shelf.with_name('other')}}}\n")

    ada.mlv("check", "HEAD~1..HEAD", "--remote")


def test_bytes_of_what_was_pushed_without_a_hook_are_sent_by_the_command_that_is_named(
    ada: Sandbox, shelf: Path
) -> None:
    ada.push("--no-verify", "origin", "main")
    assert not shelf.exists()

    assert "sent 10.0 KiB (1 object) to shelf" in ada.mlv("push").said

    assert object_in(shelf).read_bytes() == DATA


def test_asking_is_about_a_range_or_everything(ada: Sandbox) -> None:
    refused = ada.mlv("check", "--remote", check=False)

    assert refused.status == 2
    assert "git mlv check origin/main..HEAD --remote" in refused.said


def test_a_server_needs_no_store_and_asks_no_remote(ada: Sandbox, shelf: Path) -> None:
    server = Sandbox(ada.playground, ada.playground.folder / "server.git")
    server.mlv("install", "--server")
    object_in(ada / ".git/mlv/objects").unlink()

    ada.push("--no-verify", "origin", "main")

    assert not shelf.exists()
