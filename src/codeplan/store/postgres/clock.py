"""What is due by the clock, and the whole ledger, in PostgreSQL."""

from collections.abc import Mapping
from typing import Any

from codeplan.store import documents as docs
from codeplan.store import money_sql as sql
from codeplan.store.documents import D
from codeplan.store.postgres.engine import Engine
from codeplan.store.postgres.money import numbered
from codeplan.store.rows import Subscription


class PostgresClock:
    """ClockStore and LedgerStore over PostgreSQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def instant(self) -> int:
        async with self._engine.connection() as connection:
            return int(await connection.fetchval("SELECT codeplan_now()"))

    async def due_subscriptions(self, limit: int = 100) -> list[Subscription]:
        now = await self.instant()
        rows = await self._fetch(sql.DUE_SUBSCRIPTIONS, now, now, limit)
        return [sql.subscription_in(row) for row in rows]

    async def due_documents(self, kind: type[D], limit: int = 100) -> list[D]:
        now, name = await self.instant(), docs.name_of(kind)
        rows = await self._fetch(sql.DUE_DOCUMENTS, name, now, name, now, limit)
        return [docs.document_in(kind, row[0]) for row in rows]

    async def next_due(self, account_id: str) -> int | None:
        rows = await self._fetch(sql.NEXT_DUE, account_id, account_id)
        return None if rows[0][0] is None else int(rows[0][0])

    async def set_clock_ahead(self, account_id: str, milliseconds: int) -> None:
        await self._tell(sql.SET_CLOCK, milliseconds, account_id)

    async def set_zone(self, account_id: str, zone: str) -> None:
        await self._tell(sql.SET_ZONE, zone, account_id)

    async def house_sums(self) -> list[tuple[str, str, int]]:
        return [(row[0], row[1], row[2]) for row in await self._fetch(sql.HOUSE)]

    async def came_in(self) -> Mapping[tuple[str, str], int]:
        return {(row[0], row[1]): row[2] for row in await self._fetch(sql.CAME_IN)}

    async def contradictions(self) -> list[tuple[str, str, int, int]]:
        return [(row[0], row[1], row[2], row[3]) for row in await self._fetch(sql.WRONG)]

    async def _fetch(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        async with self._engine.connection() as connection:
            return [tuple(row) for row in await connection.fetch(numbered(statement), *values)]

    async def _tell(self, statement: str, *values: Any) -> None:
        """Change something of an account, and have every node forget what it remembers of it."""
        async with self._engine.connection() as connection, connection.transaction():
            await connection.execute(numbered(statement), *values)
            await connection.execute("NOTIFY codeplan_accounts")
