"""Calls at once, per subscription, with a short queue in order of arrival before a refusal.

Held in this process: a slot cannot outlive the call that holds it.
"""

import asyncio
from collections import deque


class TooManyAtOnce(Exception):
    """No slot came free in time. ``limit``: the plan's calls at once."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} calls at once")
        self.limit = limit


class Slots:
    """Who runs and who waits. ``queue_seconds``: how long a call waits before it is refused."""

    def __init__(self, queue_seconds: float) -> None:
        self._queue_seconds = queue_seconds
        self._running: dict[str, int] = {}
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    def enter_now(self, subscription_id: str, limit: int) -> bool:
        """Take a slot if one is free and nobody waits for it."""
        running = self._running.get(subscription_id, 0)
        if running >= limit or subscription_id in self._waiting:
            return False
        self._running[subscription_id] = running + 1
        return True

    async def enter(self, subscription_id: str, limit: int) -> None:
        """Take a slot, waiting for one in order of arrival. Whoever entered must `leave`.

        Raises TooManyAtOnce.
        """
        if self.enter_now(subscription_id, limit):
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self._waiting.setdefault(subscription_id, deque())
        queue.append(turn)
        try:
            async with asyncio.timeout(self._queue_seconds):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.leave(subscription_id, limit)  # it came free in the same moment
            else:
                queue.remove(turn)
                if not queue and self._waiting.get(subscription_id) is queue:
                    del self._waiting[subscription_id]
            if isinstance(error, TimeoutError):
                raise TooManyAtOnce(limit) from None
            raise

    def leave(self, subscription_id: str, limit: int) -> None:
        """Give the slot to whoever waits longest, or back."""
        running = self._running[subscription_id]
        queue = self._waiting.get(subscription_id)
        while queue and running <= limit:
            turn = queue.popleft()
            if not queue:
                del self._waiting[subscription_id]
            if not turn.done():
                turn.set_result(None)
                return
        if running > 1:
            self._running[subscription_id] = running - 1
        else:
            del self._running[subscription_id]
