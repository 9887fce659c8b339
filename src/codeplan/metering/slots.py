"""Calls at once, per subscription, with a short queue in order of arrival before a refusal.

Held in this process: a slot cannot outlive the call that holds it.
"""

import asyncio
from collections import deque
from types import TracebackType


class TooManyAtOnce(Exception):
    """No slot came free in time. ``limit``: the plan's calls at once."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} calls at once")
        self.limit = limit


class Slot:
    """One call's place; left when the ``async with`` block ends."""

    def __init__(self, slots: "Slots", subscription_id: str, limit: int) -> None:
        self._slots, self._subscription_id, self._limit = slots, subscription_id, limit

    async def __aenter__(self) -> None:
        await self._slots.enter(self._subscription_id, self._limit)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._slots.leave(self._subscription_id, self._limit)


class Slots:
    """Who runs and who waits. ``queue_seconds``: how long a call waits before it is refused."""

    def __init__(self, queue_seconds: float) -> None:
        self._queue_seconds = queue_seconds
        self._running: dict[str, int] = {}
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    def slot(self, subscription_id: str, limit: int) -> Slot:
        """To be entered with ``async with``; entering raises TooManyAtOnce."""
        return Slot(self, subscription_id, limit)

    async def enter(self, subscription_id: str, limit: int) -> None:
        running = self._running.get(subscription_id, 0)
        if running < limit and subscription_id not in self._waiting:
            self._running[subscription_id] = running + 1
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
