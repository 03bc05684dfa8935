"""Long tests take turns, so that a run stays under a quarter of an hour on two cores: one part of twelve each day.

`MLV_TEST_TURN=0` to `11` picks a part, `MLV_TEST_ALL=1` runs them all, and so does naming a file.
"""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Sequence

import pytest

PARTS = 12
LONG = (
    "tests/actions/test_bringing.py",
    "tests/actions/test_clashes.py",
    "tests/actions/test_doctor.py",
    "tests/actions/test_release_line.py",
    "tests/cli/test_discard.py",
    "tests/cli/test_merge.py",
    "tests/cli/test_messages.py",
    "tests/cli/test_status.py",
    "tests/contracts/",
    "tests/e2e/test_adopt_hub.py",
    "tests/e2e/test_adopt_lfs.py",
    "tests/e2e/test_damaged_lists.py",
    "tests/e2e/test_dedup.py",
    "tests/e2e/test_drop.py",
    "tests/e2e/test_elsewhere.py",
    "tests/e2e/test_falsified_push.py",
    "tests/e2e/test_gc.py",
    "tests/e2e/test_huge.py",
    "tests/e2e/test_letting_go_faults.py",
    "tests/e2e/test_lfs_remote.py",
    "tests/e2e/test_lists.py",
    "tests/e2e/test_month.py::test_a_month",
    "tests/e2e/test_parts_of_versions.py",
    "tests/e2e/test_push_advice.py",
    "tests/e2e/test_push_shapes.py",
    "tests/e2e/test_repository_shapes.py",
    "tests/e2e/test_restating.py",
    "tests/e2e/test_retire.py",
    "tests/e2e/test_retired_elsewhere.py",
    "tests/e2e/test_stored.py",
    "tests/faults/",
    "tests/hostile/",
    "tests/property/",
    "tests/store/test_objects.py",
)
ALWAYS = (
    "test_what_is_sent_comes_back",
    "test_no_verify_is_refused_and_kept_as_a_new_version",
    "test_plumbing_is_refused_and_mended[by_commit_tree]",
    "test_two_promotions_that_merge_cleanly_are_refused",
    "test_a_moved_model_tag_is_refused_and_fetched_back",
)
"""In every run each kind of remote goes its round trip, and each kind of falsified history is refused once."""


def turn() -> int:
    """Return which part of the long tests is run."""
    return int(os.environ.get("MLV_TEST_TURN") or time.time() // 86400) % PARTS


def take_turns(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the long tests whose turn it is not, unless they were asked for."""
    if os.environ.get("MLV_TEST_ALL") or _asked(config.args):
        return
    now = turn()
    kept, left = [], []
    for item in items:
        waits = item.nodeid.startswith(LONG) and not any(name in item.nodeid for name in ALWAYS)
        waits = waits and zlib.crc32(item.nodeid.encode()) % PARTS != now
        (left if waits else kept).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


def _asked(args: Sequence[str]) -> bool:
    """Say whether somebody named files, and not the whole suite."""
    return any(".py" in each for each in args)
