"""The search and the reader by plain HTTP, for programs that speak no MCP: `POST
/api/paas/v4/web_search` and `/api/paas/v4/reader`, in the shapes that GLM's have. They are the same
tools, and a call counts as one of the plan's MCP calls."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from codeplan.accounts.directory import Accounts
from codeplan.kit.clock import Clock
from codeplan.kit.ids import new_id
from codeplan.mcp.base import ArgumentsInvalid, Caller, McpServer, Tool
from codeplan.mcp.serving import BAD_KEY, refusal
from codeplan.subscriptions.apart import CallRefused, WorkFailed
from codeplan.telemetry import log

BASE = "/api/paas/v4"
_MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Plain:
    """An address: which tool serves it, and how its answer is dressed."""

    path: str
    tool: Tool
    dressed: Callable[[Any], dict[str, Any]]


def plain_addresses(search: McpServer, reader: McpServer) -> tuple[Plain, ...]:
    return (
        Plain(f"{BASE}/web_search", search.tools[0], lambda hits: {"search_result": hits}),
        Plain(
            f"{BASE}/reader",
            reader.tools[0],
            lambda page: {"model": "reader", "reader_result": page},
        ),
    )


class PlainDoor:
    def __init__(self, addresses: tuple[Plain, ...], accounts: Accounts, clock: Clock) -> None:
        self._addresses = {one.path: one for one in addresses}
        self._accounts, self._clock = accounts, clock

    def routes(self) -> list[Route]:
        return [Route(path, self._serve, methods=["POST"]) for path in self._addresses]

    async def _serve(self, request: Request) -> Response:
        holder = await self._accounts.holder_in(dict(request.headers.raw))
        if holder is None:
            return refusal("1000", BAD_KEY, 401)
        address = self._addresses[request.url.path]
        try:
            arguments = await _arguments(request)
            text = await address.tool.call(Caller(holder), arguments)
        except ArgumentsInvalid as invalid:
            return refusal("1210", f"The request is not valid: {invalid}", 400)
        except CallRefused as refused:
            return refusal(refused.code, str(refused), refused.status, refused.limits)
        except WorkFailed as failed:
            return refusal(failed.code, f"{failed} Nothing was charged.", failed.status)
        except Exception:
            log.exception("a tool broke", tool=address.tool.name)
            return refusal("1200", "Something broke on our side. Nothing was charged.", 500)
        assert isinstance(text, str)  # these tools answer in JSON
        now = self._clock.now()
        answer = {"id": new_id("req", now), "created": now // 1000}
        if isinstance(asked := arguments.get("request_id"), str):
            # Half a character is JSON, and no UTF-8.
            answer["request_id"] = asked[:64].encode("utf-8", "replace").decode()
        return JSONResponse({**answer, **address.dressed(json.loads(text))})


async def _arguments(request: Request) -> dict[str, Any]:
    """Raises ArgumentsInvalid."""
    whole = bytearray()
    async for piece in request.stream():
        whole += piece
        if len(whole) > _MOST_BYTES:
            raise ArgumentsInvalid(f"the body is larger than {_MOST_BYTES} bytes")
    try:
        found = json.loads(whole)
    except ValueError:
        raise ArgumentsInvalid("the body is not JSON") from None
    if not isinstance(found, dict):
        raise ArgumentsInvalid("expected a JSON object")
    return found
