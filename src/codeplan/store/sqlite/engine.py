"""One writer thread that groups commits, and one reader beside it.

Whatever waits while a commit runs shares the next one. A write is durable when its future
resolves: ``synchronous=FULL``, write-ahead log.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from codeplan.store.base import StoreFailed
from codeplan.store.changes import Changed, Changes
from codeplan.store.delivery import deliver

Handler = Callable[[sqlite3.Connection, Sequence[Any]], list[Any]]
_T = TypeVar("_T")
_Work = tuple[Handler, Any, "asyncio.Future[Any]"]


def connect(path: Path) -> sqlite3.Connection:
    """A connection that waits for others and commits only when told to."""
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=30, cached_statements=1024
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -65536")
    # Pages that change often are carried to the database once per 32 MB of log, not per 4.
    connection.execute("PRAGMA wal_autocheckpoint = 8000")
    return connection


class Engine:
    """Must be made and used on one event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = connect(path)
        self._reader = connect(path)
        self._reader.execute("PRAGMA query_only = ON")
        self._loop = asyncio.get_running_loop()
        self.changes = Changes()
        # What a handler wants done once its commit is durable, in the writer's thread; and what
        # its commit changes.
        self.after_commit: list[Callable[[], None]] = []
        self.changed: set[Changed] = set()
        self._collected: list[_Work] = []
        self._queue: queue.SimpleQueue[list[_Work] | None] = queue.SimpleQueue()
        self._reading = ThreadPoolExecutor(1, "store-reader")
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def write(self, handler: Handler, item: Any) -> "asyncio.Future[Any]":
        """Have ``handler(connection, items)`` run inside a commit that others may share.

        It returns one result an item; a result that is an exception is raised to its caller.
        Raises StoreFailed when the database refuses.
        """
        future: asyncio.Future[Any] = self._loop.create_future()
        # What one turn of the loop asks for goes over together: one wake-up, one commit.
        if not self._collected:
            self._loop.call_soon(self._hand_over)
        self._collected.append((handler, item, future))
        return future

    def _hand_over(self) -> None:
        collected, self._collected = self._collected, []
        self._queue.put(collected)

    async def read(self, query: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run a query on the reader's connection. Raises StoreFailed."""
        try:
            return await self._loop.run_in_executor(self._reading, query, self._reader)
        except sqlite3.Error as error:
            raise StoreFailed(str(error)) from error

    async def read_aside(self, query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """A long query, on a connection and in a thread of its own. Raises StoreFailed."""

        def run() -> list[tuple[Any, ...]]:
            with contextlib.closing(connect(self._path)) as connection:
                return [tuple(row) for row in connection.execute(query, values)]

        try:
            return await self._loop.run_in_executor(None, run)
        except sqlite3.Error as error:
            raise StoreFailed(str(error)) from error

    async def close(self) -> None:
        """Finish what was begun, then close."""
        await asyncio.sleep(0)
        self._queue.put(None)
        await self._loop.run_in_executor(None, self._thread.join)
        self._reading.shutdown(wait=True)
        self._reader.close()
        self._writer.close()

    def _run(self) -> None:
        stop = False
        while not stop and (work := self._queue.get()) is not None:
            while not stop:
                try:
                    more = self._queue.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    stop = True
                else:
                    work += more
            committed: set[Changed] = set()
            results = self._commit(work, committed)
            waiting = [item[2] for item in work]
            self._loop.call_soon_threadsafe(self._committed, committed, waiting, results)

    def _committed(
        self, changes: set[Changed], waiting: Sequence["asyncio.Future[Any]"], results: list[Any]
    ) -> None:
        """Whoever remembers something hears of it before whoever changed it goes on."""
        self.changes.publish(changes)
        deliver(waiting, results)

    def _commit(self, work: list[_Work], committed: set[Changed]) -> list[Any]:
        """The results; what was changed comes into ``committed``."""
        self.after_commit.clear()
        self.changed.clear()
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            results: list[Any] = []
            for handler, group in groupby(work, key=lambda item: item[0]):
                results += handler(self._writer, [item[1] for item in group])
            self._writer.execute("COMMIT")
            committed |= self.changed
            for done in self.after_commit:
                done()
            return results
        except Exception as error:  # whatever went wrong must reach those who wait
            with contextlib.suppress(sqlite3.Error):
                # A full disk may have rolled it back already.
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
            if len(work) > 1:
                # One bad item must not fail its neighbours.
                return [result for item in work for result in self._commit([item], committed)]
            if isinstance(error, sqlite3.Error):
                failure = StoreFailed(str(error))
                failure.__cause__ = error
                return [failure]
            return [error]
