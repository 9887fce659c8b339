"""Lanes in which metering operations share commits, and one in which those wait whose rows somebody
else holds.

A subscription's operations all go through one lane of a node, in order; what waits while a commit
runs shares the next one. Different subscriptions commit side by side. Where somebody holds a
subscription's rows, its operations wait apart, so that nobody else waits for them.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple

import asyncpg

from codeplan.store.base import RowsHeld
from codeplan.store.delivery import deliver
from codeplan.store.postgres.connections import (
    HELD,
    IDLE_SECONDS,
    LOST,
    TIMEOUT_SECONDS,
    Connection,
    Pool,
    failure,
)

LANES = 4
_BATCH = 512
# Longer than a session may hold rows in silence, so that whoever waits for a frozen one is served,
# also where others wait for the same rows and the machine is slow.
PATIENCE_SECONDS = IDLE_SECONDS + 7.0
_LOOK_AGAIN_SECONDS = 0.05


class Waits:
    """The result of an operation whose rows are held."""


WAITS: Final = Waits()


class Work(NamedTuple):
    """``key``: the subscription's; ``until``: how long it may wait for rows, by the loop's
    clock."""

    key: str
    operation: Any
    future: "asyncio.Future[Any]"
    until: float


# Applies operations inside a transaction; one result an operation. With ``passing`` it takes no row
# that is held: the results of those operations are `WAITS`.
Handler = Callable[[Connection, Sequence[Any], bool], Awaitable[list[Any]]]


class Lanes:
    """``pool``: connections for what calls wait for."""

    def __init__(self, pool: Pool, handler: Handler) -> None:
        self._pool, self._handler = pool, handler
        self._queues: list[asyncio.Queue[Work]] = [asyncio.Queue() for _ in range(LANES)]
        # By subscription, in order: what waits for rows that somebody else holds.
        self._waiting: dict[str, list[Work]] = {}
        self._some_wait = asyncio.Event()
        self._tasks = [asyncio.create_task(self._run(queue)) for queue in self._queues]
        self._tasks.append(asyncio.create_task(self._run_waiting()))

    def write(self, key: str, operation: Any) -> "asyncio.Future[Any]":
        """Have the operation applied inside a commit that others may share.

        A result that is an exception is raised. Raises StoreFailed, RowsHeld.
        """
        loop = asyncio.get_running_loop()
        work = Work(key, operation, loop.create_future(), loop.time() + PATIENCE_SECONDS)
        self._queues[zlib.crc32(key.encode()) % LANES].put_nowait(work)
        return work.future

    async def close(self) -> None:
        """Finish what was begun."""
        for queue in self._queues:
            await queue.join()
        waiting = [work.future for works in self._waiting.values() for work in works]
        await asyncio.gather(*waiting, return_exceptions=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, queue: "asyncio.Queue[Work]") -> None:
        while True:
            batch = [await queue.get()]
            while len(batch) < _BATCH and not queue.empty():
                batch.append(queue.get_nowait())
            try:
                mine = [work for work in batch if not self._joins_waiting(work)]
                if mine:
                    self._deliver(mine, await self._commit(mine, passing=False))
            finally:
                for _ in batch:
                    queue.task_done()

    def _joins_waiting(self, work: Work) -> bool:
        """Put it behind those of its subscription that wait, if any do."""
        waiting = self._waiting.get(work.key)
        if waiting is not None:
            waiting.append(work)
        return waiting is not None

    async def _run_waiting(self) -> None:
        """Try again and again what waits, without waiting for any row."""
        loop = asyncio.get_running_loop()
        while True:
            await self._some_wait.wait()
            batch = [work for works in self._waiting.values() for work in works][:_BATCH]
            results = await self._commit(batch, passing=True)
            now = loop.time()
            for place, (work, result) in enumerate(zip(batch, results, strict=True)):
                if result is WAITS and now >= work.until:
                    results[place] = RowsHeld("PostgreSQL: somebody else holds the rows")
            over = {
                id(work) for work, result in zip(batch, results, strict=True) if result is not WAITS
            }
            for key in {work.key for work in batch}:
                self._waiting[key] = [work for work in self._waiting[key] if id(work) not in over]
                if not self._waiting[key]:
                    del self._waiting[key]
            self._deliver(batch, results)
            if not self._waiting:
                self._some_wait.clear()
            elif not over:
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    def _deliver(self, batch: Sequence[Work], results: Sequence[Any]) -> None:
        done = [pair for pair in zip(batch, results, strict=True) if pair[1] is not WAITS]
        deliver([work.future for work, _ in done], [result for _, result in done])

    async def _commit(self, batch: Sequence[Work], passing: bool) -> list[Any]:
        """One result for each; `WAITS` where its rows are held, and then it waits apart."""
        try:
            results = await self._try([work.operation for work in batch], passing)
        except LOST as error:
            return [failure(error)] * len(batch)
        except HELD:
            results = await self._pass_by(batch, passing)
        except Exception as error:  # whatever went wrong must reach those who wait
            if len(batch) > 1:
                # One bad operation must not fail its neighbours.
                return [result for one in batch for result in await self._commit([one], passing)]
            return [failure(error) if isinstance(error, asyncpg.PostgresError) else error]
        for work, result in zip(batch, results, strict=True):
            if result is WAITS and not passing:
                self._waiting.setdefault(work.key, []).append(work)
                self._some_wait.set()
        return results

    async def _pass_by(self, batch: Sequence[Work], passing: bool) -> list[Any]:
        """Somebody holds a row: pass it by, and where it is one that cannot be passed by, its
        subscription alone waits."""
        if not passing:
            return await self._commit(batch, passing=True)
        if len({work.key for work in batch}) == 1:
            return [WAITS] * len(batch)
        results: dict[int, Any] = {}
        for key in dict.fromkeys(work.key for work in batch):
            mine = [work for work in batch if work.key == key]
            for work, result in zip(mine, await self._commit(mine, passing=True), strict=True):
                results[id(work)] = result
        return [results[id(work)] for work in batch]

    async def _try(self, operations: list[Any], passing: bool) -> list[Any]:
        async with (
            self._pool.acquire(timeout=TIMEOUT_SECONDS) as connection,
            connection.transaction(),
        ):
            return await self._handler(connection, operations, passing)
