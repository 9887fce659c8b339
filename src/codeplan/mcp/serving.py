"""The servers at their addresses: who calls is known by the key before anything else is looked
at, and a session belongs to the key that opened it. A server begins with its first call."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any

from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from codeplan.accounts.directory import Accounts
from codeplan.mcp.base import McpServer
from codeplan.mcp.hosts import Hosts

BASE = "/api/mcp"
_STREAMABLE, _OLDER = "/mcp", "/sse"
BAD_KEY = "This API key is not valid: it is missing, unknown or revoked."


class McpSite:
    def __init__(self, servers: Sequence[McpServer], accounts: Accounts, hosts: Hosts) -> None:
        self.servers = servers
        self._doors = [_Door(server, accounts, hosts) for server in servers]

    def routes(self) -> list[BaseRoute]:
        return [
            Route(f"{BASE}/{door.server.name}{ending}", door)
            for door in self._doors
            for ending in (_STREAMABLE, _OLDER)
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sessions that were opened end with it."""
        try:
            yield
        finally:
            for door in self._doors:
                await door.close()


class _Door:
    """In front of one server: the name it is called by, the key, and whose it is."""

    def __init__(self, server: McpServer, accounts: Accounts, hosts: Hosts) -> None:
        self.server = server
        self._accounts, self._hosts = accounts, hosts
        self._serving: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[Any] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = dict(scope["headers"])
        host, origin = (sent.get(name, b"").decode("latin-1") for name in (b"host", b"origin"))
        refused = self._hosts.refusal(host, origin)
        if refused is not None:
            status, why = refused
            await refusal("1220", why, status)(scope, receive, send)
            return
        holder = await self._accounts.holder_in(sent)
        if holder is None:
            headers = ((b"www-authenticate", b"Bearer"),)
            await refusal("1000", BAD_KEY, 401, headers)(scope, receive, send)
            return
        from codeplan.mcp.sdk import HOLDER, user_of

        known = {**scope, "user": user_of(holder), HOLDER: holder}
        if scope["path"].endswith(_OLDER):
            await self._older(known, receive, send)
            return
        sessions = await self._sessions()
        await sessions.handle_request(known, receive, send)

    @cached_property
    def _older(self) -> Any:
        from codeplan.mcp.sdk import OlderStream

        return OlderStream(self.server, f"{BASE}/{self.server.name}{_OLDER}")

    async def _sessions(self) -> Any:
        """The SDK's, in a task of its own, which the SDK wants to begin and end in."""
        if self._ready is None:
            self._ready = asyncio.get_running_loop().create_future()
            self._serving = asyncio.create_task(self._serve(self._ready))
        return await asyncio.shield(self._ready)

    async def _serve(self, ready: asyncio.Future[Any]) -> None:
        from codeplan.mcp.sdk import sessions_of

        sessions = sessions_of(self.server)
        async with sessions.run():
            ready.set_result(sessions)
            await asyncio.Event().wait()

    async def close(self) -> None:
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)


def refusal(
    code: str, why: str, status: int, headers: Sequence[tuple[bytes, bytes]] = ()
) -> JSONResponse:
    """A refusal before the protocol begins, in the shape of the other addresses."""
    told = {name.decode(): value.decode() for name, value in headers}
    return JSONResponse({"error": {"code": code, "message": why}}, status, told)
