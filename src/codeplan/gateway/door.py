"""Brings bytes to the gateway: on uvicorn's port, beside its ASGI application.

The gateway's addresses are served here, without a framework between; every other path goes on to
the application. uvicorn keeps the connections, time-outs and shutdown.
"""

import asyncio
from enum import Enum, auto
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from codeplan.gateway.edge import MAX_FIELDS, MAX_HEAD, MAX_URL, SLOWEST, Edge
from codeplan.gateway.exchange import Gateway
from codeplan.gateway.http_call import Call
from codeplan.gateway.paths import is_ours

# Of a body that is not kept so much is still read, so that its sender gets to read the refusal;
# what goes on beyond is cut off.
DROPPED_BYTES = 64 * 1024 * 1024
_BUSY = (503, "There are too many connections. Try again in a moment.")
_HEAD_TOO_LARGE = (431, "The request's head is too large: 100 fields and 64 KB are taken.")
_URL_TOO_LONG = (414, "The address is too long: 8 KB are taken.")
_NO_HTTP = (400, "This is not HTTP/1.1 as it can be read.")
_TOO_SLOW = (408, "The request did not come whole in time.")


class _TooMuch(Exception):
    """Raised at the parser, which ends with it."""


class _Part(Enum):
    """What comes next on a connection."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()


class Door(HttpToolsProtocol):
    """One connection. `door_for` makes the class that knows its gateway."""

    gateway: Gateway
    edge: Edge
    # On the loop's clock: since when no call runs; None while one does.
    _idle_since: float | None = None
    # Of the request that comes: which part, since when, and how much of it.
    _part = _Part.HEAD
    _since = 0.0
    _size = _fields = 0
    _refusal = _NO_HTTP
    # The request that comes waits for the answer to the one before it.
    _waits = False
    # It was answered before it was whole: the rest is dropped.
    _answered = False
    address = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        self._since = self.loop.time()
        if self.edge.opened(self.address):
            self.edge.watch(self)
        else:
            self._refuse(_BUSY, b"retry-after: 2\r\n")

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._part is not _Part.BODY:
            self._size += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # no other protocol is spoken here
        except httptools.HttpParserError:
            self._refuse(self._refusal)
            return
        if self._part is _Part.HEAD and self._size > MAX_HEAD:
            self._refuse(_HEAD_TOO_LARGE)
        elif self._part is _Part.NOTHING:
            self.edge.whole(self)
        else:
            self.edge.watch(self)

    def end_if_overdue(self, now: float) -> None:
        """Close where a head or a body has had its time."""
        if self.flow.read_paused or self._answering():
            self._since = now  # it waits for us
        allowed = self.edge.settings.head_seconds
        if self._part is _Part.BODY:
            more = 0 if self._answered else self._size / SLOWEST
            allowed = self.edge.settings.body_seconds + more
        if now - self._since <= allowed:
            return
        if self._size and not self._answered:
            self._refuse(_TOO_SLOW)
        else:
            self.transport.abort()  # nothing was asked, or all is said
        self.edge.whole(self)

    def _answering(self) -> bool:
        """Whether an answer is under way, or to be, into which nothing else may be written."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return False
        if self._part is not _Part.BODY or self._waits:
            return True
        return cycle.begun if isinstance(cycle, Call) else cycle.response_started

    def _refuse(self, refusal: tuple[int, str], more: bytes = b"") -> None:
        """Close, and say why; but not in the middle of another answer."""
        if self.transport.is_closing():
            return
        if self._answering():
            self.cycle.keep_alive = False
            self.flow.pause_reading()
            return
        status, message = refusal
        body = b'{"error":{"type":"invalid_request_error","code":"%d","message":"%b"}}' % (
            status,
            message.encode(),
        )
        self.transport.write(
            STATUS_LINE[status]
            + b"content-type: application/json\r\nconnection: close\r\n"
            + more
            + b"content-length: %d\r\n\r\n" % len(body)
            + body
        )
        self.transport.close()

    def on_message_begin(self) -> None:
        # The application's scope is made only for its own paths.
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self._part, self._fields = _Part.HEAD, 0
        self._since = self.loop.time()

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > MAX_URL:
            self._refusal = _URL_TOO_LONG
            raise _TooMuch

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields += 1
        if self._fields > MAX_FIELDS:
            self._refusal = _HEAD_TOO_LARGE
            raise _TooMuch
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._part, self._size = _Part.BODY, 0
        raw, _, query = self.url.partition(b"?")
        path = raw.decode("latin-1")
        if "%" in path:
            path = unquote(path)
        previous = self.cycle
        self._waits = previous is not None and not previous.response_complete
        if not is_ours(path):
            self._begin_for_application()
            super().on_headers_complete()
            return
        call = Call(self, path, query.decode("latin-1"))
        self.cycle = call  # type: ignore[assignment]  # has what uvicorn asks of a cycle
        if call.dropped:
            self.begin(call)
        elif self.expect_100_continue and not self._waits:
            self._continue()

    def _continue(self) -> None:
        """Let the body come, for whoever asked first."""
        self.expect_100_continue = False
        self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def begin(self, call: Call) -> None:
        """Serve a call, in its turn: whole, or before its body has come where that is not kept."""
        if call.begun:
            return
        call.begun = True
        if self._waits:
            # The answer to the call before it is still under way on this connection.
            self.flow.pause_reading()
            self.pipeline.appendleft((call, self.app))  # type: ignore[arg-type]  # as above
            return
        call.task = self.loop.create_task(call.run_asgi(self.app))
        self.tasks.add(call.task)
        call.task.add_done_callback(self.tasks.discard)

    def _read_on(self) -> None:
        """All is said before all was read: the rest is read and dropped for a while, so that what
        was said arrives. Where it was said that the connection ends, so does our side of it."""
        self._answered = True
        self._since, self._size = self.loop.time(), 0
        if isinstance(self.cycle, Call) and self.transport.can_write_eof():
            self.transport.write_eof()

    def on_response_complete(self) -> None:
        """As uvicorn does, but with one timer a connection instead of one a call."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self._part is _Part.BODY and not self._waits:
            self._read_on()
        self.flow.resume_reading()
        waited, self._waits = self._waits, False
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
            return
        if waited and self._part is _Part.BODY and self.expect_100_continue:
            self._continue()
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
        self.edge.closed(self.address)
        self.edge.whole(self)
        for call in (self.cycle, *(waiting for waiting, _ in self.pipeline)):
            if isinstance(call, Call) and call.task is None:
                call.let_go()
        # A connection and its parser hold each other until the collector comes; not its last call.
        self.cycle = None  # type: ignore[assignment]  # nothing more comes on it
        self.pipeline.clear()

    def _begin_for_application(self) -> None:
        url, expects, headers = self.url, self.expect_100_continue, self.headers
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._answered and self._size > DROPPED_BYTES:
            self.transport.abort()
        elif isinstance(self.cycle, Call):
            self.cycle.take(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._part, self._size, self._answered = _Part.NOTHING, 0, False
        if isinstance(self.cycle, Call):
            self.begin(self.cycle)
        else:
            super().on_message_complete()


def door_for(gateway: Gateway, edge: Edge) -> type[asyncio.Protocol]:
    """The protocol class to give to uvicorn as its ``http``."""
    return type("BoundDoor", (Door,), {"gateway": gateway, "edge": edge})
