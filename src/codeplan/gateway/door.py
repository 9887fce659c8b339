"""Brings bytes to the gateway: on uvicorn's port, beside its ASGI application.

The gateway's addresses are served here, without a framework between; every other path goes on to
the application. uvicorn keeps the connections, time-outs and shutdown.
"""

import asyncio
from typing import Any
from urllib.parse import unquote

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from codeplan.accounts.keys import key_in
from codeplan.gateway import cors
from codeplan.gateway.caller import Headers, OnGone
from codeplan.gateway.exchange import Gateway
from codeplan.gateway.paths import is_ours

# Of a body over the limit so much is still read (and dropped), so that its sender gets to read
# the refusal; what goes on beyond is cut off.
DROPPED_BYTES = 256 * 1024 * 1024
# Its answer has no length (RFC 9110, 8.6).
NO_CONTENT = 204


class Door(HttpToolsProtocol):
    """One connection. `door_for` makes the class that knows its gateway."""

    gateway: Gateway
    max_body_bytes: int
    behind_proxy: bool
    # On the loop's clock: since when no call runs; None while one does.
    _idle_since: float | None = None

    def on_message_begin(self) -> None:
        # The application's scope is made only for its own paths.
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_headers_complete(self) -> None:
        raw, _, query = self.url.partition(b"?")
        path = raw.decode("latin-1")
        if "%" in path:
            path = unquote(path)
        if not is_ours(path):
            self._begin_for_application()
            super().on_headers_complete()
            return
        previous = self.cycle
        self._waits = previous is not None and not previous.response_complete
        self.cycle = Call(self, path, query.decode("latin-1"))  # type: ignore[assignment]  # has what uvicorn asks of a cycle
        if self.expect_100_continue and not self.cycle.too_large:  # type: ignore[attr-defined]  # a Call has it
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_response_complete(self) -> None:
        """As uvicorn does, but with one timer a connection instead of one a call."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._wait_for_more(self.timeout_keep_alive)

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since = None

    def _after_silence(self) -> None:
        self.timeout_keep_alive_task = None
        if self.transport.is_closing() or self._idle_since is None:
            return  # a call runs: the timer is set again when it has ended
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._wait_for_more(left)
        else:
            self.transport.close()

    def _wait_for_more(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self._after_silence)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        # A connection and its parser hold each other until the collector comes; not its last call.
        self.cycle = None  # type: ignore[assignment]  # nothing more comes on it
        self.pipeline.clear()

    def _begin_for_application(self) -> None:
        url, expects, headers = self.url, self.expect_100_continue, self.headers
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)

    def on_body(self, body: bytes) -> None:
        if isinstance(self.cycle, Call):
            self.cycle.take(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        call = self.cycle
        if not isinstance(call, Call):
            super().on_message_complete()
        elif self._waits:
            # The answer to the call before it is still under way on this connection.
            self.flow.pause_reading()
            self.pipeline.appendleft((call, self.app))
        else:
            call.task = self.loop.create_task(call.run_asgi(self.app))
            self.tasks.add(call.task)
            call.task.add_done_callback(self.tasks.discard)


class Call:
    """One call of the connection: a `Caller` for the gateway, a cycle for uvicorn."""

    def __init__(self, door: Door, path: str, query: str) -> None:
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
        self._body: list[bytes] = []
        self._size = 0
        # Nobody gets memory without at least claiming to have a key.
        self._limit = door.max_body_bytes if key_in(self.headers, query) else 0
        self.too_large = _declared(self.headers) > self._limit
        # What uvicorn looks at.
        self.keep_alive = self._chunks and door.parser.should_keep_alive()
        self.response_complete = False
        self._gone = False

    @property
    def address(self) -> str:
        """Behind a proxy, what the nearest one says; it must put the address last."""
        if self._door.behind_proxy:
            forwarded = self.headers.get(b"x-forwarded-for", b"").decode("latin-1")
            return forwarded.rpartition(",")[2].strip()
        client = self._door.client
        return client[0] if client else ""

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
            self._body = []
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
        self._size += len(data)
        if self._size > self._limit:
            self.too_large = True
            self._body.clear()
        elif not self.too_large:
            self._body.append(data)
        if self._size > DROPPED_BYTES:
            self._door.transport.abort()

    # for the gateway

    @property
    def gone(self) -> bool:
        return self._gone

    def whole_body(self) -> bytes:
        if len(self._body) != 1:
            self._body = [b"".join(self._body)]
        return self._body[0]

    def replace_body(self, body: bytes) -> None:
        self._body = [body]

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
        if self._gone:
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
        if self._gone:
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
        if not self.keep_alive:
            head.append(b"connection: close\r\n")
        return head

    def _complete(self) -> None:
        self.response_complete = True
        if not self.keep_alive:
            self._door.transport.close()
        self._door.on_response_complete()


def _declared(headers: dict[bytes, bytes]) -> int:
    length = headers.get(b"content-length", b"")
    return int(length) if length.isdigit() else 0


def door_for(
    gateway: Gateway, max_body_bytes: int, behind_proxy: bool = False
) -> type[asyncio.Protocol]:
    """The protocol class to give to uvicorn as its ``http``."""
    bound = {"gateway": gateway, "max_body_bytes": max_body_bytes, "behind_proxy": behind_proxy}
    return type("BoundDoor", (Door,), bound)
