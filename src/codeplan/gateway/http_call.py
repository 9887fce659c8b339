"""One call of a connection: its request, as far as it is kept, and its answer, written in order.

Never keeps a large body of somebody unknown, nor more of all bodies than there is room for.
"""

import asyncio
from typing import Any, Protocol

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from codeplan.accounts.devices import nearest
from codeplan.accounts.keys import keys_in
from codeplan.gateway import cors
from codeplan.gateway.caller import Dropped, Headers, OnGone
from codeplan.gateway.edge import MAX_UNKNOWN, Edge
from codeplan.gateway.exchange import Gateway
from codeplan.store.base import StoreFailed

# Its answer has no length (RFC 9110, 8.6).
NO_CONTENT = 204


class Connection(Protocol):
    """The connection that a call came by."""

    gateway: Gateway
    edge: Edge
    transport: asyncio.Transport
    flow: FlowControl
    parser: httptools.HttpRequestParser
    loop: asyncio.AbstractEventLoop
    headers: list[tuple[bytes, bytes]]
    address: str

    def begin(self, call: "Call") -> None: ...

    def on_response_complete(self) -> None: ...


class Call:
    """One call of the connection: a `Caller` for the gateway, a cycle for uvicorn."""

    def __init__(self, door: Connection, path: str, query: str) -> None:
        self._door = door
        # HTTP/1.0 knows no chunks: a stream ends with its connection.
        self._chunks = door.parser.get_http_version() != "1.0"
        self._told: OnGone | None = None
        self.task: asyncio.Task[None] | None = None
        self._streaming = False
        self.method = door.parser.get_method().decode("ascii", "replace")
        self.path, self.query = path, query
        self.headers = dict(door.headers)
        self._from_page = b"origin" in self.headers
        self.keys = keys_in(door.headers, query)
        self.begun = False
        self._body: list[bytes] = []
        self._kept = 0
        self._lookup: asyncio.Task[None] | None = None
        self._known = False
        self.dropped: Dropped = ""
        declared = _declared(self.headers)
        if declared > door.edge.settings.body_bytes:
            self.dropped = "too_large"
        elif declared > MAX_UNKNOWN and len(self.keys) != 1:
            self.dropped = "unknown"
        # What uvicorn looks at.
        self.keep_alive = self._chunks and door.parser.should_keep_alive()
        self.response_complete = False
        self._gone = False

    @property
    def address(self) -> str:
        """Behind a proxy, what the nearest one says; it must put the address last."""
        if self._door.edge.settings.behind_proxy:
            return nearest(self.headers.get(b"x-forwarded-for", b"").decode("latin-1"))
        return self._door.address

    # for uvicorn

    @property
    def message_event(self) -> "Call":
        """What uvicorn sets to wake the cycle: the call itself. No attribute, which would be a
        cycle of references: a finished call goes at once, with its body."""
        return self

    async def run_asgi(self, _app: Any) -> None:
        self.task = self.task or asyncio.current_task()
        try:
            await self._door.gateway.serve(self)
        finally:
            # The task holds this call as its work, so the call lets go of it; and of its body: a
            # kept connection remembers its last call.
            self.task = self._told = None
            self.let_go()
            if not self.response_complete and not self._gone:
                # The answer broke off: the caller must not take it for a whole one.
                self._door.transport.abort()

    def set(self) -> None:
        """uvicorn's wake-up: more bytes, or the connection was lost."""
        if self._gone and self._told is not None:
            told, self._told = self._told, None
            told()

    @property
    def disconnected(self) -> bool:
        return self._gone

    @disconnected.setter
    def disconnected(self, value: bool) -> None:
        self._gone = value

    def take(self, data: bytes) -> None:
        """Keep a piece of the body, if anything of it is kept."""
        if self.dropped:
            return
        self._body.append(data)
        self._kept += len(data)
        if not self._door.edge.keep(len(data)):
            self._drop("no_room")
        elif self._kept > self._door.edge.settings.body_bytes:
            self._drop("too_large")
        elif self._kept > MAX_UNKNOWN and not self._known and self._lookup is None:
            self._door.flow.pause_reading()
            self._lookup = self._door.loop.create_task(self._look_up())

    async def _look_up(self) -> None:
        """A large body is kept for whom we know; anybody else is refused before it has come."""
        try:
            self._known = await self._door.gateway.knows(self.keys)
        except StoreFailed:
            self._known = False  # it is asked again for the refusal
        self._lookup = None
        if not self._known and not self.begun:
            self._drop("unknown")
        self._door.flow.resume_reading()

    def _drop(self, why: Dropped) -> None:
        """Keep nothing of the body, and answer now."""
        self.dropped = why
        self.let_go()
        self._door.begin(self)

    def let_go(self) -> None:
        """The body is needed no more."""
        self._door.edge.let_go(self._kept)
        self._kept, self._body = 0, []

    # for the gateway

    @property
    def gone(self) -> bool:
        return self._gone

    def whole_body(self) -> bytes:
        if len(self._body) != 1:
            self._body = [b"".join(self._body)]
        return self._body[0]

    def replace_body(self, body: bytes) -> None:
        self._door.edge.keep(len(body) - self._kept)
        self._kept, self._body = len(body), [body]

    def on_gone(self, told: OnGone | None) -> None:
        self._told = told

    def stop_serving(self) -> None:
        if self.task is not None:
            self.task.cancel()

    def answer(self, status: int, headers: Headers, body: bytes) -> None:
        if self._gone or self.response_complete:
            return
        if self._streaming:
            # Part of another answer has left: all that remains is to break it off.
            self._door.transport.abort()
            return
        head = self._head(status, headers)
        head.append(b"\r\n" if status == NO_CONTENT else b"content-length: %d\r\n\r\n" % len(body))
        if self.method != "HEAD":
            head.append(body)
        self._door.transport.write(b"".join(head))
        self._complete()

    def start_stream(self, status: int, headers: Headers) -> None:
        if self._gone or self.response_complete:
            return
        self._streaming = True
        head = self._head(status, headers)
        head.append(b"transfer-encoding: chunked\r\n\r\n" if self._chunks else b"\r\n")
        self._door.transport.write(b"".join(head))

    def say(self, data: bytes) -> None:
        if not self._gone:
            self._door.transport.write(self._piece(data))

    @property
    def behind(self) -> bool:
        return self._door.flow.write_paused and not self._gone

    async def flush(self) -> None:
        await self._door.flow.drain()

    def drop(self) -> None:
        self._gone = True
        self._door.transport.abort()

    def end_stream(self, data: bytes) -> None:
        if self._gone or self.response_complete:
            return
        last = self._piece(data) if data else b""
        self._door.transport.write(last + b"0\r\n\r\n" if self._chunks else last)
        self._complete()

    def _piece(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data) if self._chunks else data

    def _head(self, status: int, headers: Headers) -> list[bytes]:
        head = [STATUS_LINE[status]]
        for name, value in (*headers, *cors.ON_ANSWERS) if self._from_page else headers:
            head += [name, b": ", value, b"\r\n"]
        if self.dropped or not self.keep_alive:
            head.append(b"connection: close\r\n")
        return head

    def _complete(self) -> None:
        self.response_complete = True
        if not (self.dropped or self.keep_alive):
            self._door.transport.close()
        self._door.on_response_complete()


def _declared(headers: dict[bytes, bytes]) -> int:
    length = headers.get(b"content-length", b"")
    return int(length) if length.isdigit() else 0
