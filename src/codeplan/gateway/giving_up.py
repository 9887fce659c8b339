"""Conversations whose upstreams were silent for long and then failed, in their stream. Their tools
ask once more by themselves; if that fails too they are to stop, and show it."""

import asyncio

LATELY_SECONDS = 120.0
_MOST = 10_000


class GaveUp:
    """By the thread whose call it was."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def note(self, thread: str) -> None:
        """A call of this conversation has just failed so."""
        if not thread:
            return
        if len(self._at) >= _MOST:
            self._at.pop(next(iter(self._at)))
        self._at.pop(thread, None)
        self._at[thread] = _now()

    def lately(self, thread: str) -> bool:
        """Whether one did, so that nothing is gained by asking once more."""
        return _now() - self._at.get(thread, -LATELY_SECONDS) < LATELY_SECONDS


def _now() -> float:
    return asyncio.get_running_loop().time()
