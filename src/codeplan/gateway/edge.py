"""What connections may cost before it is known whose they are: bounds on heads, on bodies, on time,
on connections of one address, and on the memory of all bodies together.

Counts and times; reads and writes nothing itself.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Protocol

# An address, and a head's fields and bytes: no tool sends a tenth of it.
MAX_URL = 8 * 1024
MAX_FIELDS = 100
MAX_HEAD = 64 * 1024
# So much of a body is kept before its key was looked up.
MAX_UNKNOWN = 256 * 1024
# Beyond its own time a body may come as slowly as this: bytes a second.
SLOWEST = 4096
_SWEEP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """``body_bytes``: of one call; ``memory_bytes``: of all calls' bodies at once.
    ``head_seconds``, ``body_seconds``: to come whole; a body that goes on coming gets more.
    ``connections``: of all at once; ``of_address``: of one address, but for ``behind_proxy``, where
    all come from the same."""

    body_bytes: int
    memory_bytes: int = 512 * 1024 * 1024
    head_seconds: float = 10.0
    body_seconds: float = 30.0
    connections: int = 16_384
    of_address: int = 1024
    behind_proxy: bool = False


class Receiving(Protocol):
    """A connection on which a request is coming in."""

    def end_if_overdue(self, now: float) -> None:
        """Close where what comes has had its time. ``now``: on the loop's clock."""
        ...


class Edge:
    """Of one process."""

    def __init__(self, settings: EdgeSettings) -> None:
        self.settings = settings
        self._all = 0
        self._of: Counter[str] = Counter()
        self._kept = 0
        self._receiving: set[Receiving] = set()
        self._sweep: asyncio.TimerHandle | None = None

    def opened(self, address: str) -> bool:
        """Count a connection. False where there are too many, and it is to be closed."""
        settings = self.settings
        self._all += 1
        self._of[address] += 1
        if self._all > settings.connections:
            return False
        return settings.behind_proxy or self._of[address] <= settings.of_address

    def closed(self, address: str) -> None:
        """Count it no more."""
        self._all -= 1
        self._of[address] -= 1
        if self._of[address] <= 0:
            del self._of[address]

    def keep(self, size: int) -> bool:
        """Count so many bytes of a body. False where there is no room for them; they are counted
        all the same, until they are let go."""
        self._kept += size
        return self._kept <= self.settings.memory_bytes

    def let_go(self, size: int) -> None:
        """A body is gone."""
        self._kept -= size

    def watch(self, connection: Receiving) -> None:
        """Look after it now and then, until it is whole."""
        self._receiving.add(connection)
        if self._sweep is None:
            self._later()

    def whole(self, connection: Receiving) -> None:
        """Its request has come, or it has gone."""
        self._receiving.discard(connection)

    def _later(self) -> None:
        loop = asyncio.get_running_loop()
        self._sweep = loop.call_later(_SWEEP_SECONDS, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._sweep = None
        now = loop.time()
        for connection in list(self._receiving):
            connection.end_if_overdue(now)
        if self._receiving:
            self._later()
