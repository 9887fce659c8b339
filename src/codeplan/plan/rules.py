"""Window rules: so many units in so much time, and when each window begins and ends.

Four kinds. ``anchored`` opens with the first unit used. ``cycle`` runs end to end from the
subscription's start. ``calendar`` follows the days, weeks and months of a zone. ``sliding`` gives
each unit back a span after it was used, in slices: a unit comes back a span after the end of the
slice in which it was used, so never early, and late by at most a sixtieth of the span.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from codeplan.kit import instants

Span = Literal["hour", "day", "week", "month"]
# mcp: a call of one of the plan's MCP servers.
# use: of a benefit.
# money: minor units of a currency, which no plan counts.
Unit = Literal["prompt", "call", "token", "credit", "mcp", "use", "money"]
# Of these each call is one, whatever it reads and answers.
ONE_A_CALL: frozenset[Unit] = frozenset(("call", "mcp", "use"))
Kind = Literal["anchored", "cycle", "calendar", "sliding"]
Scope = Literal["plan", "member", "key"]

# Everything that is counted is counted in millionths of its unit.
ONE = 1_000_000
SLICES = 60
_FIXED: Mapping[str, int] = {
    "hour": instants.HOUR,
    "day": instants.DAY,
    "week": 7 * instants.DAY,
    "month": 30 * instants.DAY,
}


@dataclass(frozen=True, slots=True)
class WindowRule:
    """``limit`` whole units in ``number`` spans. ``scope``: whether the whole plan shares it, or
    each member or key has its own. ``zone`` is a calendar's."""

    unit: Unit
    number: int
    span: Span
    limit: int
    kind: Kind = "anchored"
    scope: Scope = "plan"
    zone: str = "UTC"

    @property
    def name(self) -> str:
        """The rule's name inside its plan: ``5hour``, ``1week``, ``5hour:credit``, ``1day:key``.

        It says what is counted and over how long, so a rule that changes its limit or its kind
        goes on from what was used under it.
        """
        unit = "" if self.unit == "prompt" else f":{self.unit}"
        scope = "" if self.scope == "plan" else f":{self.scope}"
        return f"{self.number}{self.span}{unit}{scope}"

    @property
    def words(self) -> str:
        """``5 hour``: as the refusal that clients parse writes it."""
        return f"{self.number} {self.span}"

    @property
    def weighs_one(self) -> bool:
        """Whether each call is one unit, whatever it reads and answers."""
        return self.unit in ONE_A_CALL

    @property
    def counts_calls(self) -> bool:
        """Whether each call is counted, and not each prompt."""
        return self.unit != "prompt"

    def bounds(self, now: int, started_at: int) -> tuple[int, int]:
        """Where a window into which a unit used now falls begins and ends.

        ``started_at``: the subscription's start.
        """
        match self.kind:
            case "calendar":
                return self._calendar(now)
            case "cycle":
                return self._cycle(now, started_at)
            case "sliding":
                grain = self.grain
                opened_at = now - now % grain
                return opened_at, self._after(opened_at + grain)
        return now, self._after(now)

    def takes_until(self, opened_at: int, closes_at: int) -> int:
        """Until when units are put into a window that is open."""
        return min(closes_at, opened_at + self.grain) if self.kind == "sliding" else closes_at

    @property
    def length(self) -> int:
        """Its span in milliseconds; a month as thirty days."""
        return self.number * _FIXED[self.span]

    @property
    def grain(self) -> int:
        """A sliding window's slice, in milliseconds."""
        return self.length // SLICES

    def _after(self, instant: int) -> int:
        if self.span == "month":
            return instants.add_months(instant, self.number)
        return instant + self.number * _FIXED[self.span]

    def _cycle(self, now: int, started_at: int) -> tuple[int, int]:
        turn = max(0, now - started_at) // (self.number * _FIXED[self.span])
        if self.span != "month":
            length = self.number * _FIXED[self.span]
            opened_at = started_at + turn * length
            return opened_at, opened_at + length
        # Thirty days fit into most months, so the first guess is at or past the one looked for.
        turn += 1
        while turn and instants.add_months(started_at, turn * self.number) > now:
            turn -= 1
        return (
            instants.add_months(started_at, turn * self.number),
            instants.add_months(started_at, (turn + 1) * self.number),
        )

    def _calendar(self, now: int) -> tuple[int, int]:
        """In the zone's own days: one may last 23 or 25 hours."""
        zone = ZoneInfo(self.zone)
        local = instants.at(now, zone).replace(tzinfo=None, fold=0)
        day = local.replace(hour=0, minute=0, second=0, microsecond=0)
        match self.span:
            case "hour":
                start = day + timedelta(hours=local.hour - local.hour % self.number)
                end = start + timedelta(hours=self.number)
            case "day":
                start, end = day, day + timedelta(days=1)
            case "week":
                start = day - timedelta(days=day.weekday())
                end = start + timedelta(days=7)
            case "month":
                index = day.year * 12 + day.month - 1
                index -= index % self.number
                start, end = _month(index), _month(index + self.number)
        return _instant(start, zone), _instant(end, zone)


def _month(index: int) -> datetime:
    return datetime(index // 12, index % 12 + 1, 1)  # noqa: DTZ001  # a zone's own wall clock


def _instant(wall: datetime, zone: ZoneInfo) -> int:
    """The first instant at which that zone's clocks show this time, or have just skipped it."""
    return round(wall.replace(tzinfo=zone, fold=0).timestamp() * 1000)
