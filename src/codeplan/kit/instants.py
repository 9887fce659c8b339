"""How an instant (epoch milliseconds, UTC) is written for people and programs. Reads no clock."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def at(instant: int, zone: tzinfo) -> datetime:
    """The instant as a date and time of that zone."""
    return datetime.fromtimestamp(instant / 1000, zone)


def iso_utc(instant: int | None) -> str | None:
    """``2026-11-24T12:00:00Z``, or None for no instant."""
    if instant is None:
        return None
    return at(instant, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def with_zone(instant: int, zone_name: str) -> str:
    """``2026-11-24 20:00:00 (UTC+08:00)``: the form that clients parse, with its zone behind it."""
    local = at(instant, ZoneInfo(zone_name))
    offset = local.utcoffset() or timedelta(0)
    sign = "-" if offset < timedelta(0) else "+"
    minutes = abs(int(offset.total_seconds())) // 60
    return f"{local:%Y-%m-%d %H:%M:%S} (UTC{sign}{minutes // 60:02d}:{minutes % 60:02d})"


def add_months(instant: int, months: int, zone: tzinfo = UTC) -> int:
    """The same day and time of day so many months on; the last day of a month that lacks that day.

    Counted from the first instant each time (31 January, 28 February, 31 March), never in a chain.
    """
    start = at(instant, zone)
    index = start.month - 1 + months
    year, month = start.year + index // 12, index % 12 + 1
    first_of_next = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)
    last_day = (first_of_next - timedelta(days=1)).day
    moved = start.replace(year=year, month=month, day=min(start.day, last_day))
    return round(moved.timestamp() * 1000)


def month_bounds(month: str, zone_name: str) -> tuple[int, int]:
    """Where a month such as ``2026-11`` begins in that zone, and where the next one does. Raises
    ValueError."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=ZoneInfo(zone_name))
    after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return round(first.timestamp() * 1000), round(after.timestamp() * 1000)
