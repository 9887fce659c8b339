"""A server by the official SDK. This file alone imports it, when the first call comes."""

import re
from typing import Any
from urllib.parse import parse_qs

import anyio
import mcp_types as types
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser, AuthorizationContext
from mcp.server.auth.provider import AccessToken
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.sse import SseServerTransport
from mcp.server.streamable_http import EventStore, StreamableHTTPServerTransport
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from codeplan.mcp.base import ArgumentsInvalid, Caller, McpServer, Tool
from codeplan.mcp.places import USUAL_LIMITS, NoPlace, Places, SessionLimits
from codeplan.mcp.resuming import Memory, SaidLately
from codeplan.store.rows import KeyHolder
from codeplan.subscriptions.apart import CallRefused, WorkFailed
from codeplan.telemetry import log

HOLDER = "codeplan.holder"
# Pictures come inside of calls, a third larger than they are.
_MOST_BODY = 16 * 1024 * 1024
# How long a client waits before it comes back for the rest, in milliseconds.
_COMES_BACK = 1000
_VERSION, _SESSION = b"mcp-protocol-version", b"mcp-session-id"
_STREAM_NAME = re.compile(rb"session_id=([0-9a-f]{32})")


class _Sessions(StreamableHTTPSessionManager):
    """Each key has so many sessions at once. Each session, when it is opened, takes what
    ``event_store`` gives, and keeps to the version that it began with, whatever a later request's
    header says."""

    def __init__(self, server: Server[Any], limits: SessionLimits) -> None:
        self._opening = ""
        super().__init__(
            server, max_request_body_size=_MOST_BODY, retry_interval=_COMES_BACK, max_sessions=None
        )
        self._places = Places(limits)
        self._versions: dict[str, bytes] = {}
        self._memories: dict[str, Memory] = {}

    async def handle_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        session, version = headers.get(_SESSION, b"").decode("latin-1"), headers.get(_VERSION)
        if not self._places.has(_owner(scope), session):
            await super().handle_request(scope, receive, send)
            return
        if version is not None and version != self._versions.setdefault(session, version):
            kept = [pair for pair in scope["headers"] if pair[0] != _VERSION]
            scope = {**scope, "headers": [*kept, (_VERSION, self._versions[session])]}
        with self._places.used(session, runs=scope["method"] == "POST"):
            await super().handle_request(scope, receive, send)

    def _admit_session(
        self, requestor: AuthorizationContext | None
    ) -> StreamableHTTPServerTransport | None:
        """The SDK's own step, which it takes under its lock: once there is room. None where calls
        run in each of the key's sessions."""
        assert requestor is not None and self._task_group is not None  # every caller has a key
        self._opening = requestor["client_id"]
        try:
            idlest = self._places.make_room(self._opening)
        except NoPlace:
            return None
        if idlest is not None:
            gone = self._server_instances.pop(idlest)
            self._forget(idlest)
            self._task_group.start_soon(self._discard_session, idlest, gone)
        transport = super()._admit_session(requestor)
        assert transport is not None and transport.mcp_session_id is not None  # it has no limit
        self._places.open(self._opening, transport.mcp_session_id)
        return transport

    async def _discard_session(
        self, session_id: str, transport: StreamableHTTPServerTransport
    ) -> None:
        """The SDK's own step, whatever ended the session."""
        self._forget(session_id)
        await super()._discard_session(session_id, transport)

    def _forget(self, session_id: str) -> None:
        owner = self._places.close(session_id)
        self._versions.pop(session_id, None)
        if owner is not None and not self._places.has_any(owner):
            self._memories.pop(owner, None)

    @property
    def event_store(self) -> EventStore:
        return SaidLately(self._memories.setdefault(self._opening, Memory()))

    @event_store.setter
    def event_store(self, _: EventStore | None) -> None:
        """The SDK would have one for all sessions."""


def sessions_of(
    server: McpServer, limits: SessionLimits = USUAL_LIMITS
) -> StreamableHTTPSessionManager:
    return _Sessions(_sdk_server(server), limits)


