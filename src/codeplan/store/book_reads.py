"""What every engine reads of money alike: entries, terms, documents, what is due, and the whole
ledger. An engine gives it rows."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from codeplan.ledger.postings import Balance, Entry
from codeplan.store import documents as docs
from codeplan.store import money_sql as sql
from codeplan.store.changes import ACCOUNT, Changed
from codeplan.store.documents import D, Document
from codeplan.store.money import Term
from codeplan.store.money_sql import Statement
from codeplan.store.rows import Subscription


class BookReads(ABC):
    """MoneyStore's reads, ClockStore and LedgerStore, over an engine's rows."""

    _by_account = ""

    @abstractmethod
    async def _rows(self, statement: str, *values: Any) -> Sequence[Sequence[Any]]: ...

    async def _all_rows(self, statement: str) -> Sequence[Sequence[Any]]:
        """Of a query that looks at a whole table."""
        return await self._rows(statement)

    @abstractmethod
    async def _write(self, statements: Sequence[Statement], *changes: Changed) -> None:
        """All of them in one commit, which tells of these changes."""

    @abstractmethod
    async def instant(self) -> int: ...

    async def answered(self, account_id: str, key: str) -> bytes | None:
        rows = await self._rows(sql.REPEATED, account_id, key)
        return bytes(rows[0][0]) if rows else None

    async def balances(self, account_id: str) -> Mapping[str, Balance]:
        return sql.balances_in(await self._rows(sql.BALANCES, *sql.ledger_accounts(account_id)))

    async def entries(
        self,
        account_id: str,
        limit: int,
        before: str = "",
        since: int = 0,
        until: int | None = None,
    ) -> list[Entry]:
        values = (account_id, before, before, since, sql.FAR if until is None else until, limit)
        return [
            sql.entry_in(row, await self._rows(sql.POSTINGS, row[0]))
            for row in await self._rows(sql.ENTRIES, *values)
        ]

    async def term_at(self, subscription_id: str, at: int) -> Term | None:
        rows = await self._rows(sql.TERM_AT, subscription_id, at)
        return Term(*rows[0]) if rows else None

    async def document(self, kind: type[D], identity: str) -> D | None:
        rows = await self._rows(sql.DOCUMENT, docs.name_of(kind), identity)
        return docs.document_in(kind, rows[0][0]) if rows else None

    async def documents(
        self,
        kind: type[D],
        account_id: str = "",
        state: str = "",
        limit: int = 200,
        before: str = "",
    ) -> list[D]:
        query, values = sql.documents_query(
            docs.name_of(kind), account_id, state, before, limit, self._by_account
        )
        return [docs.document_in(kind, row[0]) for row in await self._rows(query, *values)]

    async def due_subscriptions(self, limit: int = 100, account_id: str = "") -> list[Subscription]:
        due = (await self.instant(), account_id, account_id)
        rows = await self._rows(sql.DUE_SUBSCRIPTIONS, *due, *due, limit)
        return [sql.subscription_in(row) for row in rows]

    async def due_documents(self, kind: type[D], limit: int = 100, account_id: str = "") -> list[D]:
        due = (docs.name_of(kind), await self.instant(), account_id, account_id)
        rows = await self._rows(sql.DUE_DOCUMENTS, *due, *due, limit)
        return [docs.document_in(kind, row[0]) for row in rows]

    async def next_due(self, account_id: str, kinds: Sequence[type[Document]]) -> int | None:
        found = [*await self._rows(sql.NEXT_DUE_SUBSCRIPTION, account_id)]
        for kind in kinds:
            found += await self._rows(sql.NEXT_DUE_DOCUMENT, account_id, docs.name_of(kind))
        return min((int(row[0]) for row in found if row[0] is not None), default=None)

    async def forget_documents(self, kind: type[Document], state: str, before: int) -> None:
        name = docs.name_of(kind)
        await self._write([(sql.FORGET, (name, state, before))], Changed(name))

    async def set_clock_ahead(self, account_id: str, milliseconds: int) -> None:
        await self._write(
            [(sql.SET_CLOCK, (milliseconds, account_id))], Changed(ACCOUNT, account_id)
        )

    async def set_zone(self, account_id: str, zone: str) -> None:
        await self._write([(sql.SET_ZONE, (zone, account_id))], Changed(ACCOUNT, account_id))

    async def house_sums(self) -> list[tuple[str, str, int]]:
        return [(row[0], row[1], row[2]) for row in await self._all_rows(sql.HOUSE)]

    async def came_in(self) -> Mapping[tuple[str, str], int]:
        return {(row[0], row[1]): row[2] for row in await self._all_rows(sql.CAME_IN)}

    async def contradictions(self) -> list[tuple[str, str, int, int]]:
        return [(row[0], row[1], row[2], row[3]) for row in await self._all_rows(sql.WRONG)]
