"""What is due by the clock, and the whole ledger, in SQLite."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from codeplan.kit.clock import Clock
from codeplan.store import documents as docs
from codeplan.store import money_sql as sql
from codeplan.store.documents import D
from codeplan.store.rows import Subscription
from codeplan.store.sqlite.engine import Engine


class SqliteClock:
    """ClockStore and LedgerStore over SQLite."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    async def instant(self) -> int:
        return self._clock.now()

    async def due_subscriptions(self, limit: int = 100) -> list[Subscription]:
        now = self._clock.now()
        rows = await self._engine.read(_all(sql.DUE_SUBSCRIPTIONS, now, now, limit))
        return [sql.subscription_in(row) for row in rows]

    async def due_documents(self, kind: type[D], limit: int = 100) -> list[D]:
        now, name = self._clock.now(), docs.name_of(kind)
        rows = await self._engine.read(_all(sql.DUE_DOCUMENTS, name, now, name, now, limit))
        return [docs.document_in(kind, row[0]) for row in rows]

    async def next_due(self, account_id: str) -> int | None:
        rows = await self._engine.read(_all(sql.NEXT_DUE, account_id, account_id))
        return None if rows[0][0] is None else int(rows[0][0])

    async def set_clock_ahead(self, account_id: str, milliseconds: int) -> None:
        await self._engine.write(_execute, (sql.SET_CLOCK, (milliseconds, account_id)))

    async def set_zone(self, account_id: str, zone: str) -> None:
        await self._engine.write(_execute, (sql.SET_ZONE, (zone, account_id)))

    async def house_sums(self) -> list[tuple[str, str, int]]:
        rows = await self._engine.read_aside(sql.HOUSE, ())
        return [(row[0], row[1], row[2]) for row in rows]

    async def came_in(self) -> Mapping[tuple[str, str], int]:
        rows = await self._engine.read_aside(sql.CAME_IN, ())
        return {(row[0], row[1]): row[2] for row in rows}

    async def contradictions(self) -> list[tuple[str, str, int, int]]:
        rows = await self._engine.read_aside(sql.WRONG, ())
        return [(row[0], row[1], row[2], row[3]) for row in rows]


def _all(statement: str, *values: Any) -> Callable[[sqlite3.Connection], list[Any]]:
    return lambda reader: reader.execute(statement, values).fetchall()


def _execute(connection: sqlite3.Connection, items: Sequence[Any]) -> list[Any]:
    for statement, values in items:
        connection.execute(statement, values)
    return [None for _ in items]
