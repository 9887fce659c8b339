"""Moves of money in SQLite: the one writer is the lock."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from codeplan.kit.clock import Clock
from codeplan.ledger.postings import Balance, Entry
from codeplan.store import money_sql as sql
from codeplan.store.money import Books, Move, Term
from codeplan.store.rows import Subscription
from codeplan.store.sqlite.engine import Engine


class SqliteMoney:
    """MoneyStore over SQLite."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    async def move(self, wanted: Move) -> bytes:
        answer: bytes = await self._engine.write(self._moves, wanted)
        return answer

    async def books(self, account_id: str) -> Books:
        now = self._clock.now()
        return await self._engine.read(lambda reader: _books(reader, account_id, now))

    async def balances(self, account_id: str) -> Mapping[str, Balance]:
        accounts = sql.ledger_accounts(account_id)
        return await self._engine.read(
            lambda reader: sql.balances_in(reader.execute(sql.BALANCES, accounts))
        )

    async def entries(self, account_id: str, limit: int, before: str = "") -> list[Entry]:
        def query(reader: sqlite3.Connection) -> list[Entry]:
            rows = reader.execute(sql.ENTRIES, (account_id, before, before, limit)).fetchall()
            return [sql.entry_in(row, reader.execute(sql.POSTINGS, (row[0],))) for row in rows]

        return await self._engine.read(query)

    async def due_for_renewal(self, until: int, since: int) -> list[Subscription]:
        return await self._engine.read(
            lambda reader: [
                sql.subscription_in(row) for row in reader.execute(sql.DUE, (until, since))
            ]
        )

    async def term_at(self, subscription_id: str, at: int) -> Term | None:
        def query(reader: sqlite3.Connection) -> Term | None:
            row = reader.execute(sql.TERM_AT, (subscription_id, at)).fetchone()
            return Term(*row) if row else None

        return await self._engine.read(query)

    def _moves(self, connection: sqlite3.Connection, moves: Sequence[Move]) -> list[Any]:
        return [self._move(connection, wanted) for wanted in moves]

    def _move(self, connection: sqlite3.Connection, wanted: Move) -> bytes | Exception:
        repeated = connection.execute(sql.REPEATED, (wanted.account_id, wanted.key)).fetchone()
        if repeated:
            return bytes(repeated[0])
        now = self._clock.now()
        try:
            decision = wanted.decide(_books(connection, wanted.account_id, now), now)
        except ValueError as refused:  # nothing was written
            return refused
        for statement, values in sql.written(wanted.account_id, wanted.key, now, decision):
            connection.execute(statement, values)
        return decision.answer


def _books(connection: sqlite3.Connection, account_id: str, now: int) -> Books:
    balances = connection.execute(sql.BALANCES, sql.ledger_accounts(account_id)).fetchall()
    newest = connection.execute(sql.NEWEST, (account_id,)).fetchone()
    if newest is None:
        return sql.books_in(balances, None, (), ())
    terms = connection.execute(sql.TERMS, (newest[0], now)).fetchall()
    since = min((row[10] for row in terms), default=now)
    used = connection.execute(sql.USED, (newest[0], since)).fetchall()
    return sql.books_in(balances, newest, terms, used)
