"""What the application takes of a request before it is known whose it is: so much of a body, by
the kind of its address, and one key.

Those that take files bound them by themselves, once they know whose they are.
"""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from codeplan.accounts.keys import keys_in
from codeplan.api.answers import error

# JSON, forms and a payment provider's notifications are far smaller.
MOST_BYTES = 1024 * 1024
_TAKE_FILES = ("/api/mcp/", "/api/paas/v4/audio/", "/console/benefits/voice/hear")
# A form's own lines around its file.
_FORM_BYTES = 64 * 1024
_SEVERAL_KEYS = "The call brings several different API keys; send one."


class Edge:
    """The application behind its bounds. ``file_bytes``: of the files that some addresses take."""

    def __init__(self, application: ASGIApp, *file_bytes: int) -> None:
        self._application, self._most_of_files = application, max(file_bytes) + _FORM_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if len(keys_in(scope["headers"])) > 1:
            await error(401, "1000", _SEVERAL_KEYS)(scope, receive, send)
            return
        takes_files = scope["path"].startswith(_TAKE_FILES)
        most = self._most_of_files if takes_files else MOST_BYTES
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


def _too_large(most: int) -> str:
    return f"The request's body is larger than {most} bytes."
