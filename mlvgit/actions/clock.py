"""The wall clock, read in one place. No result depends on it but the dates that documents carry."""

import os
from datetime import UTC, datetime

__all__ = ["iso", "stamp", "today", "utc_now"]


def utc_now() -> str:
    """Return the time as documents write it, `2026-01-01T00:00:00Z`.

    `SOURCE_DATE_EPOCH` (seconds) stands for the clock when it is set.
    Source: https://reproducible-builds.org/specs/source-date-epoch/
    """
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    now = datetime.fromtimestamp(int(fixed), UTC) if fixed.isdigit() else datetime.now(UTC)
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def today() -> str:
    """Return the date in UTC, `2026-01-01`."""
    return utc_now()[:10]


def stamp() -> str:
    """Return the time as part of a file name, `20260101T000000Z`."""
    return utc_now().replace("-", "").replace(":", "")


def iso(seconds: int) -> str:
    """Write seconds since 1970 as documents write a time."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
