"""Kept connections to an upstream: used again, and replaced where the server closed them."""

import asyncio

import pytest

from codeplan.upstream.base import UpstreamCall, UpstreamFailed, UpstreamSettings
from codeplan.upstream.http import HttpUpstream

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Server:
    """Answers, and closes or falls silent when told to."""

    def __init__(self) -> None:
        self.connections = 0
        self.requests = 0
        self.closes_after = 10_000
        self.silent = False
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                self.requests += 1
                if not self.silent:
                    writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


async def opened(server: Server, **more: float) -> tuple[HttpUpstream, asyncio.Server]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    settings = UpstreamSettings("up", "openai", f"http://127.0.0.1:{port}/v1", **more)  # type: ignore[arg-type]  # seconds
    return HttpUpstream(settings), listening


async def ask(upstream: HttpUpstream) -> bytes:
    answer = await upstream.send(UpstreamCall("/x", b""))
    body = b""
    while data := await answer.chunk():
        body += data
    answer.close()
    return body


async def test_a_connection_is_used_again() -> None:
    server = Server()
    upstream, listening = await opened(server)
    for _ in range(5):
        assert await ask(upstream) == b"ok"
    assert (server.connections, server.requests) == (1, 5)
    await upstream.close()
    listening.close()


async def test_a_kept_connection_that_the_server_closed_is_replaced() -> None:
    server = Server()
    upstream, listening = await opened(server)
    assert await ask(upstream) == b"ok"
    server.writers[0].close()
    assert await ask(upstream) == b"ok"
    assert server.connections == 2
    await upstream.close()
    listening.close()


async def test_a_silent_server_is_asked_once() -> None:
    server = Server()
    upstream, listening = await opened(server, first_byte_timeout_seconds=0.1)
    assert await ask(upstream) == b"ok"
    server.silent = True
    with pytest.raises(UpstreamFailed, match="silent"):
        await ask(upstream)
    assert server.requests == 2
    await upstream.close()
    listening.close()


async def test_nobody_there() -> None:
    upstream = HttpUpstream(UpstreamSettings("up", "openai", "http://127.0.0.1:1/v1"))
    with pytest.raises(UpstreamFailed):
        await ask(upstream)
    await upstream.close()
