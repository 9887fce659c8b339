"""Moves of money in PostgreSQL: the account's row is the lock, then the documents and counters that
the move names, always in one order."""

import re
from collections.abc import Collection, Sequence
from functools import partial
from itertools import count
from typing import Any

from codeplan.store import documents as docs
from codeplan.store import money_sql as sql
from codeplan.store.book_reads import BookReads
from codeplan.store.changes import Changed, changed_by
from codeplan.store.documents import D, Document, Read
from codeplan.store.money import Books, Move
from codeplan.store.money_sql import Statement
from codeplan.store.postgres.connections import Connection
from codeplan.store.postgres.engine import Engine
from codeplan.store.postgres.meter_rows import kept, save
from codeplan.store.service_reads import ServiceReads

_numbered: dict[str, str] = {}
_FOUND = """
SELECT body FROM documents
WHERE kind = $1 AND (id = ANY ($2) OR account_id = $3 AND state = ANY ($4)) ORDER BY id
"""
_LOCK_ACCOUNT = "SELECT zone, clock_ahead FROM accounts WHERE id = $1 FOR UPDATE"
_LOCK_FREE_ACCOUNT = f"{_LOCK_ACCOUNT} NOWAIT"
_LOCKED_FOUND = f"{_FOUND} FOR UPDATE"
_NOW = "SELECT codeplan_now()"


class PostgresMoney(BookReads, ServiceReads):
    """MoneyStore, ClockStore, LedgerStore and ServiceStore over PostgreSQL."""

    _counted = "meters"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def move(self, wanted: Move) -> bytes:
        return await self._engine.commit(wanted.account_id, partial(moved, wanted))

    async def books(
        self, account_id: str, reads: Sequence[Read] = (), counters: Sequence[str] = ()
    ) -> Books:
        wanted = Move(account_id, "", lambda *_: NotImplemented, tuple(reads), tuple(counters))
        async with self._engine.connection() as connection:
            account = await connection.fetchrow(numbered(sql.ACCOUNT), account_id)
            return await _books(connection, wanted, account, False)

    async def document(self, kind: type[D], identity: str) -> D | None:
        async with self._engine.for_calls() as connection:
            body = await connection.fetchval(numbered(sql.DOCUMENT), docs.name_of(kind), identity)
        return docs.document_in(kind, body) if body is not None else None

    async def instant(self) -> int:
        async with self._engine.connection() as connection:
            return int(await connection.fetchval(_NOW))

    async def _rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        async with self._engine.connection() as connection:
            return [tuple(row) for row in await connection.fetch(numbered(statement), *values)]

    async def _write(self, statements: Sequence[Statement], *changes: Changed) -> None:
        async def write(connection: Connection, _: bool) -> tuple[None, Sequence[Changed]]:
            for statement, values in statements:
                await connection.execute(numbered(statement), *values)
            return None, changes

        await self._engine.commit("", write)


async def moved(
    wanted: Move, connection: Connection, passing: bool
) -> tuple[bytes, Collection[Changed]]:
    """One transaction's work: the move's answer, and what it changes."""
    lock = _LOCK_FREE_ACCOUNT if passing else _LOCK_ACCOUNT
    account = await connection.fetchrow(lock, wanted.account_id)
    if wanted.key:
        repeated = await connection.fetchval(numbered(sql.REPEATED), wanted.account_id, wanted.key)
        if repeated is not None:
            return bytes(repeated), ()
    books = await _books(connection, wanted, account, True)
    decision = wanted.decide(books, books.now)
    written = sql.written(wanted.account_id, wanted.key, books.now, decision)
    for statement, rows in sql.together(written).items():
        await connection.executemany(numbered(statement), [kept(row) for row in rows])
    if decision.usage is not None:
        await save(connection, decision.usage)
    return decision.answer, changed_by(decision)


async def _books(connection: Connection, wanted: Move, account: Any, locking: bool) -> Books:
    """The account's books, at its own instant."""
    zone, ahead = account or ("", 0)
    found = await _found(connection, wanted, locking)
    counters = {}
    for name in sorted(wanted.counters):
        statement = numbered(sql.TAKE_COUNTER if locking else sql.COUNTER)
        counters[name] = await connection.fetchval(statement, name) or 0
    now = await connection.fetchval(_NOW) + ahead
    accounts = sql.ledger_accounts(wanted.account_id)
    balances = [tuple(row) for row in await connection.fetch(numbered(sql.BALANCES), *accounts)]
    row = await connection.fetchrow(numbered(sql.NEWEST), wanted.account_id)
    newest = tuple(row) if row else None
    terms: list[Any] = []
    used: list[Any] = []
    if newest is not None and wanted.terms:
        terms = [tuple(row) for row in await connection.fetch(numbered(sql.TERMS), newest[0], now)]
        since = min((row[10] for row in terms), default=now)
        used = [tuple(row) for row in await connection.fetch(numbered(sql.USED), newest[0], since)]
    ever: list[Any] = []
    if wanted.history:
        ever = await connection.fetch(numbered(sql.HISTORY), wanted.account_id)
    return sql.books_in(balances, newest, terms, used, zone, found, counters, now, ever)


async def _found(connection: Connection, wanted: Move, locking: bool) -> list[Document]:
    found: list[Document] = []
    for kind, (ids, states) in docs.reading(wanted.reads).items():
        values = (docs.name_of(kind), ids, wanted.account_id, states)
        rows = await connection.fetch(_LOCKED_FOUND if locking else _FOUND, *values)
        found += [docs.document_in(kind, row[0]) for row in rows]
    return found


def numbered(statement: str) -> str:
    """With ``$1``, ``$2`` and so on for each ``?``."""
    if statement not in _numbered:
        numbers = count(1)
        _numbered[statement] = re.sub(r"\?", lambda _: f"${next(numbers)}", statement)
    return _numbered[statement]


STATEMENTS = (
    _LOCK_ACCOUNT, _LOCK_FREE_ACCOUNT, _LOCKED_FOUND, _NOW,
    *(numbered(statement) for statement in sql.OF_MOVES),
)  # fmt: skip
