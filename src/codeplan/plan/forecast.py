"""What will become of a window: how fast it is used, when it is used up at that pace, and what
comes back when. A forecast is a straight line through what was used since the window opened."""

import msgspec

from codeplan.kit import instants
from codeplan.plan.windows import WindowView, shown

# A pace over less than this says nothing.
SHORTEST = 10 * instants.MINUTE


class Forecast(msgspec.Struct, frozen=True):
    """``pace``: units an hour since the window opened; None where that is too short to tell.
    ``stops_at``: when nothing is left at that pace; None where it lasts until more comes back.
    ``comes_back``: instants, and the units that come back then, the next first."""

    pace: float | None
    stops_at: int | None
    comes_back: tuple[tuple[int, int | float], ...]


def forecast(view: WindowView, now: int) -> Forecast:
    """Of a window as it stands at that instant."""
    comes_back = tuple((at, shown(units)) for at, units in view.returns)
    if view.opened_at is None or now - view.opened_at < SHORTEST:
        return Forecast(None, None, comes_back)
    taken = view.taken + view.running
    elapsed = now - view.opened_at
    pace = round(taken / 1_000_000 / elapsed * instants.HOUR, 2)
    return Forecast(pace, _stops_at(view, now, taken, elapsed), comes_back)


def _stops_at(view: WindowView, now: int, taken: int, elapsed: int) -> int | None:
    if not taken:
        return None
    stops_at = now + view.room * elapsed // taken
    # Of a sliding window something comes back all the time; its first part is the soonest.
    ends_at = max((at for at, _ in view.returns), default=now)
    return stops_at if stops_at < ends_at else None
