"""The servers at their addresses: who calls is known by the key before anything else is looked
at, and a session belongs to the key that opened it. A server begins with its first call."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any

from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from codeplan.accounts.directory import Accounts
from codeplan.mcp.base import McpServer
from codeplan.mcp.hosts import Hosts
from codeplan.mcp.places import USUAL_LIMITS, SessionLimits
from codeplan.store.rows import KeyHolder
from codeplan.telemetry import log

BASE = "/api/mcp"
_STREAMABLE, _OLDER = "/mcp", "/sse"
# A start that takes longer has failed.
_START_SECONDS = 30.0
_MOST_LOOKED_AT = 64 * 1024
_INTERNAL_ERROR = -32603  # of JSON-RPC
BAD_KEY = "This API key is not valid: it is missing, unknown or revoked."


class McpSite:
    def __init__(
        self,
        servers: Sequence[McpServer],
        accounts: Accounts,
        hosts: Hosts,
        limits: SessionLimits = USUAL_LIMITS,
    ) -> None:
        self.servers = servers
        self._doors = [_Door(server, accounts, hosts, limits) for server in servers]

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

    def __init__(
        self, server: McpServer, accounts: Accounts, hosts: Hosts, limits: SessionLimits
    ) -> None:
        self.server = server
        self._accounts, self._hosts, self._limits = accounts, hosts, limits
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
        try:
            known, serve = await self._started(scope, holder)
        except Exception as failed:  # whatever it is, this call is answered and the next one tries
            why = f"{type(failed).__name__}: {failed}".removesuffix(": ")
            log.error("an MCP server did not start", server=self.server.name, why=why)
            await _not_started(await _id_in(receive))(scope, receive, send)
            return
        await serve(known, receive, send)

    async def _started(self, scope: Scope, holder: KeyHolder) -> tuple[Scope, ASGIApp]:
        """The call with whose it is, and what serves it; the SDK is loaded, and the server begun,
        where this is the first. Raises what stands in the way."""
        from codeplan.mcp.sdk import HOLDER, user_of

        known = {**scope, "user": user_of(holder), HOLDER: holder}
        if scope["path"].endswith(_OLDER):
            return known, self._older
        sessions = await self._sessions()
        return known, sessions.handle_request

    @cached_property
    def _older(self) -> Any:
        from codeplan.mcp.sdk import OlderStream

        path = f"{BASE}/{self.server.name}{_OLDER}"
        return OlderStream(self.server, path, self._limits)

    async def _sessions(self) -> Any:
        """The SDK's, in a task of its own, which the SDK wants to begin and end in. Begun anew
        where the last one did not start, or ended."""
        if self._ready is None or self._serving is None or self._serving.done():
            self._ready = asyncio.get_running_loop().create_future()
            self._serving = asyncio.create_task(self._serve(self._ready))
        serving, ready = self._serving, self._ready
        first = asyncio.FIRST_COMPLETED
        await asyncio.wait((serving, ready), timeout=_START_SECONDS, return_when=first)
        if ready.done():
            return ready.result()
        if not serving.done():
            serving.cancel()
            raise TimeoutError(f"it took longer than {_START_SECONDS:g} seconds")
        serving.result()  # raises why it did not start
        raise RuntimeError("it ended while it started")

    async def _serve(self, ready: asyncio.Future[Any]) -> None:
        from codeplan.mcp.sdk import sessions_of

        sessions = sessions_of(self.server, self._limits)
        async with sessions.run():
            ready.set_result(sessions)
            await asyncio.Event().wait()

    async def close(self) -> None:
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)


async def _id_in(receive: Receive) -> Any:
    """The id of the request in a body, as JSON-RPC answers it; None where it has none."""
    whole = bytearray()
    while len(whole) < _MOST_LOOKED_AT:
        message = await receive()
        whole += message.get("body", b"")
        if not message.get("more_body"):
            break
    try:
        asked = json.loads(whole)
    except (ValueError, RecursionError):
        return None
    found = asked.get("id") if isinstance(asked, dict) else None
    return found if isinstance(found, str | int) else None


def _not_started(request_id: Any) -> JSONResponse:
    why = "This server could not start; its operator's log says why. Nothing was charged."
    error = {"code": _INTERNAL_ERROR, "message": why}
    return JSONResponse({"jsonrpc": "2.0", "id": request_id, "error": error}, 500)


def refusal(
    code: str, why: str, status: int, headers: Sequence[tuple[bytes, bytes]] = ()
) -> JSONResponse:
    """A refusal before the protocol begins, in the shape of the other addresses."""
    told = {name.decode(): value.decode() for name, value in headers}
    return JSONResponse({"error": {"code": code, "message": why}}, status, told)
