"""A server by the official SDK. This file alone imports it, when the first call comes."""

from collections import OrderedDict
from typing import Any

import mcp_types as types
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.sse import SseServerTransport
from mcp.server.streamable_http import EventStore
from mcp.server.streamable_http_manager import (
    DEFAULT_MAX_SESSIONS,
    StreamableHTTPSessionManager,
)
from mcp.shared.exceptions import MCPError
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from codeplan.mcp.base import ArgumentsInvalid, Caller, McpServer, Tool
from codeplan.mcp.resuming import SaidLately
from codeplan.store.rows import KeyHolder
from codeplan.subscriptions.apart import CallRefused, WorkFailed
from codeplan.telemetry import log

HOLDER = "codeplan.holder"
# Pictures come inside of calls, a third larger than they are.
_MOST_BODY = 16 * 1024 * 1024
# How long a client waits before it comes back for the rest, in milliseconds.
_COMES_BACK = 1000
_VERSION, _SESSION = b"mcp-protocol-version", b"mcp-session-id"


class _Sessions(StreamableHTTPSessionManager):
    """Each session, when it is opened, takes what ``event_store`` gives, and keeps to the version
    that it began with, whatever a later request's header says."""

    def __init__(self, server: Server[Any]) -> None:
        super().__init__(server, max_request_body_size=_MOST_BODY, retry_interval=_COMES_BACK)
        self._versions: OrderedDict[bytes, bytes] = OrderedDict()

    async def handle_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        session, version = headers.get(_SESSION), headers.get(_VERSION)
        if session is not None and version is not None:
            began = self._versions.setdefault(session, version)
            self._versions.move_to_end(session)
            if len(self._versions) > DEFAULT_MAX_SESSIONS:
                self._versions.popitem(last=False)
            if version != began:
                kept = [pair for pair in scope["headers"] if pair[0] != _VERSION]
                scope = {**scope, "headers": [*kept, (_VERSION, began)]}
        await super().handle_request(scope, receive, send)

    @property
    def event_store(self) -> EventStore:
        return SaidLately()

    @event_store.setter
    def event_store(self, _: EventStore | None) -> None:
        """The SDK would have one for all sessions."""


def sessions_of(server: McpServer) -> StreamableHTTPSessionManager:
    return _Sessions(_sdk_server(server))


class OlderStream:
    """The transport before streamable HTTP, for clients that know no other: a GET opens a stream
    on which everything is answered, a POST to the same address says something on it."""

    def __init__(self, server: McpServer, path: str) -> None:
        self._server = _sdk_server(server)
        self._transport = SseServerTransport(path, max_request_body_size=_MOST_BODY)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "GET":
            await self._transport.handle_post_message(scope, receive, send)
            return
        async with self._transport.connect_sse(scope, receive, send) as (heard, said):
            await self._server.run(heard, said, self._server.create_initialization_options())


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
            answer = await tool.work(Caller(holder, context=context), asked.arguments or {})
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
