"""What use weighs: a model's multiplier by the hour, and credits by the class of token."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from codeplan.kit import instants
from codeplan.plan.rules import ONE


@dataclass(frozen=True, slots=True)
class Hours:
    """A multiplier for some hours of a zone. ``days``: 0 is Monday. ``begin`` and ``end`` in
    minutes of the day; an end at or before the begin lies on the next day. ``times`` in millionths.
    """

    days: tuple[int, ...]
    begin: int
    end: int
    zone: str
    times: int

    def contain(self, instant: int) -> bool:
        local = instants.at(instant, ZoneInfo(self.zone))
        minute = local.hour * 60 + local.minute
        if self.begin < self.end:
            return local.weekday() in self.days and self.begin <= minute < self.end
        return self._began_today(local, minute) or self._began_yesterday(local, minute)

    def _began_today(self, local: datetime, minute: int) -> bool:
        return local.weekday() in self.days and minute >= self.begin

    def _began_yesterday(self, local: datetime, minute: int) -> bool:
        return (local.weekday() - 1) % 7 in self.days and minute < self.end


@dataclass(frozen=True, slots=True)
class Rate:
    """``models``: ids that it is for; none for all. ``times``: what a prompt or a credit counts,
    in millionths, where no ``hours`` say otherwise. The classes: credits for a million tokens, in
    millionths of a credit for one token, which is the same number."""

    models: tuple[str, ...] = ()
    times: int = ONE
    hours: tuple[Hours, ...] = ()
    input: int = ONE
    cached: int = ONE
    cache_write: int = ONE
    output: int = ONE

    def times_at(self, instant: int) -> int:
        """The multiplier at that instant, in millionths."""
        for hours in self.hours:
            if hours.contain(instant):
                return hours.times
        return self.times
