"""An upstream behind an HTTP address: its kept connections, its credentials, its time-outs."""

import asyncio
import contextlib
import ssl
from urllib.parse import urlsplit

from codeplan.upstream.base import UpstreamCall, UpstreamFailed, UpstreamSettings
from codeplan.upstream.connection import Connection

KEPT = 512
# A server closes kept connections by itself; ours end sooner than most servers' do.
KEPT_SECONDS = 20.0
SWEEP_SECONDS = 0.5


class HttpAnswer:
    """An `UpstreamAnswer` that reads from its connection."""

    def __init__(self, upstream: "HttpUpstream", connection: Connection) -> None:
        self._upstream, self._connection = upstream, connection
        self.status, self.headers = connection.status, connection.headers
        self._closed = False

    @property
    def done(self) -> bool:
        return self._connection.done

    async def chunk(self) -> bytes:
        connection = self._connection
        if self._closed:
            raise UpstreamFailed("given up", began=True)
        connection.deadline = self._upstream.deadline(
            self._upstream.settings.silence_timeout_seconds
        )
        data = await connection.chunk()
        # Silence is the upstream's only while somebody waits for it.
        connection.deadline = None
        return data

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._upstream.take_back(self._connection)


class HttpUpstream:
    """An `Upstream` over HTTP/1.1, by TLS where the address says so."""

    tiny = False

    def __init__(self, settings: UpstreamSettings) -> None:
        self.settings = settings
        self._loop = asyncio.get_running_loop()
        address = urlsplit(settings.base_url)
        secure = address.scheme == "https"
        self._host = address.hostname or ""
        self._port = address.port or (443 if secure else 80)
        self._tls = ssl.create_default_context() if secure else None
        self._path = address.path
        self._fixed = _fixed_headers(settings, address.netloc.rpartition("@")[2])
        self._idle: list[tuple[Connection, float]] = []
        self._busy: set[Connection] = set()
        self._sweep = self._loop.call_later(SWEEP_SECONDS, self._end_overdue)

    def deadline(self, seconds: float) -> float:
        return self._loop.time() + seconds

    async def send(self, call: UpstreamCall) -> HttpAnswer:
        request = self._request(call)
        while (connection := self._kept()) is not None:
            try:
                return await self._ask(connection, request)
            except UpstreamFailed as failure:
                # Only a kept connection that the server was just closing is worth another try:
                # one that we gave up had its time.
                if failure.began or connection.given_up:
                    raise
        return await self._ask(await self._connect(), request)

    def ordered(self, affinity: str) -> tuple["HttpUpstream"]:
        return (self,)

    async def close(self) -> None:
        self._sweep.cancel()
        for connection, _ in self._idle:
            connection.abort("closing")
        for connection in list(self._busy):
            connection.abort("the service is stopping")

    def take_back(self, connection: Connection) -> None:
        """Keep a connection whose answer was read to its end; end any other."""
        self._busy.discard(connection)
        connection.deadline = None
        if connection.reusable and len(self._idle) < KEPT:
            self._idle.append((connection, self.deadline(KEPT_SECONDS)))
        else:
            connection.abort("given up")

    async def _ask(self, connection: Connection, request: bytes) -> HttpAnswer:
        self._busy.add(connection)
        connection.deadline = self.deadline(self.settings.first_byte_timeout_seconds)
        try:
            connection.begin(request)
            await connection.head()
        except UpstreamFailed:
            self._busy.discard(connection)
            raise
        except BaseException:
            self.take_back(connection)
            raise
        return HttpAnswer(self, connection)

    def _kept(self) -> Connection | None:
        while self._idle:
            connection, until = self._idle.pop()
            if not connection.closed and self._loop.time() < until:
                return connection
            connection.abort("kept too long")
        return None

    async def _connect(self) -> Connection:
        try:
            async with asyncio.timeout(self.settings.connect_timeout_seconds):
                _, connection = await self._loop.create_connection(
                    lambda: Connection(self._loop), self._host, self._port, ssl=self._tls
                )
        except TimeoutError:
            raise UpstreamFailed(f"{self.settings.name}: no connection in time") from None
        except OSError as error:
            raise UpstreamFailed(f"{self.settings.name}: {error}") from None
        return connection

    def _request(self, call: UpstreamCall) -> bytes:
        lines = [b"POST ", f"{self._path}{call.path}".encode(), b" HTTP/1.1\r\n", self._fixed]
        for name, value in call.headers:
            lines += [name, b": ", value, b"\r\n"]
        lines += [b"content-type: ", call.content_type, b"\r\n"]
        lines += [b"content-length: %d\r\n\r\n" % len(call.body), call.body]
        return b"".join(lines)

    def _end_overdue(self) -> None:
        """One timer for all calls: a call costs no timer of its own."""
        now = self._loop.time()
        for connection in list(self._busy):
            if connection.deadline is not None and connection.deadline < now:
                connection.abort(f"{self.settings.name}: silent for too long", silent=True)
        with contextlib.suppress(IndexError):
            while self._idle[0][1] < now:
                self._idle.pop(0)[0].abort("kept too long")
        self._sweep = self._loop.call_later(SWEEP_SECONDS, self._end_overdue)


def _fixed_headers(settings: UpstreamSettings, host: str) -> bytes:
    lines = [f"host: {host}", "accept-encoding: identity"]
    if settings.api_key and settings.protocol == "anthropic":
        lines.append(f"x-api-key: {settings.api_key}")
    elif settings.api_key:
        lines.append(f"authorization: Bearer {settings.api_key}")
    return "".join(f"{line}\r\n" for line in lines).encode()
