"""A server by the official SDK. This file alone imports it, when the first call comes."""

from typing import Any

import mcp_types as types
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.sse import SseServerTransport
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from codeplan.mcp.base import ArgumentsInvalid, Caller, McpServer, Tool
from codeplan.store.rows import KeyHolder
from codeplan.subscriptions.mcp_calls import McpFailed, McpRefused
from codeplan.telemetry import log

HOLDER = "codeplan.holder"


def sessions_of(server: McpServer) -> StreamableHTTPSessionManager:
    return StreamableHTTPSessionManager(_sdk_server(server))


class OlderStream:
    """The transport before streamable HTTP, for clients that know no other: a GET opens a stream
    on which everything is answered, a POST to the same address says something on it."""

    def __init__(self, server: McpServer, path: str) -> None:
        self._server, self._transport = _sdk_server(server), SseServerTransport(path)

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
            return _said(f"There is no tool {asked.name!r} here.", failed=True)
        request: Request | None = context.request
        assert request is not None  # the servers are reached by HTTP only
        holder: KeyHolder = request.scope[HOLDER]
        try:
            return _said(await tool.work(Caller(holder), asked.arguments or {}))
        except (ArgumentsInvalid, McpRefused, McpFailed) as problem:
            return _said(str(problem), failed=True)
        except Exception:
            log.exception("an MCP tool broke", server=server.name, tool=tool.name)
            return _said("Something broke on our side. Nothing was charged.", failed=True)

    return Server(
        server.name,
        version="1",
        title=server.title,
        instructions=server.about,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _listed(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name, title=tool.title, description=tool.about, input_schema=dict(tool.schema)
    )


def _said(text: str, failed: bool = False) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)], is_error=failed
    )
