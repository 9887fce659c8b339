"""Opening the PostgreSQL store: migrate under a lock, and put its parts together."""

import contextlib
from functools import partial

from codeplan.kit.clock import Clock
from codeplan.kit.ids import new_id
from codeplan.kit.instants import SECOND
from codeplan.store.base import StoreFailed
from codeplan.store.postgres import meter_rows, metering, money
from codeplan.store.postgres.accounts import PostgresAccounts
from codeplan.store.postgres.connections import own_connection
from codeplan.store.postgres.engine import Engine, open_engine
from codeplan.store.postgres.metering import PostgresMetering, apply_operations
from codeplan.store.postgres.migrate import migrate
from codeplan.store.postgres.money import PostgresMoney
from codeplan.store.postgres.usage import PostgresUsage

# Of every transaction in which a call's rows are held.
STATEMENTS = (*meter_rows.STATEMENTS, *metering.STATEMENTS, *money.STATEMENTS)


class PostgresStore(PostgresMetering, PostgresAccounts, PostgresUsage, PostgresMoney):
    """The whole store in one database, shared by any number of nodes."""

    def __init__(self, engine: Engine, clock: Clock, node: str, lease_ms: int) -> None:
        PostgresMetering.__init__(self, engine, clock, node, lease_ms)
        PostgresAccounts.__init__(self, engine)

    async def close(self) -> None:
        with contextlib.suppress(StoreFailed):
            await self.leave()
        await self._engine.close()


async def open_store(url: str, clock: Clock, lease_seconds: int = 15) -> PostgresStore:
    """Open the store in this database, made or brought up to date where needed.

    Raises StoreFailed.
    """
    node = new_id("node", clock.now())
    async with own_connection(url) as connection:
        await migrate(connection, clock.now())
    engine = await open_engine(url, partial(apply_operations, node=node), STATEMENTS)
    store = PostgresStore(engine, clock, node, lease_seconds * SECOND)
    await store.beat(frozenset)
    return store
