"""What is public of the catalogue: the coding tools that are known."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from codeplan.api.answers import answer
from codeplan.clients.known import KNOWN


def routes() -> list[Route]:
    async def clients(_: Request) -> Response:
        """Each tool's id, as plans name it, and whether `codeplan connect` sets it up."""
        shown = [
            {"id": client.id, "name": client.name, "connect": bool(client.programs)}
            for client in KNOWN
        ]
        return answer({"clients": shown})

    return [Route("/api/clients", clients)]
