"""Every store, each new and empty, with a clock that a test moves."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from codeplan.store.base import Store
from codeplan.store.postgres import store as postgres_store
from codeplan.store.sqlite import store as sqlite_store
from support.database import Server
from support.meters import HandClock


class Stores:
    """Opens stores on the same data: as a process does that starts again, or as another node."""

    def __init__(self, kind: str, folder: Path, clock: HandClock, url: str = "") -> None:
        self.kind, self.folder, self.clock, self.url = kind, folder, clock, url
        self._opened: list[Store] = []

    async def open(self) -> Store:
        if self.kind == "sqlite":
            opened: Store = await sqlite_store.open_store(self.folder, self.clock)
        else:
            opened = await postgres_store.open_store(self.url, self.clock)
            await self._set_clock()
        self._opened.append(opened)
        return opened

    async def _set_clock(self) -> None:
        """All nodes go by the database's clock, so that is the one to move."""
        connection = await asyncpg.connect(self.url)
        await connection.execute(
            "CREATE OR REPLACE FUNCTION codeplan_now() RETURNS bigint LANGUAGE sql VOLATILE AS"
            f" $$ SELECT pg_read_file('{self.folder}/clock')::bigint $$"
        )
        await connection.close()

    async def close(self) -> None:
        for store in self._opened:
            await store.close()


@pytest.fixture
def clock(tmp_path: Path) -> HandClock:
    return HandClock(file=tmp_path / "clock")


@pytest.fixture(params=["sqlite", "postgres"])
async def stores(
    request: pytest.FixtureRequest, tmp_path: Path, clock: HandClock
) -> AsyncIterator[Stores]:
    url = ""
    if request.param == "postgres":
        server: Server = request.getfixturevalue("postgres")
        server.lets_read(tmp_path)
        url = await server.database()
    made = Stores(request.param, tmp_path, clock, url)
    yield made
    await made.close()


@pytest.fixture
async def store(stores: Stores) -> Store:
    return await stores.open()
