"""What changes the whole machine is done by one process at a time: tests run in several."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from support.npm import INSTALLED


@contextmanager
def exclusive(name: str) -> Iterator[None]:
    """Wait until no other process does what has this name."""
    INSTALLED.mkdir(exist_ok=True)
    with (INSTALLED / f"{name}-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
