"""Upstreams: which models go where, how they do, and taking one out of service."""

from dataclasses import dataclass

from starlette.exceptions import HTTPException

from codeplan.console.operator.today import UpstreamShown, upstreams_shown
from codeplan.console.page import Answer, Go, Page, Shown, post
from codeplan.console.visits import Visit
from codeplan.upstream.base import UpstreamSettings

_HERE = "/console/operator/upstreams"


@dataclass(frozen=True, slots=True)
class UpstreamRow:
    shown: UpstreamShown
    settings: UpstreamSettings


@dataclass(frozen=True, slots=True)
class RouteShown:
    """``routes``: upstream and the model's name there, in order."""

    model: str
    routes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class UpstreamsPage:
    upstreams: tuple[UpstreamRow, ...]
    routes: tuple[RouteShown, ...]
    promised: float


def pages() -> list[Page]:
    return [
        Page("/operator/upstreams", show, "operator"),
        post("/operator/upstreams/{name}/drain", drain, _HERE, "operator"),
        post("/operator/upstreams/{name}/undrain", undrain, _HERE, "operator"),
    ]


async def show(visit: Visit) -> Answer:
    services = visit.services
    shown = upstreams_shown(visit, await services.reports.today())
    page = UpstreamsPage(
        tuple(UpstreamRow(one, services.router.upstreams[one.name].settings) for one in shown),
        tuple(
            RouteShown(model, tuple((route.upstream, route.model) for route in routes))
            for model, routes in services.router.table.items()
        ),
        services.settings.promised_speed,
    )
    return Shown("operator/upstreams.html", page)


async def drain(visit: Visit) -> Answer:
    await _set(visit, drained=True)
    return Go(_HERE, "drained")


async def undrain(visit: Visit) -> Answer:
    await _set(visit, drained=False)
    return Go(_HERE, "undrained")


async def _set(visit: Visit, drained: bool) -> None:
    name = visit.part("name")
    if name not in visit.services.router.upstreams:
        raise HTTPException(404, visit._("There is no such upstream."))
    await visit.services.drains.set(name, drained, visit.services.clock.now())
