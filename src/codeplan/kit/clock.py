"""The one reader of the clock. Everything else is handed an instant.

An instant is an integer: milliseconds since 1970-01-01T00:00:00Z.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the present instant in epoch milliseconds, UTC."""

    def now(self) -> int: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000
