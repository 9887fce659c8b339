"""What is due by the clock, and the whole ledger, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from codeplan.store import documents as docs
from codeplan.store import money_sql as sql
from codeplan.store.documents import D, Document
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

    async def due_subscriptions(self, limit: int = 100, account_id: str = "") -> list[Subscription]:
        due = (await self.instant(), account_id, account_id)
        rows = await self._fetch(sql.DUE_SUBSCRIPTIONS, *due, *due, limit)
        return [sql.subscription_in(row) for row in rows]

    async def due_documents(self, kind: type[D], limit: int = 100, account_id: str = "") -> list[D]:
        due = (docs.name_of(kind), await self.instant(), account_id, account_id)
        rows = await self._fetch(sql.DUE_DOCUMENTS, *due, *due, limit)
        return [docs.document_in(kind, row[0]) for row in rows]

    async def next_due(self, account_id: str, kinds: Sequence[type[Document]]) -> int | None:
        rows = await self._fetch(sql.NEXT_DUE_SUBSCRIPTION, account_id)
        for kind in kinds:
            rows += await self._fetch(sql.NEXT_DUE_DOCUMENT, account_id, docs.name_of(kind))
        return min((int(row[0]) for row in rows if row[0] is not None), default=None)

    async def forget_documents(self, kind: type[Document], state: str, before: int) -> None:
        await self._fetch(sql.FORGET, docs.name_of(kind), state, before)

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
