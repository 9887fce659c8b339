"""What the parts of the PostgreSQL store share: connections, lanes, and commits that tell what they
changed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

from codeplan.store.base import RowsHeld
from codeplan.store.changes import Changed, Changes
from codeplan.store.postgres.connections import Connection, Pool, connection_of, open_pool
from codeplan.store.postgres.lanes import LANES, PATIENCE_SECONDS, Handler, Lanes
from codeplan.store.postgres.listening import TELL, Listening, tell

_OTHERS = 4
# Commits of what calls wait for, beside the lanes; look-ups have two connections more.
_COMMITS = 6
_CALLS = LANES + 1 + _COMMITS + 2
_LOOK_AGAIN_SECONDS = 0.02
T = TypeVar("T")
# Inside a transaction: a result, and what was changed. With True it waits for no account's row.
Change = Callable[[Connection, bool], Awaitable[tuple[T, Collection[Changed]]]]


class Engine:
    """``calls``: connections for what a call waits for, the lanes among it; ``pool``: for all
    else."""

    def __init__(self, pool: Pool, calls: Pool, handler: Handler, url: str) -> None:
        self._pool, self._calls = pool, calls
        self._lanes = Lanes(calls, handler)
        self._commits = asyncio.Semaphore(_COMMITS)
        self._turns: dict[str, _Turn] = {}
        self.changes = Changes()
        self._listening = Listening(url, self.changes)

    @property
    def hears(self) -> bool:
        """Whether what other nodes commit reaches this one just now."""
        return self._listening.hears

    def write(self, key: str, operation: Any) -> "asyncio.Future[Any]":
        """As `Lanes.write`."""
        return self._lanes.write(key, operation)

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """One of the pool's. Raises StoreFailed for whatever goes wrong inside."""
        return connection_of(self._pool)

    def for_calls(self) -> AbstractAsyncContextManager[Connection]:
        """One on which what a call waits for is looked up by key. Raises as `connection` does."""
        return connection_of(self._calls)

    async def commit(self, account_id: str, change: Change[T]) -> T:
        """Have an account changed in one transaction, and tell every process what was. "": nobody's
        or many accounts' records are. What somebody else holds is waited for as long as a session
        may hold it in silence; meanwhile only the account's own changes wait, and no connection.
        Raises StoreFailed, RowsHeld."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE_SECONDS
        if not account_id:
            return await self._commit(self._pool, change, passing=False)
        async with self._turn(account_id, until) as turn:
            while True:
                try:
                    result = await self._commit_for_calls(change, turn.held)
                    turn.held = False
                    return result
                except RowsHeld:
                    turn.held = True
                    if loop.time() >= until:
                        raise
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def close(self) -> None:
        """Finish what was begun, then close."""
        await self._listening.close()
        await self._lanes.close()
        await self._pool.close()
        await self._calls.close()

    async def _commit_for_calls(self, change: Change[T], passing: bool) -> T:
        async with self._commits:
            return await self._commit(self._calls, change, passing)

    async def _commit(self, pool: Pool, change: Change[T], passing: bool) -> T:
        changes: Collection[Changed] = ()
        try:
            async with connection_of(pool) as connection, connection.transaction():
                result, changes = await change(connection, passing)
                await tell(connection, self.changes.to_tell(changes))
        finally:
            # Also where no word of the commit came: it may have happened.
            self.changes.publish(changes)
        return result

    @asynccontextmanager
    async def _turn(self, account_id: str, until: float) -> AsyncIterator["_Turn"]:
        """One change of an account at a time, in order; whoever waits has no connection yet.
        Raises RowsHeld where it does not come in time."""
        turn = self._turns.setdefault(account_id, _Turn())
        turn.wanted += 1
        try:
            try:
                async with asyncio.timeout_at(until):
                    await turn.lock.acquire()
            except TimeoutError:
                raise RowsHeld("PostgreSQL: the account has many changes before this one") from None
            try:
                yield turn
            finally:
                turn.lock.release()
        finally:
            turn.wanted -= 1
            if not turn.wanted:
                del self._turns[account_id]


class _Turn:
    """``wanted``: how many change the account, or wait to. ``held``: somebody else held its row the
    last time."""

    def __init__(self) -> None:
        self.lock, self.wanted, self.held = asyncio.Lock(), 0, False


async def open_engine(url: str, handler: Handler, statements: Sequence[str]) -> Engine:
    """``statements``: those of the handler, and of commits for calls. Raises StoreFailed."""
    pool = await open_pool(url, _OTHERS)
    try:
        calls = await open_pool(url, _CALLS, for_calls=True, statements=(*statements, TELL))
    except BaseException:
        with contextlib.suppress(Exception):
            await pool.close()
        raise
    return Engine(pool, calls, handler, url)
