"""A scripted month of a team of three: no honest step is refused, and every falsification is found."""

from pathlib import Path

import pytest

from bench.month import WEEK, replay


def test_some_days_of_a_team_and_the_same_seed_again(tmp_path: Path) -> None:
    month = replay(tmp_path / "month", seed=12, steps=14, lies=0.3)
    again = replay(tmp_path / "again", seed=12, steps=3, lies=0.3)

    assert month.counts.total() == 14
    assert any(name.startswith("by_") for name in month.counts), "no falsification among them"
    assert again.team.said[:3] == month.team.said[:3]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_month_of_a_team(tmp_path: Path) -> None:
    assert replay(tmp_path / "month", seed=17, steps=4 * WEEK).counts.total() == 4 * WEEK
