"""Which upstreams serve a model, in which order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from codeplan.upstream.base import Upstream


@dataclass(frozen=True, slots=True)
class Route:
    """``model`` is the upstream's own name of the model."""

    upstream: str
    model: str


class Router:
    """Knows each model's routes and the opened upstreams."""

    def __init__(
        self, routes: Mapping[str, tuple[Route, ...]], upstreams: Mapping[str, Upstream]
    ) -> None:
        self._routes, self._upstreams = routes, upstreams

    def routes(self, model: str) -> Iterator[tuple[Upstream, str]]:
        """Each upstream to try for the model, and the model's name there; none if unknown."""
        for route in self._routes.get(model, ()):
            yield self._upstreams[route.upstream], route.model
