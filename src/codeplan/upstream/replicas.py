"""Several servers of the same models behind one name: a session keeps to one of them while it is
healthy, so that the server's prompt cache holds.

Rendezvous hashing: when a server rests, only its own sessions move, and they come back after it.
"""

from collections.abc import Sequence
from hashlib import blake2b

from codeplan.upstream.base import Upstream, UpstreamSettings


class Replicas:
    """`Servers` that are several."""

    def __init__(self, settings: UpstreamSettings, servers: Sequence[Upstream]) -> None:
        self.settings = settings
        self._servers = servers

    def ordered(self, affinity: str) -> Sequence[Upstream]:
        places = sorted(range(len(self._servers)), key=lambda place: _weight(affinity, place))
        return [self._servers[place] for place in places]

    async def close(self) -> None:
        for server in self._servers:
            await server.close()


def _weight(affinity: str, place: int) -> bytes:
    return blake2b(f"{place}\0{affinity}".encode(), digest_size=8).digest()
