"""Whether calls can be served."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from codeplan.api.answers import answer


async def healthz(_: Request) -> Response:
    """The application is only mounted once its store and upstreams are open."""
    return answer({"status": "ok"})


routes = [Route("/healthz", healthz)]
