"""Whether calls can be served."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from codeplan.api.answers import answer
from codeplan.kit.clock import Clock
from codeplan.kit.instants import iso_utc

# What `codeplan doctor` measures: whether pieces arrive as they are sent.
PIECES = 4
PAUSE_SECONDS = 0.15


def routes(clock: Clock) -> list[Route]:
    async def healthz(_: Request) -> Response:
        """The application is only mounted once its store and upstreams are open. ``time`` is the
        service's, in UTC."""
        return answer({"status": "ok", "time": iso_utc(clock.now())})

    async def stream(_: Request) -> Response:
        """A few events with pauses between, to find a proxy that keeps them back."""

        async def pieces() -> AsyncIterator[bytes]:
            for number in range(PIECES):
                yield b"data: %d\n\n" % number
                await asyncio.sleep(PAUSE_SECONDS)

        return StreamingResponse(pieces(), media_type="text/event-stream")

    return [Route("/healthz", healthz), Route("/api/doctor/stream", stream)]
