"""What the application takes of a request before it is known whose it is: so much of a body, by
the kind of its address, and one key.

Knows no address's meaning; those that take files bound them by themselves, once they know whose
they are.
"""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from codeplan.accounts.keys import keys_in
from codeplan.api.answers import error

# JSON, forms and a payment provider's notifications are far smaller.
MOST_BYTES = 1024 * 1024
_SEVERAL_KEYS = "The call brings several different API keys; send one."


class Edge:
    """The application behind its bounds. ``large``: how many bytes the addresses take that begin
    so; all others, MOST_BYTES."""

    def __init__(self, application: ASGIApp, large: Mapping[str, int]) -> None:
        self._application, self._large = application, large

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if len(keys_in(scope["headers"])) > 1:
            await error(401, "1000", _SEVERAL_KEYS)(scope, receive, send)
            return
        most = self._most_of(scope["path"])
        declared = headers.get(b"content-length", b"")
        if declared.isdigit() and int(declared) > most:
            await error(413, "1210", _too_large(most))(scope, receive, send)
            return
        size = 0

        async def bounded() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > most:
                raise HTTPException(413, _too_large(most))
            return message

        await self._application(scope, bounded, send)

    def _most_of(self, path: str) -> int:
        sizes = (most for start, most in self._large.items() if path.startswith(start))
        return max(sizes, default=MOST_BYTES)


def _too_large(most: int) -> str:
    return f"The request's body is larger than {most} bytes."
