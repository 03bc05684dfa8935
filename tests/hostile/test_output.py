"""What hostile documents say is never printed so that it drives a terminal, a log or a workflow."""

from __future__ import annotations

import json
import os
import re

import pytest

from tests.conftest import Ran, Sandbox
from tests.e2e.world import FOLDER, MANIFEST, REGISTRY, World, sneak

EVIL = "\x1b]0;pwn\x07\u202e\x9b31m\u2028\u200b\x7f"
DRIVES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2066-\u2069]")


def told(repo: Sandbox, *words: str, **more: str) -> Ran:
    """Run a command and fail when it says anything that drives a terminal, or fails in other words than ours."""
    ran = repo.mlv(*words, check=False, **more)
    assert not DRIVES.search(ran.said), ascii(ran.said)
    assert "Traceback" not in ran.err
    assert "bug in mlvgit" not in ran.err, ran.err
    assert ran.status in (0, 1, 2, 3), ran
    return ran


def edit(repo: Sandbox, path: str, **fields: object) -> None:
    """Set top-level keys of a JSON document."""
    document = {**json.loads(repo.read(path)), **fields}
    (repo / path).chmod(0o644)
    repo.write(path, json.dumps(document))


def test_json_escapes_what_drives_a_terminal(world: World) -> None:
    bob = world.person()
    edit(bob, MANIFEST, notes=EVIL, owner=EVIL, source=EVIL, metadata={EVIL: [EVIL]})
    for words in (("snapshot", "list", "--json"), ("snapshot", "show", "iris@v0.1", "--json")):
        assert json.loads(told(bob, *words).out)
    assert json.loads(told(bob, "snapshot", "list", "--json").out)["snapshots"][0]["notes"] == EVIL


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
def test_findings_about_hostile_names_are_harmless_in_every_form(world: World, form: str) -> None:
    bob = world.person()
    for name in (b"\xff\xfe", EVIL.encode(), b"a\n::error::b", b"-rf", b":(top)x"):
        bob.write(os.fsencode(FOLDER) + b"/" + name, "x")
        bob.write(b"models/iris_clf/" + name + b"/x", "x")
    bob.stage()
    ran = told(bob, "check", "--format", form)
    assert ran.status == 1
    assert not re.search(r"^::error::b", ran.out, re.MULTILINE)
    if form in ("json", "sarif"):
        json.loads(ran.out)


def test_a_server_says_nothing_that_drives_the_pusher_s_terminal(world: World) -> None:
    bob = world.plain()
    bob.write(os.fsencode(FOLDER) + b"/" + EVIL.encode(), "x")
    bob.write(os.fsencode(FOLDER) + b"/\xff", "x")
    edit(bob, REGISTRY, name=EVIL)
    bob.write("mlv.yaml", 'protect: ["\\e]0;x\\a"]\nexceptions: [{code: MLV101, path: "\\e\\u202e", reason: "\\e"}]\n')
    sneak(bob)
    ran = bob.push("origin", "HEAD:refs/heads/main", check=False)
    assert "remote: mlv: push refused" in ran.err
    assert not DRIVES.search(ran.err.replace("\x1b[K", "")), ascii(ran.err)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_name_that_the_terminal_cannot_write_fails_nothing(world: World, encoding: str) -> None:
    bob = world.person()
    edit(bob, MANIFEST, notes="Blüten 花 🌼")
    for words in (("snapshot", "list"), ("snapshot", "show", "iris@v0.1"), ("status",), ("snapshot", "list", "--json")):
        ran = told(bob, *words, PYTHONIOENCODING=encoding)
        assert ran.status == 0
        if "--json" in words:
            assert json.loads(ran.out)


@pytest.mark.parametrize("folder", ["data", "models", "data/snapshots", "runs"])
def test_a_folder_of_ours_behind_a_link_is_named_and_not_followed(world: World, folder: str) -> None:
    bob = world.person()
    away = bob.path.parent / "away"
    if (bob / folder).exists():
        (bob / folder).rename(away)
    away.mkdir(exist_ok=True)
    (bob / folder).symlink_to(away)
    for words in (("status",), ("check", "--all"), ("verify",), ("model", "list"), ("snapshot", "list"), ("log",)):
        told(bob, *words)
    for words in (
        ("restore", "iris@v0.1"),
        ("promote", "iris_clf", "v0.3.0", "dev", "-m", "x"),
        ("record", "iris_clf", "v0.3.0"),
    ):
        told(bob, *words)
    bob.stage()
    if folder != "runs":
        bob.assert_refused("commit", "-qm", "x", because="MLV1")


@pytest.mark.parametrize("mode", ["160000", "120000"])
def test_documents_that_are_no_files_are_named(world: World, mode: str) -> None:
    bob = world.person()
    for path in ("mlv.yaml", REGISTRY, MANIFEST):
        link = bob.git("hash-object", "-w", "--stdin", input="/etc/passwd").out.strip()
        bob.git("update-index", "--add", "--cacheinfo", f"{mode},{bob.head() if mode == '160000' else link},{path}")
    bob.assert_refused("commit", "-qm", "x", because="MLV105")
    bob.git("commit", "-qm", "x", "--no-verify")
    bob.git("reset", "-q", "--hard")
    for words in (
        ("status",),
        ("check", "--all"),
        ("verify",),
        ("model", "list"),
        ("snapshot", "list"),
        ("log",),
        ("doctor",),
    ):
        told(bob, *words)
