"""Several servers of the same models behind one name: a session keeps to one of them while it is
healthy, so that the server's prompt cache holds.

Rendezvous hashing: when a server is away, only its own sessions move, and they come back after it.
"""

import asyncio
from collections.abc import Sequence
from hashlib import blake2b

from codeplan.upstream.base import (
    Upstream,
    UpstreamAnswer,
    UpstreamCall,
    UpstreamFailed,
    UpstreamSettings,
)

# How long a server that could not be reached is asked last.
AWAY_SECONDS = 10.0


class Replicas:
    """An `Upstream` made of several."""

    tiny = False

    def __init__(self, settings: UpstreamSettings, upstreams: Sequence[Upstream]) -> None:
        self.settings = settings
        self._upstreams = upstreams
        self._away_until = [0.0] * len(upstreams)

    async def send(self, call: UpstreamCall) -> UpstreamAnswer:
        """To the session's own server; to the next one where nothing came of that."""
        failure: UpstreamFailed | None = None
        for place in self.order(call.affinity):
            try:
                return await self._upstreams[place].send(call)
            except UpstreamFailed as failed:
                if failed.began:
                    raise
                loop = asyncio.get_running_loop()
                self._away_until[place] = loop.time() + AWAY_SECONDS
                failure = failed
        raise failure or UpstreamFailed(f"{self.settings.name}: no server")

    def order(self, affinity: str) -> list[int]:
        """The servers in the order in which this session asks them."""
        now = asyncio.get_running_loop().time()
        return sorted(
            range(len(self._upstreams)),
            key=lambda place: (self._away_until[place] > now, _weight(affinity, place)),
        )

    async def close(self) -> None:
        for upstream in self._upstreams:
            await upstream.close()


def _weight(affinity: str, place: int) -> bytes:
    return blake2b(f"{place}\0{affinity}".encode(), digest_size=8).digest()
