"""Where windows begin and end; the days of zones with summer time."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeplan.kit.instants import DAY, HOUR
from codeplan.plan.rates import Hours
from codeplan.plan.rules import Kind, Span, WindowRule

BERLIN = ZoneInfo("Europe/Berlin")
CAIRO = ZoneInfo("Africa/Cairo")


def at(zone: ZoneInfo, *parts: int, fold: int = 0) -> int:
    return round(datetime(*parts, tzinfo=zone, fold=fold).timestamp() * 1000)  # type: ignore[arg-type, misc]  # year, month and so on


def test_a_month_ends_on_its_day() -> None:
    utc = ZoneInfo("UTC")
    month = WindowRule("prompt", 1, "month", 10)
    assert month.bounds(at(utc, 2027, 1, 31, 12), 0)[1] == at(utc, 2027, 2, 28, 12)


def test_a_cycle_of_months_keeps_the_day_of_the_start() -> None:
    utc = ZoneInfo("UTC")
    month = WindowRule("prompt", 1, "month", 10, kind="cycle")
    start = at(utc, 2027, 1, 31, 12)
    assert month.bounds(at(utc, 2027, 3, 1), start) == (
        at(utc, 2027, 2, 28, 12),
        at(utc, 2027, 3, 31, 12),
    )


@pytest.mark.parametrize(("day", "hours"), [((2027, 3, 28), 23), ((2027, 10, 31), 25)])
def test_a_calendar_day_is_as_long_as_the_zones(day: tuple[int, int, int], hours: int) -> None:
    rule = WindowRule("prompt", 1, "day", 10, kind="calendar", zone="Europe/Berlin")
    opened_at, closes_at = rule.bounds(at(BERLIN, *day, 12), 0)
    assert opened_at == at(BERLIN, *day)
    assert closes_at - opened_at == hours * HOUR


def test_a_day_whose_midnight_the_clocks_skip() -> None:
    """In Cairo summer time begins at midnight: 23:59 is followed by 1:00."""
    rule = WindowRule("prompt", 1, "day", 10, kind="calendar", zone="Africa/Cairo")
    opened_at, _ = rule.bounds(at(CAIRO, 2026, 4, 24, 1, 30), 0)
    assert opened_at == at(CAIRO, 2026, 4, 24, 1)
    assert rule.bounds(opened_at - 1, 0)[1] == opened_at


@given(
    st.integers(at(BERLIN, 2026, 1, 1), at(BERLIN, 2028, 1, 1)),
    st.sampled_from(["Europe/Berlin", "America/Havana", "Africa/Cairo", "Australia/Lord_Howe"]),
    st.sampled_from([("hour", 6), ("day", 1), ("week", 1), ("month", 1), ("month", 3)]),
    st.sampled_from(["calendar", "cycle", "sliding", "anchored"]),
)
def test_windows_of_a_rule_follow_each_other(
    now: int, zone: str, length: tuple[Span, int], kind: Kind
) -> None:
    rule = WindowRule("prompt", length[1], length[0], 10, kind=kind, zone=zone)
    started_at = now - 100 * DAY
    opened_at, closes_at = rule.bounds(now, started_at)
    assert opened_at <= now < closes_at
    if kind in ("calendar", "cycle"):
        assert rule.bounds(opened_at, started_at) == (opened_at, closes_at)
        assert rule.bounds(closes_at - 1, started_at) == (opened_at, closes_at)
        assert rule.bounds(closes_at, started_at)[0] == closes_at


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    night = Hours(days=(4,), begin=22 * 60, end=6 * 60, zone="Europe/Berlin", times=0)
    assert night.contain(at(BERLIN, 2026, 8, 7, 23))  # Friday
    assert night.contain(at(BERLIN, 2026, 8, 8, 5, 59))
    assert not night.contain(at(BERLIN, 2026, 8, 8, 6))
    assert not night.contain(at(BERLIN, 2026, 8, 8, 23))
