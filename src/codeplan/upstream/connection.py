"""One HTTP/1.1 connection to an upstream: one call at a time, kept for the next.

A lean protocol on httptools. Reading pauses when nobody takes the bytes, so that a slow client
slows its upstream down instead of filling memory.
"""

import asyncio
from collections import deque
from typing import cast

import httptools

from codeplan.upstream.base import UpstreamFailed

HIGH_WATER = 256 * 1024
MAX_HEADERS = 64 * 1024


class Connection(asyncio.Protocol):
    """Made by the pool. ``deadline``: on the loop's clock, kept by its sweep."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._chunks: deque[bytes] = deque()
        self._buffered = 0
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None
        # What an `UpstreamFailed` is made of. Not the exception: its traceback would keep the call
        # that met it until the collector comes for this connection and its parser.
        self._failure: tuple[str, bool, bool] | None = None
        self._head_size = 0
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.began = self.head_done = self.done = False
        self.closed = self.given_up = self._stays_open = False
        self.deadline: float | None = None

    def begin(self, request: bytes) -> None:
        """Send a whole request; nothing of another may be under way."""
        self._chunks.clear()
        self._buffered = 0
        self._failure = None
        self._head_size = 0
        self.status = 0
        self.headers = {}
        self.began = self.head_done = self.done = False
        assert self._transport is not None
        self._transport.write(request)

    async def head(self) -> None:
        """Wait for the answer's head. Raises UpstreamFailed."""
        while not self.head_done:
            await self._more()

    async def chunk(self) -> bytes:
        """The bytes that have come; waits when there are none; b"" at the end."""
        while not self._chunks:
            if self.done:
                return b""
            await self._more()
        data = self._chunks.popleft() if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._buffered = 0
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return data

    def abort(self, message: str, silent: bool = False) -> None:
        """End it; whoever waits gets this message. ``silent``: since nothing came for too long."""
        self.given_up = True
        self._fail(message, silent)
        if self._transport is not None:
            self._transport.abort()

    @property
    def reusable(self) -> bool:
        return self.done and not self.closed and self._stays_open

    async def _more(self) -> None:
        if self._failure is not None:
            raise UpstreamFailed(*self._failure)
        self._waiter = self._loop.create_future()
        await self._waiter
        if self._failure is not None and not self._chunks and not self.done:
            raise UpstreamFailed(*self._failure)

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _fail(self, message: str, silent: bool = False) -> None:
        if self._failure is None:
            self._failure = (message, self.began, silent)
        self.closed = True
        self._wake()

    # asyncio's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's in all but their class.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.began = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.abort(f"the upstream does not speak HTTP: {error}")
            return
        if self._chunks or self.head_done:
            self._wake()
        if self._buffered > HIGH_WATER and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done and self.head_done and self._ends_with_connection():
            self.done = True
        self._fail(str(error) if error else "the upstream closed the connection")

    def _ends_with_connection(self) -> bool:
        return b"content-length" not in self.headers and b"transfer-encoding" not in self.headers

    # httptools' calls

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_size += len(name) + len(value)
        if self._head_size > MAX_HEADERS:
            self.abort("the upstream's headers are too large")
            return
        self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:  # an interim answer; the real one follows
            self.headers = {}
            return
        self.status = status
        self.head_done = True

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)
        self._buffered += len(body)

    def on_message_complete(self) -> None:
        if self.head_done:
            # Asked now: the parser forgets it with the message.
            self._stays_open = bool(self._parser.should_keep_alive())
            self.done = True
