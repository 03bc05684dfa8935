"""Dates as people write them, and the release branch in its different shapes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mlvgit.actions.moments import parse_date
from mlvgit.repo.branches import label, release_branch
from mlvgit.repo.repository import Repository
from tests.conftest import Sandbox


def seconds(*numbers: int) -> int:
    return int(datetime(*numbers, tzinfo=UTC).timestamp())  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-05-01", seconds(2026, 5, 1, 23, 59, 59)),
        ("20260501", seconds(2026, 5, 1, 23, 59, 59)),
        (" 2026-05-01 ", seconds(2026, 5, 1, 23, 59, 59)),
        ("2026-05-01Z", seconds(2026, 5, 1, 23, 59, 59)),
        ("2026-05-01+02:00", seconds(2026, 5, 1, 21, 59, 59)),
        ("2026-05-01T12", seconds(2026, 5, 1, 12)),
        ("2026-05-01T12:30", seconds(2026, 5, 1, 12, 30)),
        ("2026-05-01 12:30:15", seconds(2026, 5, 1, 12, 30, 15)),
        ("2026-05-01T12:30:15.75Z", seconds(2026, 5, 1, 12, 30, 15)),
        ("2026-05-01T00:00Z", seconds(2026, 5, 1)),
        ("2026-05-01 12:30 UTC", seconds(2026, 5, 1, 12, 30)),
        ("2026-05-01T12:30-0500", seconds(2026, 5, 1, 17, 30)),
        ("2026-05-01T12:30:00+05:30", seconds(2026, 5, 1, 7)),
        ("1969-12-31", -1),
        ("2024-02-29", seconds(2024, 2, 29, 23, 59, 59)),
    ],
)
def test_a_date_means_its_last_second_in_UTC_or_the_zone_that_is_given(text: str, wanted: int) -> None:  # noqa: N802
    assert parse_date(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-05",
        "2026-0501",
        "2026-13-01",
        "2026-02-30",
        "2026-05-01T25:00",
        "2026-05-01T12:30+99:00",
        "2026-05-01T12:30 CET",
        "0000-01-01",
        "main",
        "v0.1.0",
        "2026-05-01x",
        "٢٠٢٦-05-01",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_date(text) is None


class TestReleaseBranch:
    def test_without_a_remote_there_is_none(self, repo: Sandbox) -> None:
        repo.commit()

        assert release_branch(Repository.open(repo.path)) is None

    def test_it_is_the_branch_of_the_remotes_HEAD(self, repo: Sandbox) -> None:  # noqa: N802
        repo.commit()
        repo.server()
        repo.branch("trunk")
        repo.commit("Pushed")
        repo.push("origin", "trunk")
        repo.git("remote", "set-head", "origin", "trunk")
        repo.commit("Not pushed")
        opened = Repository.open(repo.path)

        found = release_branch(opened)

        assert found is not None
        assert found.commit == repo.head("origin/trunk")
        assert label(opened, found) == "origin/trunk as last fetched"

    def test_without_a_HEAD_of_the_remote_it_is_main(self, repo: Sandbox) -> None:  # noqa: N802
        repo.commit()
        repo.server()
        repo.git("remote", "set-head", "origin", "--delete")

        found = release_branch(Repository.open(repo.path))

        assert found is not None
        assert found.ref == "refs/remotes/origin/main"

    @pytest.mark.parametrize("name", ["stable", "release/ü"])
    def test_settings_name_another_one(self, repo: Sandbox, name: str) -> None:
        repo.commit()
        repo.server()
        repo.branch(name)
        wanted = repo.commit("Only there")
        repo.push("origin", name)

        found = release_branch(Repository.open(repo.path), name)

        assert found is not None
        assert (found.ref, found.commit) == (f"refs/remotes/origin/{name}", wanted)

    @pytest.mark.parametrize("name", ["main~1", "main^{tree}", "main\n", "--all", "*", "main:x", "@{1}"])
    def test_a_name_is_never_an_expression(self, repo: Sandbox, name: str) -> None:
        repo.commit()
        repo.commit()
        repo.server()

        assert release_branch(Repository.open(repo.path), name) is None

    def test_a_remote_need_not_be_called_origin(self, repo: Sandbox) -> None:
        repo.commit()
        repo.server(remote="upstream")

        found = release_branch(Repository.open(repo.path))

        assert found is not None
        assert found.commit == repo.head()

    def test_a_server_asks_its_own_branches(self, repo: Sandbox) -> None:
        repo.commit()
        server = repo.server()
        opened = Repository.open(server.path)

        found = release_branch(opened)

        assert found is not None
        assert found.commit == repo.head()
        assert label(opened, found) == "main"
        assert release_branch(opened, "main") == ("refs/heads/main", repo.head())
        assert release_branch(opened, "stable") is None
