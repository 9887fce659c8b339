"""What is PostgreSQL's own: several processes, a migration under a lock, partitions."""

import asyncio

import asyncpg
import pytest

from codeplan.kit.instants import DAY
from codeplan.plan.rules import ONE
from codeplan.store.base import StoreFailed, UnknownSchema
from codeplan.store.changes import EVERYTHING, Changed, kinds_of
from codeplan.store.operations import Busy, Reserved
from codeplan.store.postgres.migrate import make_partitions
from codeplan.store.postgres.store import open_store
from codeplan.store.rows import Account
from support.database import Server
from support.meters import NOON, HandClock, claim, finish, plan, reserve


async def test_nodes_that_start_at_once_migrate_once(postgres: Server) -> None:
    url = await postgres.database()
    stores = await asyncio.gather(*(open_store(url, HandClock()) for _ in range(5)))
    for store in stores:
        await store.close()


async def test_a_newer_schema_is_refused(postgres: Server) -> None:
    url = await postgres.database()
    await (await open_store(url, HandClock())).close()
    connection = await asyncpg.connect(url)
    await connection.execute("INSERT INTO migrations VALUES ('2099-01-01-01-later.sql', 0)")
    await connection.close()
    with pytest.raises(UnknownSchema):
        await open_store(url, HandClock())


async def test_a_server_that_is_not_there() -> None:
    with pytest.raises(StoreFailed, match="cannot be used"):
        await open_store("postgresql://nobody@127.0.0.1:1/none", HandClock())


async def test_calls_at_once_are_counted_by_the_store(postgres: Server) -> None:
    url = await postgres.database()
    one, other = await open_store(url, HandClock()), await open_store(url, HandClock())
    two_at_once = plan(concurrency=2)
    first = reserve(1, two_at_once, claim("a"))
    reserved = await one.reserve(first)
    assert isinstance(reserved, Reserved)
    assert isinstance(await other.reserve(reserve(2, two_at_once, claim("b"))), Reserved)
    assert await other.reserve(reserve(3, two_at_once, claim("c"))) == Busy(2)
    await one.finish(finish(first, reserved))
    assert isinstance(await other.reserve(reserve(3, two_at_once, claim("c"))), Reserved)
    await one.close()
    await other.close()


async def test_changes_are_told_to_other_nodes(postgres: Server) -> None:
    url = await postgres.database()
    one, other = await open_store(url, HandClock()), await open_store(url, HandClock())
    told: asyncio.Queue[Changed] = asyncio.Queue()
    one.on_change(kinds_of([Account]), lambda _: None)
    other.on_change(kinds_of([Account]), told.put_nowait)
    await one.add_account(Account("acc_1", "a@example.org", "subscriber", NOON), None)
    async with asyncio.timeout(10):
        # When a node begins to hear, anything may have changed before.
        while (change := await told.get()) == EVERYTHING:
            pass
    assert change == Changed("account", "acc_1")
    await one.close()
    await other.close()


async def test_rows_that_came_before_their_partition_move_into_it(postgres: Server) -> None:
    url = await postgres.database()
    clock = HandClock()
    store = await open_store(url, clock)
    asked = reserve(1, plan(), claim())
    assert isinstance(await store.reserve(asked), Reserved)
    connection = await asyncpg.connect(url)
    # The clock of the partitions was in the past, so this call lies in the partition of the rest.
    assert await connection.fetchval("SELECT count(*) FROM calls_other") == 1
    now = await connection.fetchval("SELECT codeplan_now()")
    async with connection.transaction():
        await make_partitions(connection, now)
    assert await connection.fetchval("SELECT count(*) FROM calls_other") == 0
    assert await connection.fetchval("SELECT count(*) FROM calls") == 1
    await connection.close()
    (window,) = await store.open_windows("sub_1")
    assert window.reserved == ONE
    assert now - NOON > 62 * DAY
    await store.close()


async def test_texts_that_postgresql_cannot_keep(postgres: Server) -> None:
    store = await open_store(await postgres.database(), HandClock())
    asked = reserve(1, plan(), claim("a\0b"))
    reserved = await store.reserve(asked)
    assert isinstance(reserved, Reserved)
    await store.finish(finish(asked, reserved))
    (prompt,) = await store.prompts("acc_1", 1)
    assert (prompt.session, prompt.state) == ("ab", "settled")
    await store.close()
