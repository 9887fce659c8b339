"""What is SQLite's own: one process, migrations, one bad write among good ones, a full disk."""

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from codeplan.store.base import StoreFailed, UnknownSchema
from codeplan.store.sqlite.engine import Engine, connect
from codeplan.store.sqlite.migrate import migrate
from codeplan.store.sqlite.store import open_store
from support.meters import HandClock


async def test_one_process_at_a_time(tmp_path: Path) -> None:
    store = await open_store(tmp_path, HandClock())
    with pytest.raises(StoreFailed, match="another codeplan"):
        await open_store(tmp_path, HandClock())
    await store.close()
    await (await open_store(tmp_path, HandClock())).close()


async def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    await (await open_store(tmp_path, HandClock())).close()
    connection = connect(tmp_path / "codeplan.db")
    connection.execute("INSERT INTO migrations VALUES ('2099-01-01-01-later.sql', 0)")
    connection.close()
    with pytest.raises(UnknownSchema):
        await open_store(tmp_path, HandClock())


def test_migrations_are_applied_once(tmp_path: Path) -> None:
    connection = connect(tmp_path / "x.db")
    assert migrate(connection, 0)
    assert migrate(connection, 0) == []


async def test_the_database_is_its_owners_alone(tmp_path: Path) -> None:
    store = await open_store(tmp_path, HandClock())
    assert (tmp_path / "codeplan.db").stat().st_mode & 0o077 == 0
    await store.close()


async def test_one_bad_write_does_not_fail_its_neighbours(tmp_path: Path) -> None:
    connect(tmp_path / "x.db").execute(
        "CREATE TABLE t (n INTEGER CHECK (n < 5))"
    ).connection.close()
    engine = Engine(tmp_path / "x.db")

    def write(connection: sqlite3.Connection, items: Sequence[Any]) -> list[Any]:
        for item in items:
            connection.execute("INSERT INTO t VALUES (?)", (item,))
        return list(items)

    results = await asyncio.gather(
        *(engine.write(write, number) for number in range(10)), return_exceptions=True
    )
    assert [result for result in results if not isinstance(result, StoreFailed)] == [0, 1, 2, 3, 4]
    rows = await engine.read(lambda c: [row[0] for row in c.execute("SELECT n FROM t ORDER BY n")])
    assert rows == [0, 1, 2, 3, 4]
    await engine.close()
