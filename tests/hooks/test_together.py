"""What is undone together: an accident whole, and nothing beside it."""

from __future__ import annotations

from mlvgit.hooks.together import together
from mlvgit.records.layout import Layout
from mlvgit.rules.model import Change, Entry

LAYOUT = Layout()


def entry(oid: str) -> Entry:
    return Entry(0o100644, oid)


def found(refused: str, **changes: Change) -> set[str]:
    named = {NAMES[name]: change for name, change in changes.items()}
    return set(together([NAMES[refused]], named, lambda path: ("", LAYOUT.place(path))))


NAMES = {
    "old_file": "models/m/v0.1.0/model.pkl",
    "old_registry": "models/m/registry.json",
    "new_file": "models/mm/v0.1.0/model.pkl",
    "new_manifest": "models/mm/v0.1.0.manifest.json",
    "new_registry": "models/mm/registry.json",
    "other": "models/m/v0.2.0/model.pkl",
    "code": "train.py",
}


def test_a_rename_takes_its_other_end_its_manifest_and_both_registries_along():
    changes = {
        "old_file": (entry("a"), None),
        "old_registry": (entry("b"), None),
        "new_file": (None, entry("a")),
        "new_manifest": (None, entry("edited")),
        "new_registry": (None, entry("edited too")),
    }

    assert found("old_file", **changes) == {NAMES[name] for name in changes}
    assert found("new_registry", **changes) == {NAMES["new_registry"]}, "a registry alone says nothing of versions"


def test_what_was_edited_another_version_and_code_stay():
    changes = {
        "old_file": (entry("a"), None),
        "old_registry": (entry("b"), entry("c")),
        "other": (None, entry("new")),
        "code": (None, entry("a")),
    }

    assert found("old_file", **changes) == {NAMES["old_file"]}


def test_an_edited_file_takes_nothing_along():
    changes = {"old_file": (entry("a"), entry("b")), "old_registry": (None, entry("c"))}

    assert found("old_file", **changes) == {NAMES["old_file"]}
