"""Every page of the console, and the order in which they are looked for."""

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from codeplan.console import entrance, operator, subscriber
from codeplan.console.page import routes_of
from codeplan.console.rendering import STATIC
from codeplan.console.services import ConsoleServices
from codeplan.console.static_files import KeptFiles

_GZIP_FROM = 1000


def console_routes(services: ConsoleServices) -> list[BaseRoute]:
    pages = [*entrance.pages(), *subscriber.pages(), *operator.pages()]
    routes: list[BaseRoute] = [
        Mount("/static", KeptFiles(directory=STATIC)),
        *routes_of(services, pages),
    ]
    packed = [Middleware(GZipMiddleware, minimum_size=_GZIP_FROM)]
    return [Route("/", _home), Mount("/console", routes=routes, middleware=packed)]


async def _home(_: Request) -> Response:
    return RedirectResponse("/console/", 303)
