"""Which upstreams serve a model, in which order, and which of them are asked now."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from codeplan.routing.budget import RetryBudget
from codeplan.routing.failures import broke
from codeplan.routing.rests import Failure, Rests, RouteKey, Standing
from codeplan.upstream.base import (
    Servers,
    Upstream,
    UpstreamAnswer,
    UpstreamCall,
    UpstreamFailed,
)
from codeplan.upstream.reading import read_whole


@dataclass(frozen=True, slots=True)
class Route:
    """``model`` is the upstream's own name of the model."""

    upstream: str
    model: str


class OutOfService(Protocol):
    """Which upstreams get no new calls."""

    @property
    def names(self) -> Collection[str]: ...


@dataclass(slots=True)
class OpenRoute:
    """A route that is asked now, and hears once what came of it. ``trial``: it rested.
    ``hurries``: others serve, so that nobody need wait for this trial."""

    upstream: Upstream
    model: str
    key: RouteKey
    rests: Rests
    trial: bool = False
    hurries: bool = False
    _told: bool = False

    def answered(self) -> None:
        """It served the call, or showed that it can."""
        if not self._told:
            self._told = True
            self.rests.answered(self.key, self.trial)

    def failed(self, failure: Failure) -> None:
        if not self._told:
            self._told = True
            self.rests.failed(self.key, failure, self.trial)

    async def fetch(self, call: UpstreamCall) -> tuple[UpstreamAnswer, bytes]:
        """Ask it for an answer with its whole body. What it is worth, the caller says, but that the
        route is broken is noted. Raises UpstreamFailed."""
        try:
            answer = await self.upstream.send(call)
            try:
                return answer, await read_whole(answer)
            finally:
                answer.close()
        except UpstreamFailed as failed:
            self.failed(broke(failed))
            raise

    def let_go(self) -> None:
        """The call ended before anything could be said of the route."""
        if not self._told and self.trial:
            self.rests.end_trial(self.key)
        self._told = True


class Router:
    """Knows each model's routes and the opened upstreams. A route that rests is passed over; where
    all rest, the one that asked for no rest itself and will be back first is asked all the same. A
    model's only route never rests: nobody else could be asked."""

    def __init__(
        self,
        routes: Mapping[str, tuple[Route, ...]],
        upstreams: Mapping[str, Servers],
        rests: Rests,
        drains: OutOfService | None = None,
    ) -> None:
        self.table, self._upstreams, self._rests = routes, upstreams, rests
        self._drains = drains
        self._budget = RetryBudget()

    @property
    def upstreams(self) -> Mapping[str, Servers]:
        """By name."""
        return self._upstreams

    def routes(self, model: str, affinity: str = "") -> Iterator[OpenRoute]:
        """Each route to try for the model, in order, while the one before failed; none if the model
        is unknown, or if all its routes are out of service, or rest by their own word."""
        self._budget.deposit()
        routes = self._all(model, affinity)
        if len(routes) == 1:
            yield from routes
            return
        asked: set[int] = set()
        for route in routes:
            standing = self._rests.standing(route.key)
            if standing is Standing.RESTS:
                continue
            # Going to another server that serves is free; the rest of second tries is bounded.
            free = standing is Standing.SERVES and route.key.server not in asked
            if asked and not free and not self._budget.withdraw():
                continue
            asked.add(route.key.server)
            if standing is Standing.TRIAL:
                self._rests.begin_trial(route.key)
                route.trial = True
                route.hurries = any(
                    self._rests.standing(one.key) is Standing.SERVES for one in routes
                )
            yield route
        if not asked:
            yield from self._last_resort(routes)

    def back_in(self, model: str) -> float | None:
        """Seconds until the first of the model's routes is back, where all rest; else None."""
        keys = [route.key for route in self._all(model, "")]
        if len(keys) < 2 or any(self._rests.standing(key) is not Standing.RESTS for key in keys):
            return None
        return min(self._rests.left(key) for key in keys)

    def _all(self, model: str, affinity: str) -> list[OpenRoute]:
        drained = self._drains.names if self._drains is not None else ()
        return [
            OpenRoute(server, route.model, RouteKey(id(server), route.model), self._rests)
            for route in self.table.get(model, ())
            if route.upstream not in drained
            for server in self._upstreams[route.upstream].ordered(affinity)
        ]

    def _last_resort(self, routes: list[OpenRoute]) -> Iterator[OpenRoute]:
        silent = [route for route in routes if not self._rests.own_word(route.key)]
        if silent:
            route = min(silent, key=lambda route: self._rests.left(route.key))
            route.trial = True
            yield route
