"""Telling whoever watches an account that something of it changed in this process."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class News:
    """A page that is open waits on an event of its account."""

    def __init__(self) -> None:
        self._watching: dict[str, set[asyncio.Event]] = {}
        self.closed = False

    def tell(self, account_id: str) -> None:
        for event in self._watching.get(account_id, ()):
            event.set()

    @contextmanager
    def watch(self, account_id: str) -> Iterator[asyncio.Event]:
        """Set at every change; the watcher clears it."""
        event = asyncio.Event()
        watching = self._watching.setdefault(account_id, set())
        watching.add(event)
        try:
            yield event
        finally:
            watching.discard(event)
            if not watching:
                self._watching.pop(account_id, None)

    def close(self) -> None:
        """The service stops: whoever watches ends."""
        self.closed = True
        for account_id in list(self._watching):
            self.tell(account_id)
