"""What is due by the clock, and the whole ledger, in SQLite."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from codeplan.kit.clock import Clock
from codeplan.store import documents as docs
from codeplan.store import money_sql as sql
from codeplan.store.documents import D, Document
from codeplan.store.rows import Subscription
from codeplan.store.sqlite.engine import Engine


class SqliteClock:
    """ClockStore and LedgerStore over SQLite."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    async def instant(self) -> int:
        return self._clock.now()

    async def due_subscriptions(self, limit: int = 100, account_id: str = "") -> list[Subscription]:
        due = (self._clock.now(), account_id, account_id)
        rows = await self._engine.read(_all(sql.DUE_SUBSCRIPTIONS, *due, *due, limit))
        return [sql.subscription_in(row) for row in rows]

    async def due_documents(self, kind: type[D], limit: int = 100, account_id: str = "") -> list[D]:
        due = (docs.name_of(kind), self._clock.now(), account_id, account_id)
        rows = await self._engine.read(_all(sql.DUE_DOCUMENTS, *due, *due, limit))
        return [docs.document_in(kind, row[0]) for row in rows]

    async def next_due(self, account_id: str, kinds: Sequence[type[Document]]) -> int | None:
        rows = await self._engine.read(_all(sql.NEXT_DUE_SUBSCRIPTION, account_id))
        for kind in kinds:
            names = (account_id, docs.name_of(kind))
            rows += await self._engine.read(_all(sql.NEXT_DUE_DOCUMENT, *names))
        return min((int(row[0]) for row in rows if row[0] is not None), default=None)

    async def forget_documents(self, kind: type[Document], state: str, before: int) -> None:
        await self._engine.write(_execute, (sql.FORGET, (docs.name_of(kind), state, before)))

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
