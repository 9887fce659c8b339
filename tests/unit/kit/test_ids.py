"""Identifiers that sort by time and that no tool takes for a status."""

import re

from codeplan.kit.ids import first_id, instant_in, new_id


def test_ids_sort_by_the_time_they_were_made() -> None:
    made = [new_id("req", instant) for instant in range(1_764_000_000_000, 1_764_000_000_500)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert first_id("req", 1_764_000_000_100) <= made[100]
    assert made[99] < first_id("req", 1_764_000_000_100)


def test_the_instant_in_an_id() -> None:
    assert instant_in(new_id("req", 1_764_000_000_123)) == 1_764_000_000_123
    assert instant_in("req_") is None
    assert instant_in("whatever") is None


def test_ids_have_no_digits() -> None:
    """A tool that finds 429 or 500 anywhere in a refusal, its id included, goes on trying."""
    made = "".join(
        new_id("req", instant) for instant in range(1_764_000_000_000, 1_764_000_005_000)
    )
    assert re.fullmatch("[a-z_]+", made)
