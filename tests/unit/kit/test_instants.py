"""Instants as people read them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from codeplan.kit.instants import add_months, iso_utc, with_zone


def ms(*parts: int) -> int:
    return round(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type]  # ints


def test_the_form_that_clients_parse_has_its_zone_behind_it() -> None:
    assert with_zone(ms(2026, 11, 24, 12), "Asia/Shanghai") == "2026-11-24 20:00:00 (UTC+08:00)"
    assert with_zone(ms(2026, 11, 24, 12), "America/St_Johns") == (
        "2026-11-24 08:30:00 (UTC-03:30)"
    )


def test_iso() -> None:
    assert iso_utc(ms(2026, 11, 24, 12)) == "2026-11-24T12:00:00Z"
    assert iso_utc(None) is None


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ((2027, 1, 31), 1, (2027, 2, 28)),
        ((2027, 1, 31), 2, (2027, 3, 31)),
        ((2028, 1, 31), 1, (2028, 2, 29)),
        ((2028, 2, 29), 12, (2029, 2, 28)),
        ((2026, 12, 15), 1, (2027, 1, 15)),
        ((2026, 11, 24), 3, (2027, 2, 24)),
    ],
)
def test_months_keep_their_day(
    start: tuple[int, int, int], months: int, end: tuple[int, int, int]
) -> None:
    assert add_months(ms(*start), months) == ms(*end)


def test_months_keep_the_time_of_day_of_their_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = round(datetime(2027, 3, 1, 9, tzinfo=berlin).timestamp() * 1000)
    end = datetime.fromtimestamp(add_months(start, 1, berlin) / 1000, berlin)
    assert (end.month, end.day, end.hour) == (4, 1, 9)
