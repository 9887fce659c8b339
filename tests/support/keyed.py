"""A door that puts a key into each request, for programs that cannot carry one of their own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


@asynccontextmanager
async def keyed(url: str, key: str) -> AsyncIterator[str]:
    """The address of the door before ``url``'s server; each connection carries one request."""
    inside = urlsplit(url)
    added = f"authorization: Bearer {key}\r\nconnection: close\r\n".encode()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(inside.hostname, inside.port)
        back.write(await reader.readline() + added)
        try:
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        finally:
            back.close()

    server = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while some := await source.read(65536):
            sink.write(some)
            await sink.drain()
    except ConnectionError:
        pass  # the program went away
    finally:
        sink.close()
