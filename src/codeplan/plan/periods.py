"""The periods for which plans are sold, and where each ends."""

from collections.abc import Mapping
from typing import Literal
from zoneinfo import ZoneInfo

from codeplan.kit import instants

Period = Literal["month", "quarter", "year"]

PERIOD_MONTHS: Mapping[Period, int] = {"month": 1, "quarter": 3, "year": 12}


def ends_at(anchor: int, begins: int, period: Period, zone: str = "UTC") -> int:
    """A period on from where it begins, counted from the anchor in that zone, so that the day is
    kept: 31 January, 28 February, 31 March."""
    step, months, tz = PERIOD_MONTHS[period], PERIOD_MONTHS[period], ZoneInfo(zone)
    while instants.add_months(anchor, months, tz) <= begins:
        months += step
    return instants.add_months(anchor, months, tz)
