"""Which upstreams serve a model, in which order."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from codeplan.upstream.base import Upstream


@dataclass(frozen=True, slots=True)
class Route:
    """``model`` is the upstream's own name of the model."""

    upstream: str
    model: str


class OutOfService(Protocol):
    """Which upstreams get no new calls."""

    @property
    def names(self) -> Collection[str]: ...


class Router:
    """Knows each model's routes and the opened upstreams."""

    def __init__(
        self,
        routes: Mapping[str, tuple[Route, ...]],
        upstreams: Mapping[str, Upstream],
        drains: OutOfService | None = None,
    ) -> None:
        self.table, self._upstreams = routes, upstreams
        self._drains = drains

    @property
    def upstreams(self) -> Mapping[str, Upstream]:
        """By name."""
        return self._upstreams

    def routes(self, model: str) -> Iterator[tuple[Upstream, str]]:
        """Each upstream to try for the model, and the model's name there; none if unknown, or if
        all are out of service."""
        drained = self._drains.names if self._drains is not None else ()
        for route in self.table.get(model, ()):
            if route.upstream not in drained:
                yield self._upstreams[route.upstream], route.model
