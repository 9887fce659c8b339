"""Opening the PostgreSQL store: migrate under a lock, listen for changes, and put its parts
together."""

import asyncio
import contextlib
from functools import partial

import asyncpg

from codeplan.kit.clock import Clock
from codeplan.kit.ids import new_id
from codeplan.kit.instants import SECOND
from codeplan.store.base import StoreFailed
from codeplan.store.postgres.accounts import CHANNEL, PostgresAccounts
from codeplan.store.postgres.engine import Engine, open_pool
from codeplan.store.postgres.metering import PostgresMetering, apply_operations
from codeplan.store.postgres.migrate import migrate
from codeplan.store.postgres.money import PostgresMoney
from codeplan.store.postgres.usage import PostgresUsage

_LISTEN_AGAIN_SECONDS = 1.0


class PostgresStore(PostgresMetering, PostgresAccounts, PostgresUsage, PostgresMoney):
    """The whole store in one database, shared by any number of nodes."""

    def __init__(self, engine: Engine, clock: Clock, node: str, url: str, lease_ms: int) -> None:
        PostgresMetering.__init__(self, engine, clock, node, lease_ms)
        PostgresAccounts.__init__(self, engine)
        self._listening = asyncio.create_task(self._listen(url))

    async def close(self) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        with contextlib.suppress(StoreFailed):
            await self.leave()
        await self._engine.close()

    async def _listen(self, url: str) -> None:
        """Hear of changes; after every break in hearing, something may have changed."""
        while True:
            with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError):
                await self._listen_once(url)
            self.changed()
            await asyncio.sleep(_LISTEN_AGAIN_SECONDS)

    async def _listen_once(self, url: str) -> None:
        ended = asyncio.Event()
        connection = await asyncpg.connect(url, timeout=10)
        connection.add_termination_listener(lambda _: ended.set())
        try:
            await connection.add_listener(CHANNEL, lambda *_: self.changed())
            self.changed()
            await ended.wait()
        finally:
            await connection.close(timeout=2)


async def open_store(url: str, clock: Clock, lease_seconds: int = 15) -> PostgresStore:
    """Open the store in this database, made or brought up to date where needed.

    Raises StoreFailed.
    """
    node = new_id("node", clock.now())
    pool = await open_pool(url)
    try:
        async with pool.acquire() as connection:
            await migrate(connection, clock.now())
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        await pool.close()
        raise StoreFailed(f"PostgreSQL: {error or type(error).__name__}") from error
    except StoreFailed:
        await pool.close()
        raise
    try:
        calls = await open_pool(url, for_calls=True)
    except StoreFailed:
        await pool.close()
        raise
    handler = partial(apply_operations, node=node)
    store = PostgresStore(Engine(pool, calls, handler), clock, node, url, lease_seconds * SECOND)
    await store.beat(frozenset)
    return store
