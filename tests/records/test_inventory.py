"""Inventories: written as they are read, refused when they say something else than their entries."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlvgit.core.digest import Digest, of_bytes, tree_sha256
from mlvgit.errors import DocumentError
from mlvgit.records.inventory import Inventory, new_inventory

FILES = {"b.csv": of_bytes(b"b"), "a/ü.csv": of_bytes(b""), "a-.csv": of_bytes(b"a")}


def inventory() -> Inventory:
    return new_inventory("s3://b/raw", FILES.items(), created_utc="2026-01-01T00:00:00Z", created_by="mlvgit 1")


def changed(**keys: Any) -> bytes:
    return json.dumps({**json.loads(inventory().dump()), **keys}).encode()


def test_what_is_written_is_read_and_written_again_without_changing_a_byte() -> None:
    data = inventory().dump()

    found = Inventory.parse(data, "x.json")

    assert found == inventory()
    assert found.dump() == data
    assert found.digests() == FILES
    assert found.tree_sha256 == tree_sha256((name, digest.sha256) for name, digest in FILES.items())
    assert [entry.path for entry in found.files] == ["a-.csv", "a/ü.csv", "b.csv"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (changed(total_bytes=3), r"\$\.total_bytes: says 3, but the entries give 2"),
        (changed(file_count=1), r"\$\.file_count: says 1, but the entries give 3"),
        (changed(tree_sha256="ab" * 32), r"\$\.tree_sha256: says abab"),
        (changed(sources="x"), "unknown key \"sources\"; did you mean 'source'"),
        (changed(files=[]), "must not be empty"),
        (changed(format="2.0"), "format 2.0 is not known"),
        (b"{", "expected a key in double quotes"),
    ],
)
def test_what_is_not_sound_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        Inventory.parse(data, "x.json")


@pytest.mark.parametrize("name", ["../x", "/x", "a//b", ".git/config", "a\nb", "a/../b"])
def test_an_unsafe_name_is_refused_when_it_is_written_and_when_it_is_read(name: str) -> None:
    digest = of_bytes(b"x")
    with pytest.raises(DocumentError, match="the name"):
        new_inventory("x", [(name, digest)], created_utc="", created_by="")

    entry = {"path": name, "size_bytes": 1, "sha256": digest.sha256}
    tree = tree_sha256([(name, digest.sha256)])
    with pytest.raises(DocumentError, match="the name"):
        Inventory.parse(changed(files=[entry], tree_sha256=tree, total_bytes=1, file_count=1), "x.json")


def test_nothing_is_no_inventory() -> None:
    with pytest.raises(DocumentError, match="has no file"):
        new_inventory("x", [], created_utc="", created_by="")


def test_keys_of_a_newer_minor_version_are_kept() -> None:
    found = Inventory.parse(changed(format="1.7", later={"x": 1}), "x.json")

    assert json.loads(found.dump())["later"] == {"x": 1}
    assert found.digests()["b.csv"] == Digest(1, of_bytes(b"b").sha256)