class OlderStream:
    """The transport before streamable HTTP, for clients that know no other: a GET opens a stream
    on which everything is answered, a POST to the same address says something on it. Each key has
    so many streams at once; the idlest ends when another one is opened."""

    def __init__(self, server: McpServer, path: str, limits: SessionLimits) -> None:
        self._server = _sdk_server(server)
        self._transport = SseServerTransport(path, max_request_body_size=_MOST_BODY)
        self._places = Places(limits)
        self._streams: dict[str, anyio.CancelScope] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "GET":
            await self._listen(scope, receive, send)
            return
        (name,) = parse_qs(scope["query_string"].decode("latin-1")).get("session_id", [""])[:1]
        if not self._places.has(_owner(scope), name):
            await self._transport.handle_post_message(scope, receive, send)
            return
        with self._places.used(name, runs=False):
            await self._transport.handle_post_message(scope, receive, send)

    async def _listen(self, scope: Scope, receive: Receive, send: Send) -> None:
        owner, opened = _owner(scope), ""
        idlest = self._places.make_room(owner)
        if idlest is not None:
            self._places.close(idlest)
            self._streams.pop(idlest).cancel()
        stream = anyio.CancelScope()

        async def heard(message: Message) -> None:
            """The first piece tells where to speak, and so the session's name."""
            nonlocal opened
            named = _STREAM_NAME.search(message.get("body", b"")) if not opened else None
            if named is not None:
                opened = named[1].decode()
                self._places.open(owner, opened)
                self._streams[opened] = stream
            await send(message)

        try:
            with stream:
                async with self._transport.connect_sse(scope, receive, heard) as (said, told):
                    options = self._server.create_initialization_options()
                    await self._server.run(said, told, options)
            if stream.cancelled_caught:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._places.close(opened)
            self._streams.pop(opened, None)


def _owner(scope: Scope) -> str:
    """The key's id."""
    holder: KeyHolder = scope[HOLDER]
    return holder.key.id


def user_of(holder: KeyHolder) -> AuthenticatedUser:
    """By whom the SDK knows a session's owner: the key."""
    return AuthenticatedUser(AccessToken(token=holder.key.id, client_id=holder.key.id, scopes=[]))


def _sdk_server(server: McpServer) -> Server[Any]:
    tools = {tool.name: tool for tool in server.tools}
    listed = types.ListToolsResult(tools=[_listed(tool) for tool in server.tools])

    async def list_tools(_: ServerRequestContext[Any, Any], __: Any) -> types.ListToolsResult:
        return listed

    async def call_tool(
        context: ServerRequestContext[Any, Any], asked: types.CallToolRequestParams
    ) -> types.CallToolResult:
        tool = tools.get(asked.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"There is no tool {asked.name!r} here.")
        request: Request | None = context.request
        assert request is not None  # the servers are reached by HTTP only
        holder: KeyHolder = request.scope[HOLDER]
        try:
            answer = await tool.call(Caller(holder, context=context), asked.arguments or {})
            if isinstance(answer, str):
                return _said(answer)
            return types.CallToolResult(content=list(answer))
        except (ArgumentsInvalid, CallRefused, WorkFailed) as problem:
            return _said(str(problem), failed=True)
        except Exception:
            log.exception("an MCP tool broke", server=server.name, tool=tool.name)
            return _said("Something broke on our side. Nothing was charged.", failed=True)

    made = Server(
        server.name,
        version="1",
        title=server.title,
        instructions=server.about,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    if server.logs:
        made.add_request_handler("logging/setLevel", types.SetLevelRequestParams, _set_level)
    return made


async def _set_level(_: ServerRequestContext[Any, Any], __: Any) -> types.EmptyResult:
    """Everything is told; a client that wants less does not show the rest."""
    return types.EmptyResult()


def _listed(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name, title=tool.title, description=tool.about, input_schema=dict(tool.schema)
    )


def _said(text: str, failed: bool = False) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)], is_error=failed
    )
