"""How this API says things: JSON, and errors in one shape."""

from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from codeplan.accounts.keys import key_in


def answer(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def error(status: int, code: str, message: str) -> Response:
    """``{"error": {"code", "message"}}``."""
    return answer({"error": {"code": code, "message": message}}, status)


async def http_error(request: Request, problem: Exception) -> Response:
    """What no address of the application answers, in this API's shape."""
    assert isinstance(problem, HTTPException)
    return error(
        problem.status_code, "http", f"{request.method} {request.url.path}: {problem.detail}"
    )


def key_of(request: Request) -> str | None:
    """The key of a call, in any of its forms."""
    return key_in({name.lower(): value for name, value in request.headers.raw})
