"""Lines about refused calls: a few a minute for each address, and how many more there were, so that
nobody can fill a disk with what they are refused. Sums by the hour count all of them."""

from collections import Counter

from codeplan.kit.clock import Clock
from codeplan.kit.instants import MINUTE
from codeplan.telemetry import log

# Lines a minute: of one address, and of all.
OF_ADDRESS = 20
OF_ALL = 600


class RefusalLog:
    """Of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._minute = 0
        self._written = 0
        self._of: Counter[str] = Counter()
        self._more = 0

    def refused(self, address: str, why: str = "", **fields: str | int) -> None:
        """Write a line, or count it. ``why``: the service's own reason, of a refusal that is its
        fault; ``fields``: what else the line says."""
        minute = self._clock.now() // MINUTE
        if minute != self._minute:
            if self._more:
                log.info("refused more than is written", calls=self._more)
            self._minute, self._written, self._more = minute, 0, 0
            self._of.clear()
        if self._written >= OF_ALL or self._of[address] >= OF_ADDRESS:
            self._more += 1
            return
        self._written += 1
        self._of[address] += 1
        if why:
            log.error("refused", why=why, **fields)
        else:
            log.info("refused", **fields)
