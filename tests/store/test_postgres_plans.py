"""What a call waits for reads no table of PostgreSQL from end to end, whatever the statistics say.
The server's own count of such reads is the judge."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from codeplan.accounts.devices import Devices, Sighting
from codeplan.kit.instants import DAY
from codeplan.store.base import Store
from codeplan.store.operations import Reserve, Reserved
from codeplan.store.postgres.migrate import make_partitions
from codeplan.store.rows import Account, ClientKey
from store.conftest import Stores
from support.database import Server
from support.meters import HandClock, claim, finish, plan, reserve

SUBSCRIPTIONS, TURNS = 8, 12
# No call looks at these: a node that starts reads the first, one that says it lives the other, of
# which it has a handful of rows.
NO_CALLS = ("migrations", "nodes")


@pytest.fixture
async def stores(postgres: Server, tmp_path: Path) -> AsyncIterator[Stores]:
    postgres.lets_read(tmp_path)
    clock = HandClock(file=tmp_path / "clock")
    yield Stores("postgres", tmp_path, clock, await postgres.database())


async def live(store: Store, clock: HandClock, month: str) -> None:
    """So many calls of so many subscriptions, each with all that a call looks up."""
    devices = Devices(store, clock)
    for turn in range(TURNS):
        running: list[tuple[Reserve, Reserved]] = []
        for number in range(SUBSCRIPTIONS):
            assert await store.key_holder(b"digest") is not None
            sighting = Sighting("acc_1", "ck_1", "opencode", f"{month}{turn}{number}", "::1")
            await devices.admit(sighting)
            call = f"req_{month}{turn}x{number}"
            asked = reserve(
                0, plan(), claim(f"s{turn}"), subscription=f"sub_{number}", call_id=call
            )
            reserved = await store.reserve(asked)
            assert isinstance(reserved, Reserved)
            running.append((asked, reserved))
        await store.beat(partial(frozenset, [asked.call_id for asked, _ in running]))
        for asked, reserved in running:
            await store.finish(finish(asked, reserved))


async def read_from_end_to_end(url: str) -> dict[str, int]:
    """How often each table was, since this was asked last."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE seq_scan > 0"
    )
    await connection.execute("SELECT pg_stat_reset()")
    await connection.close()
    return {row["relname"]: row["seq_scan"] for row in rows if row["relname"] not in NO_CALLS}


async def test_no_table_is_read_from_end_to_end_for_a_call(stores: Stores) -> None:
    store, clock = await stores.open(), stores.clock
    key = ClientKey("ck_1", "acc_1", b"digest", "hint", clock.now())
    await store.add_account(Account("acc_1", "a@example.org", "subscriber", clock.now()), key)
    # A server tells what a connection did when the connection ends.
    await store.close()
    assert await read_from_end_to_end(stores.url) is not None

    store = await stores.open()
    await live(store, clock, "nov")
    await store.close()
    assert await read_from_end_to_end(stores.url) == {}, "an empty database"

    connection = await asyncpg.connect(stores.url)
    await connection.execute("VACUUM ANALYZE")
    clock.instant += 31 * DAY
    async with connection.transaction():
        await make_partitions(connection, clock.now())
    await connection.execute("VACUUM ANALYZE")  # the new month has nothing in it
    await connection.close()
    await read_from_end_to_end(stores.url)
    store = await stores.open()
    await live(store, clock, "dec")
    await store.close()
    assert await read_from_end_to_end(stores.url) == {}, "a new month"

    connection = await asyncpg.connect(stores.url)
    assert await connection.fetchval("SELECT count(*) FROM calls") == 2 * SUBSCRIPTIONS * TURNS
    partitions = await connection.fetch("SELECT DISTINCT tableoid FROM calls")
    assert len(partitions) == 2
    await connection.close()
