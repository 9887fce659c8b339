"""Charts as values: rows over time with a column for each series. The page shows them as a table, a
script draws them."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from codeplan.kit.instants import HOUR, at
from codeplan.store.rows import Use

# What is beyond the largest so many is one series of its own.
_MOST_SERIES = 5


@dataclass(frozen=True, slots=True)
class Row:
    """``at``: the instant at which the step begins."""

    at: int
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """``kind``: bars, stacked, or lines."""

    title: str
    names: tuple[str, ...]
    rows: tuple[Row, ...]
    kind: str = "bars"


def steps_of(now: int, days: int, zone: ZoneInfo) -> list[int]:
    """Where the steps begin: hours of one day, or whole days of the zone up to today."""
    if days <= 1:
        last = now - now % HOUR
        return [last - HOUR * back for back in range(23, -1, -1)]
    today = at(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    begins = [
        (today - timedelta(days=back)).replace(hour=0).timestamp()
        for back in range(days - 1, -1, -1)
    ]
    return [round(one * 1000) for one in begins]


def over_time(
    title: str,
    uses: Iterable[Use],
    steps: Sequence[int],
    name: Callable[[Use], str],
    measure: Callable[[Use], int],
    others: str,
) -> Chart:
    """Stacked by name, the largest first."""
    sums: dict[str, list[int]] = {}
    for use in uses:
        place = bisect_right(steps, use.starts_at) - 1
        if place >= 0:
            column = sums.setdefault(name(use), [0] * len(steps))
            column[place] += measure(use)
    ranked = sorted(sums, key=lambda one: (-sum(sums[one]), one))
    if len(ranked) > _MOST_SERIES + 1:
        rest = [sums.pop(one) for one in ranked[_MOST_SERIES:]]
        ranked = [*ranked[:_MOST_SERIES], others]
        sums[others] = [sum(column) for column in zip(*rest, strict=True)]
    rows = tuple(
        Row(begins, tuple(sums[one][place] for one in ranked)) for place, begins in enumerate(steps)
    )
    return Chart(title, tuple(ranked), rows if ranked else ())
