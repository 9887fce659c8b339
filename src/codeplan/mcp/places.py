"""Who has which session, so that no key takes another's place: a key has so many at once, and when
it opens one more, its idlest goes. Knows no session, only whose it is and when it was used."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """``a_key``: of one key, at one server, by one transport. ``all_keys``: of all together; beyond
    that the key that has most gives one up."""

    a_key: int = 32
    all_keys: int = 10_000


USUAL_LIMITS = SessionLimits()


class NoPlace(Exception):
    """Calls run in every session that could go."""


@dataclass(slots=True)
class _Place:
    owner: str
    running: int = 0


class Places:
    """Sessions by their names, each owner's in order of their last use."""

    def __init__(self, limits: SessionLimits) -> None:
        self._limits = limits
        self._places: dict[str, _Place] = {}
        self._of: dict[str, OrderedDict[str, None]] = {}

    def make_room(self, owner: str) -> str | None:
        """The session that must go before the owner opens another one; None where there is room.
        Raises NoPlace."""
        if len(self._of.get(owner, ())) >= self._limits.a_key:
            return self._idlest(owner)
        if len(self._places) >= self._limits.all_keys:
            return self._idlest(max(self._of, key=lambda name: len(self._of[name])))
        return None

    def open(self, owner: str, name: str) -> None:
        self._places[name] = _Place(owner)
        self._of.setdefault(owner, OrderedDict())[name] = None

    def close(self, name: str) -> str | None:
        """Whose it was; None where it is closed already."""
        place = self._places.pop(name, None)
        if place is None:
            return None
        mine = self._of[place.owner]
        del mine[name]
        if not mine:
            del self._of[place.owner]
        return place.owner

    def has_any(self, owner: str) -> bool:
        return owner in self._of

    def has(self, owner: str, name: str) -> bool:
        place = self._places.get(name)
        return place is not None and place.owner == owner

    @contextmanager
    def used(self, name: str, runs: bool) -> Iterator[None]:
        """While a request of the session is served. ``runs``: it is a call, during which the
        session does not go; a stream that only listens does not keep it."""
        place = self._places[name]
        self._of[place.owner].move_to_end(name)
        place.running += runs
        try:
            yield
        finally:
            place.running -= runs

    def _idlest(self, owner: str) -> str:
        for name in self._of[owner]:
            if not self._places[name].running:
                return name
        raise NoPlace
