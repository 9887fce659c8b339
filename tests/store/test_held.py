"""What somebody else holds in PostgreSQL: only whoever needs it waits, and not for long; and which
node may take another for dead."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from codeplan.kit.instants import SECOND
from codeplan.ledger import movements
from codeplan.ledger.movements import Moment
from codeplan.store.base import RowsHeld
from codeplan.store.documents import Document, Mine, One
from codeplan.store.money import Books, Decision, Move
from codeplan.store.operations import Reserved
from codeplan.store.postgres.connections import open_pool
from codeplan.store.postgres.lanes import LANES
from codeplan.store.postgres.metering import apply_operations
from codeplan.store.postgres.money import moved
from codeplan.store.postgres.store import STATEMENTS, PostgresStore, open_store
from codeplan.store.rows import Account
from store.conftest import Stores
from support.database import Server
from support.meters import NOON, HandClock, claim, finish, plan, reserve

LITE = plan(10_000)
# So many that every lane has some.
SUBSCRIPTIONS = [f"sub_{number}" for number in range(8 * LANES)]


@pytest.fixture
async def url(postgres: Server) -> str:
    return await postgres.database()


@pytest.fixture
async def store(url: str) -> AsyncIterator[PostgresStore]:
    opened = await open_store(url, HandClock())
    yield opened
    await opened.close()


@asynccontextmanager
async def holding(url: str, statement: str) -> AsyncIterator[None]:
    """A session of somebody else, which has no limits, holds rows until the block ends."""
    connection = await asyncpg.connect(url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(statement)
    try:
        yield
    finally:
        await transaction.rollback()
        await connection.close()


async def serve(store: PostgresStore, number: int, subscription: str) -> None:
    asked = reserve(number, LITE, claim(f"s{number}"), subscription)
    reserved = await store.reserve(asked)
    assert isinstance(reserved, Reserved)
    await store.finish(finish(asked, reserved))


HELD = SUBSCRIPTIONS[0]


@pytest.mark.parametrize(
    "statement",
    [
        f"SELECT FROM meters WHERE subscription_id = '{HELD}' FOR UPDATE",
        # One that nobody sees yet, so that it cannot be passed by.
        "INSERT INTO meters (subscription_id) VALUES ('sub_new')",
    ],
    ids=["a row", "a row that is not yet there"],
)
async def test_one_whose_rows_are_held_waits_alone(
    store: PostgresStore, url: str, statement: str
) -> None:
    for number, subscription in enumerate(SUBSCRIPTIONS):
        await serve(store, number, subscription)
    held = HELD if HELD in statement else "sub_new"
    others = [name for name in SUBSCRIPTIONS if name != held]
    async with holding(url, statement):
        waits = [asyncio.create_task(serve(store, 100 + n, held)) for n in range(3)]
        # All others are served before the first of those gives up.
        await asyncio.gather(*(serve(store, 1000 + n, name) for n, name in enumerate(others)))
        assert not any(task.done() for task in waits)
        for task in waits:
            with pytest.raises(RowsHeld):
                await task
    await serve(store, 99, held)


async def test_one_whose_rows_come_free_in_time_is_served_in_order(
    store: PostgresStore, url: str
) -> None:
    await serve(store, 0, HELD)
    async with holding(url, f"SELECT FROM meters WHERE subscription_id = '{HELD}' FOR UPDATE"):
        first = asyncio.create_task(serve(store, 1, HELD))
        # It has waited in its lane, and waits apart now.
        await asyncio.sleep(1.2)
        second = asyncio.create_task(serve(store, 2, HELD))
        await asyncio.sleep(0.2)
        assert not (first.done() or second.done())
    await asyncio.gather(first, second)


async def test_an_account_whose_row_is_held_takes_no_connections(
    store: PostgresStore, url: str
) -> None:
    for name in ("acc_1", "acc_2"):
        await store.add_account(Account(name, f"{name}@example.org", "subscriber", NOON), None)

    async def move(account_id: str) -> bytes:
        return await store.move(Move(account_id, "", lambda *_: Decision(), terms=False))

    async with holding(url, "SELECT FROM accounts WHERE id = 'acc_1' FOR UPDATE"):
        waits = [asyncio.create_task(move("acc_1")) for _ in range(50)]
        for _ in range(20):
            await move("acc_2")
        assert not any(task.done() for task in waits)
        results = await asyncio.gather(*waits, return_exceptions=True)
        assert all(isinstance(result, RowsHeld) for result in results)
    await move("acc_1")


async def test_a_session_that_holds_rows_in_silence_is_ended(
    store: PostgresStore, url: str
) -> None:
    """As one of a node that is frozen: whoever waits is served."""
    await serve(store, 0, HELD)
    pool = await open_pool(url, 1, for_calls=True)
    async with pool.acquire() as frozen:
        await frozen.execute("BEGIN")
        await frozen.execute(f"SELECT FROM meters WHERE subscription_id = '{HELD}' FOR UPDATE")
        await serve(store, 1, HELD)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await frozen.execute("SELECT 1")
    await pool.close()


_PREPARED = "SELECT statement FROM pg_prepared_statements"


async def test_a_transaction_that_holds_rows_prepares_nothing(url: str) -> None:
    """The first time, a statement goes out in two parts; between them the server's time-outs do not
    run."""
    await (await open_store(url, HandClock())).close()
    pool = await open_pool(url, 1, for_calls=True, statements=STATEMENTS)
    asked = reserve(1, LITE, claim())
    reads = (One(Note, "note_1"), Mine(Note, "on"))
    change = Move("acc_1", "once", _decide, reads, ("numbers",), history=True)
    async with pool.acquire() as connection:
        before = {row[0] for row in await connection.fetch(_PREPARED)}
        for passing in (False, True):
            (reserved,) = await apply_operations(connection, [asked], passing, "node_1")
            assert isinstance(reserved, Reserved)
            await apply_operations(connection, [finish(asked, reserved)], passing, "node_1")
            await moved(change, connection, passing)
        after = {row[0] for row in await connection.fetch(_PREPARED)}
    await pool.close()
    assert after - before == set()


class Note(Document, frozen=True, kw_only=True):
    """What a move writes here."""


def _decide(books: Books, now: int) -> Decision:
    moment = Moment("entry_1", now, "acc_1", "CNY", "top_up", "note")
    return Decision(
        entries=(movements.top_up(moment, 100, "bank"),),
        documents=(Note(id="note_1", account_id="acc_1", made_at=now),),
        counters={"numbers": books.counters["numbers"] + 1},
    )


@pytest.fixture
async def nodes(postgres: Server, tmp_path: Path) -> AsyncIterator[Stores]:
    postgres.lets_read(tmp_path)
    clock = HandClock(file=tmp_path / "clock")
    made = Stores("postgres", tmp_path, clock, await postgres.database())
    yield made
    await made.close()


async def test_a_node_takes_nobody_for_dead_after_its_own_gap(nodes: Stores) -> None:
    clock = nodes.clock
    one, other = await nodes.open(), await nodes.open()
    asked = reserve(1, LITE, claim())
    reserved = await other.reserve(asked)
    assert isinstance(reserved, Reserved)
    # The database was away for both; the first is back sooner.
    clock.instant += 20 * SECOND
    assert await one.beat(frozenset) == 0
    clock.instant += 3 * SECOND
    assert await one.beat(frozenset) == 0
    assert await other.beat(lambda: {asked.call_id}) == 0
    # The other falls silent now, and the first is seen all the while.
    for _ in range(4):
        clock.instant += 3 * SECOND
        assert await one.beat(frozenset) == 0
    clock.instant += 3 * SECOND
    assert await one.beat(frozenset) == 1
