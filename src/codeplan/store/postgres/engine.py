"""Connections to PostgreSQL, and lanes in which metering operations share commits.

A subscription's operations all go through one lane of a node, in order; what waits while a commit
runs shares the next one. Different subscriptions commit side by side.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from codeplan.store.base import StoreFailed
from codeplan.store.delivery import deliver

LANES = 4
_OTHERS = 4
_BATCH = 512
_TIMEOUT_SECONDS = 15.0
# What a call waits for looks up rows by their keys, so its plans go by the indexes whatever the
# statistics say: a table that is new (a month's partition, an empty database) looks small until it
# is analysed, and a plan that reads it from end to end is kept while it grows.
_BY_INDEX = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
# Generic only for type checkers.
Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
_LOST = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError)
_Work = tuple[Any, "asyncio.Future[Any]"]
# Applies operations inside a transaction; one result an operation.
Handler = Callable[[Connection, Sequence[Any]], Awaitable[list[Any]]]


class Engine:
    """``calls``: connections for what a call waits for, the lanes among it; ``pool``: for all
    else."""

    def __init__(self, pool: Pool, calls: Pool, handler: Handler) -> None:
        self._pool, self._calls, self._handler = pool, calls, handler
        self._queues: list[asyncio.Queue[_Work]] = [asyncio.Queue() for _ in range(LANES)]
        self._lanes = [asyncio.create_task(self._run(queue)) for queue in self._queues]

    def write(self, key: str, operation: Any) -> "asyncio.Future[Any]":
        """Have the operation applied inside a commit that others may share.

        A result that is an exception is raised. Raises StoreFailed.
        """
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        lane = zlib.crc32(key.encode()) % LANES
        self._queues[lane].put_nowait((operation, future))
        return future

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """One of the pool's. Raises StoreFailed for whatever goes wrong inside."""
        return _connection(self._pool)

    def for_calls(self) -> AbstractAsyncContextManager[Connection]:
        """One on which what a call waits for is looked up by key. Raises as `connection` does."""
        return _connection(self._calls)

    async def close(self) -> None:
        """Finish what was begun, then close."""
        for queue in self._queues:
            await queue.join()
        for lane in self._lanes:
            lane.cancel()
        await asyncio.gather(*self._lanes, return_exceptions=True)
        await self._pool.close()
        await self._calls.close()

    async def _run(self, queue: "asyncio.Queue[_Work]") -> None:
        while True:
            work = [await queue.get()]
            while len(work) < _BATCH and not queue.empty():
                work.append(queue.get_nowait())
            try:
                results = await self._commit([operation for operation, _ in work])
                deliver([future for _, future in work], results)
            finally:
                for _ in work:
                    queue.task_done()

    async def _commit(self, operations: list[Any]) -> list[Any]:
        try:
            async with (
                self._calls.acquire(timeout=_TIMEOUT_SECONDS) as connection,
                connection.transaction(),
            ):
                return await self._handler(connection, operations)
        except _LOST as error:
            return [_failed(error)] * len(operations)
        except Exception as error:  # whatever went wrong must reach those who wait
            if len(operations) > 1:
                # One bad operation must not fail its neighbours.
                return [result for one in operations for result in await self._commit([one])]
            return [_failed(error) if isinstance(error, asyncpg.PostgresError) else error]


@asynccontextmanager
async def _connection(pool: Pool) -> AsyncIterator[Connection]:
    try:
        async with pool.acquire(timeout=_TIMEOUT_SECONDS) as connection:
            yield connection
    except (*_LOST, asyncpg.PostgresError) as error:
        raise StoreFailed(f"PostgreSQL: {error or type(error).__name__}") from error


def _failed(error: BaseException) -> StoreFailed:
    failure = StoreFailed(f"PostgreSQL: {error or type(error).__name__}")
    failure.__cause__ = error
    return failure


async def open_pool(url: str, for_calls: bool = False) -> Pool:
    """Connections for what a call waits for, or for all else. Raises StoreFailed."""
    try:
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=LANES + _OTHERS if for_calls else _OTHERS,
            command_timeout=_TIMEOUT_SECONDS,
            timeout=_TIMEOUT_SECONDS,
            server_settings={"application_name": "codeplan", **(_BY_INDEX if for_calls else {})},
        )
    except (*_LOST, asyncpg.PostgresError, ValueError) as error:
        raise StoreFailed(f"PostgreSQL cannot be used: {error or type(error).__name__}") from error
    return pool
