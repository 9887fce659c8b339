"""Waiting for what a test has set going."""

import time
from collections.abc import Callable


def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    """Look again and again; fails where it does not become true in time."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)
