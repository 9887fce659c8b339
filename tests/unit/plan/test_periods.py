"""Where periods end: on the day on which they began, also where a month or an hour has none."""

from datetime import datetime
from itertools import pairwise

import pytest

from codeplan.plan.periods import PERIOD_MONTHS, Period, ends_at

BERLIN = "Europe/Berlin"


def instant(text: str) -> int:
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


@pytest.mark.parametrize(
    ("period", "ends"),
    [
        ("month", ["2027-01-31T11:00Z", "2027-02-28T11:00Z", "2027-03-31T10:00Z",
                   "2027-04-30T10:00Z"]),
        ("year", ["2028-02-29T11:00Z", "2029-02-28T11:00Z", "2030-02-28T11:00Z",
                  "2031-02-28T11:00Z", "2032-02-29T11:00Z"]),
        # Half past two is not there when the clocks go forwards.
        ("month", ["2027-02-28T01:30Z", "2027-03-28T01:30Z", "2027-04-28T00:30Z"]),
        # And is there twice when they go back: the first of them.
        ("month", ["2027-09-30T00:30Z", "2027-10-30T00:30Z", "2027-11-30T01:30Z"]),
    ],
)  # fmt: skip
def test_periods_keep_their_day_and_hour(period: Period, ends: list[str]) -> None:
    anchor = instant(ends[0])
    for begins, end in pairwise(ends):
        assert ends_at(anchor, instant(begins), period, BERLIN) == instant(end)
    assert PERIOD_MONTHS[period] in (1, 12)
