"""Conversations whose upstreams were silent for long and then failed, in their stream. Their tools
ask once more by themselves; if that fails too they are to stop, and show it."""

import asyncio

LATELY_SECONDS = 120.0
# So soon a client asks the same again without streaming, if it does.
_AT_ONCE_SECONDS = 30.0
_MOST = 10_000


class GaveUp:
    """By the thread whose call it was."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}
        self._fresh: set[str] = set()  # nobody asked again since

    def note(self, thread: str) -> None:
        """A call of this conversation has just failed so."""
        if not thread:
            return
        if len(self._at) >= _MOST:
            oldest = next(iter(self._at))
            del self._at[oldest]
            self._fresh.discard(oldest)
        self._at.pop(thread, None)
        self._at[thread] = _now()
        self._fresh.add(thread)

    def falls_back(self, thread: str) -> bool:
        """Whether a call without streaming asks the same again at once, as Claude Code's does:
        nothing could keep it alive through a proxy, and every route has just failed. Once for each
        call that was noted."""
        if thread not in self._fresh or not self._within(thread, _AT_ONCE_SECONDS):
            return False
        self._fresh.remove(thread)
        return True

    def lately(self, thread: str) -> bool:
        """Whether one did, so that nothing is gained by asking once more."""
        return self._within(thread, LATELY_SECONDS)

    def _within(self, thread: str, seconds: float) -> bool:
        return _now() - self._at.get(thread, -seconds) < seconds


def _now() -> float:
    return asyncio.get_running_loop().time()
