"""An ASGI application behind a port of this machine, in the test's own loop."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp


class _Told(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@asynccontextmanager
async def served(
    application: ASGIApp, protocol: type[asyncio.Protocol] | None = None
) -> AsyncIterator[str]:
    """Its address. ``protocol``: of its connections, in the place of uvicorn's."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            application, log_level="warning", lifespan="off", http=protocol or "auto"
        )
        server = _Told(config)
        running = asyncio.create_task(server.serve([listening]))
        await server.ready.wait()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = server.force_exit = True
        await running
