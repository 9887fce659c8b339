"""Which routes rest. One that is known to be away is not asked: calls go to the next one at once,
and when its rest is over one call tries it.

Away at once: nobody there, silence, and a limit, which rests for as long as the upstream says. By
rate: whatever an upstream may also answer now and then, such as 500. Each trial that fails doubles
the rest.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

# Failures among the newest calls that make a route rest; a call's weight falls by a tenth with each
# later one, and to a third within a minute.
FAILING_SHARE = 0.5
_WEIGHT_KEPT = 0.9
_FORGOTTEN_SECONDS = 60.0
# The weight of three calls, of which failures inside of answers must be so many.
_SEVERAL = 2.5
# An upstream's own word is obeyed for no longer: somebody may have lifted its limit.
OWN_WORD_SECONDS = 600.0


class RouteKey(NamedTuple):
    """A server, by its place in memory, and a model of it: limits and errors are a model's."""

    server: int
    model: str


class Standing(Enum):
    SERVES = "serves"
    TRIAL = "trial"  # its rest is over: one call tries it
    RESTS = "rests"


@dataclass(frozen=True, slots=True)
class Failure:
    """``away``: it is known to serve nobody now. ``inside``: an answer had begun, and failed; one
    alone says little of the next. ``own_seconds``: when to come again, in the upstream's own words;
    None where it said nothing."""

    why: str
    away: bool = False
    inside: bool = False
    own_seconds: float | None = None


@dataclass(slots=True)
class _State:
    """``until``: of the rest, by the clock of `Rests`; ``own_word``: the upstream asked for it.
    ``rests``: how many in a row. ``trial``: a call tries it now."""

    asked: float = 0.0
    failed: float = 0.0
    noted_at: float = 0.0
    until: float = 0.0
    own_word: bool = False
    rests: int = 0
    trial: bool = False


@dataclass(frozen=True, slots=True)
class RestSettings:
    """``first_seconds``: the first rest's length, which doubles up to ``longest_seconds``."""

    first_seconds: float = 5.0
    longest_seconds: float = 120.0


class Rests:
    """Held in this process: each node finds out for itself. ``now``: seconds of a clock that only
    goes forward."""

    def __init__(self, settings: RestSettings, now: Callable[[], float]) -> None:
        self._settings, self._now = settings, now
        self._states: dict[RouteKey, _State] = {}

    def standing(self, route: RouteKey) -> Standing:
        state = self._states.get(route)
        if state is None or not state.rests:
            return Standing.SERVES
        return Standing.RESTS if state.trial or self._now() < state.until else Standing.TRIAL

    def left(self, route: RouteKey) -> float:
        """Seconds of its rest that are left."""
        state = self._states.get(route)
        return max(0.0, state.until - self._now()) if state is not None else 0.0

    def own_word(self, route: RouteKey) -> bool:
        """Whether it rests because its upstream asked for it."""
        state = self._states.get(route)
        return state is not None and state.own_word

    def begin_trial(self, route: RouteKey) -> None:
        self._states[route].trial = True

    def end_trial(self, route: RouteKey) -> None:
        """Nothing came of it either way: the next call may try."""
        self._states[route].trial = False

    def answered(self, route: RouteKey, trial: bool) -> None:
        state = self._states.setdefault(route, _State())
        self._note(state, failed=False)
        if trial:
            self._states[route] = _State(asked=1.0, noted_at=state.noted_at)

    def failed(self, route: RouteKey, failure: Failure, trial: bool) -> None:
        state = self._states.setdefault(route, _State())
        self._note(state, failed=True)
        if not trial and state.rests:
            # It was asked before its rest began, or since nothing else was left.
            self._obey(state, failure)
            return
        state.trial = False
        if trial or failure.away or self._fails(state, failure):
            state.rests += 1
            first, longest = self._settings.first_seconds, self._settings.longest_seconds
            state.until = self._now() + min(first * 2 ** min(state.rests - 1, 30), longest)
            state.own_word = False
            self._obey(state, failure)

    def _fails(self, state: _State, failure: Failure) -> bool:
        enough = state.asked >= _SEVERAL or not failure.inside
        return enough and state.failed >= FAILING_SHARE * state.asked

    def _obey(self, state: _State, failure: Failure) -> None:
        if failure.own_seconds is not None:
            seconds = min(max(failure.own_seconds, 1.0), OWN_WORD_SECONDS)
            state.until = self._now() + seconds
            state.own_word = True

    def _note(self, state: _State, failed: bool) -> None:
        now = self._now()
        kept = _WEIGHT_KEPT * math.exp((state.noted_at - now) / _FORGOTTEN_SECONDS)
        state.asked = state.asked * kept + 1
        state.failed = state.failed * kept + failed
        state.noted_at = now
