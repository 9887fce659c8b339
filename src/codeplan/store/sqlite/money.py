"""Moves of money in SQLite: the one writer is the lock."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from codeplan.kit.clock import Clock
from codeplan.store import documents as docs
from codeplan.store import money_sql as sql
from codeplan.store.book_reads import BookReads
from codeplan.store.changes import Changed, changed_by
from codeplan.store.documents import Document, Read
from codeplan.store.money import Books, Move
from codeplan.store.money_sql import Statement
from codeplan.store.service_reads import ServiceReads
from codeplan.store.sqlite.engine import Engine
from codeplan.store.sqlite.meter_rows import save

BY_ACCOUNT = "INDEXED BY documents_of_account"


class SqliteMoney(BookReads, ServiceReads):
    """MoneyStore, ClockStore, LedgerStore and ServiceStore over SQLite."""

    _by_account = BY_ACCOUNT
    _counted = "free_calls"

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    async def move(self, wanted: Move) -> bytes:
        answer: bytes = await self._engine.write(self._moves, wanted)
        return answer

    async def books(
        self, account_id: str, reads: Sequence[Read] = (), counters: Sequence[str] = ()
    ) -> Books:
        wanted = Move(account_id, "", lambda *_: NotImplemented, tuple(reads), tuple(counters))
        now = self._clock.now()
        return await self._engine.read(lambda reader: _books(reader, wanted, now))

    async def instant(self) -> int:
        return self._clock.now()

    async def _rows(self, statement: str, *values: Any) -> list[Any]:
        return await self._engine.read(lambda reader: reader.execute(statement, values).fetchall())

    async def _all_rows(self, statement: str) -> list[Any]:
        return [*await self._engine.read_aside(statement, ())]

    async def _write(self, statements: Sequence[Statement], *changes: Changed) -> None:
        await self._engine.write(self._execute, (statements, changes))

    def _execute(
        self,
        connection: sqlite3.Connection,
        items: Sequence[tuple[Sequence[Statement], Sequence[Changed]]],
    ) -> list[None]:
        for statements, changes in items:
            for statement, values in statements:
                connection.execute(statement, values)
            self._engine.changed.update(changes)
        return [None for _ in items]

    def _moves(self, connection: sqlite3.Connection, moves: Sequence[Move]) -> list[Any]:
        return [self._move(connection, wanted) for wanted in moves]

    def _move(self, connection: sqlite3.Connection, wanted: Move) -> bytes | Exception:
        if wanted.key:
            names = (wanted.account_id, wanted.key)
            repeated = connection.execute(sql.REPEATED, names).fetchone()
            if repeated:
                return bytes(repeated[0])
        for name in wanted.counters:
            connection.execute(sql.OPEN_COUNTER, (name,))
        books = _books(connection, wanted, self._clock.now())
        try:
            decision = wanted.decide(books, books.now)
        except ValueError as refused:  # nothing was written
            return refused
        for statement, values in sql.written(wanted.account_id, wanted.key, books.now, decision):
            connection.execute(statement, values)
        if decision.usage is not None:
            save(connection, decision.usage)
        self._engine.changed |= changed_by(decision)
        return decision.answer


def _books(connection: sqlite3.Connection, wanted: Move, now: int) -> Books:
    """The account's books, at its own instant."""
    account_id = wanted.account_id
    zone, ahead = connection.execute(sql.ACCOUNT, (account_id,)).fetchone() or ("", 0)
    now += ahead
    balances = connection.execute(sql.BALANCES, sql.ledger_accounts(account_id)).fetchall()
    newest = connection.execute(sql.NEWEST, (account_id,)).fetchone()
    terms: list[Any] = []
    used: list[Any] = []
    if newest is not None and wanted.terms:
        terms = connection.execute(sql.TERMS, (newest[0], now)).fetchall()
        since = min((row[10] for row in terms), default=now)
        used = connection.execute(sql.USED, (newest[0], since)).fetchall()
    found = _found(connection, wanted.account_id, wanted.reads)
    counters = {name: _counter(connection, name) for name in wanted.counters}
    ever = connection.execute(sql.HISTORY, (account_id,)).fetchall() if wanted.history else ()
    return sql.books_in(balances, newest, terms, used, zone, found, counters, now, ever)


def _found(
    connection: sqlite3.Connection, account_id: str, reads: Sequence[Read]
) -> list[Document]:
    found: list[Document] = []
    for kind, (ids, states) in docs.reading(reads).items():
        name = docs.name_of(kind)
        for identity in ids:
            rows = connection.execute(sql.DOCUMENT, (name, identity))
            found += [docs.document_in(kind, row[0]) for row in rows]
        for state in states:
            query, values = sql.documents_query(name, account_id, state, "", -1, BY_ACCOUNT)
            rows = connection.execute(query, values)
            found += [docs.document_in(kind, row[0]) for row in rows]
    return found


def _counter(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute(sql.COUNTER, (name,)).fetchone()
    return int(row[0]) if row else 0
