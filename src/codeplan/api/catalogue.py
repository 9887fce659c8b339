"""What is public of the catalogue: the coding tools that are known, with what sets them up."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from codeplan.api.answers import answer
from codeplan.clients.base import Client
from codeplan.clients.entry import EntryClient
from codeplan.clients.registry import Clients


def routes(clients: Clients) -> list[Route]:
    async def listed(_: Request) -> Response:
        """Each tool's id, as plans name it, and whether `codeplan connect` sets it up; of those
        that are data, the entry, so that a command of another version can set them up too."""
        return answer({"clients": [_client(client) for client in clients.known]})

    return [Route("/api/clients", listed)]


def _client(client: Client) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": client.id,
        "name": client.name,
        "connect": bool(client.programs),
    }
    if isinstance(client, EntryClient):
        shown["entry"] = msgspec.to_builtins(client.entry)
    return shown
