"""What happens when the caller leaves in the middle.

Before anything was sent, waiting for the upstream ends at once and the upstream is let go. After
content was sent, the upstream is read on for a bounded time, so that the true usage is known.
"""

import asyncio

from codeplan.gateway.caller import Caller
from codeplan.upstream.base import UpstreamAnswer


class Leaving:
    """Watches over one attempt."""

    def __init__(self, caller: Caller, read_on_seconds: float) -> None:
        self._caller = caller
        self._read_on_seconds = read_on_seconds
        self._timer: asyncio.TimerHandle | None = None
        self._cancelled = False
        self.committed = False
        self.answer: UpstreamAnswer | None = None
        caller.on_gone(self._gone)
        if caller.gone:
            self._gone()

    def forgive(self) -> None:
        """The cancellation was ours: take it back. Anybody else's goes on."""
        task = asyncio.current_task()
        if not self._cancelled or task is None:
            raise asyncio.CancelledError
        task.uncancel()

    def over(self) -> None:
        """The attempt has ended."""
        self._caller.on_gone(None)
        if self._timer is not None:
            self._timer.cancel()

    def _gone(self) -> None:
        if not self.committed:
            self._cancelled = True
            self._caller.stop_serving()
        elif self.answer is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._read_on_seconds, self.answer.close)
