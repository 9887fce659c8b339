"""Moves of money in PostgreSQL: the account's row is the lock."""

import re
from collections.abc import Mapping
from itertools import count

from codeplan.ledger.postings import Balance, Entry
from codeplan.store import money_sql as sql
from codeplan.store.money import Books, Move, Term
from codeplan.store.postgres.engine import Connection, Engine
from codeplan.store.rows import Subscription

_numbered: dict[str, str] = {}


class PostgresMoney:
    """MoneyStore over PostgreSQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def move(self, wanted: Move) -> bytes:
        async with self._engine.connection() as connection, connection.transaction():
            await connection.execute(
                "SELECT FROM accounts WHERE id = $1 FOR UPDATE", wanted.account_id
            )
            repeated = await connection.fetchval(
                numbered(sql.REPEATED), wanted.account_id, wanted.key
            )
            if repeated is not None:
                return bytes(repeated)
            now = await connection.fetchval("SELECT codeplan_now()")
            decision = wanted.decide(await _books(connection, wanted.account_id, now), now)
            for statement, values in sql.written(wanted.account_id, wanted.key, now, decision):
                await connection.execute(numbered(statement), *values)
            if decision.subscription is not None:
                await connection.execute("NOTIFY codeplan_accounts")
            return decision.answer

    async def books(self, account_id: str) -> Books:
        async with self._engine.connection() as connection:
            now = await connection.fetchval("SELECT codeplan_now()")
            return await _books(connection, account_id, now)

    async def balances(self, account_id: str) -> Mapping[str, Balance]:
        async with self._engine.connection() as connection:
            accounts = sql.ledger_accounts(account_id)
            return sql.balances_in(
                tuple(row) for row in await connection.fetch(numbered(sql.BALANCES), *accounts)
            )

    async def entries(self, account_id: str, limit: int, before: str = "") -> list[Entry]:
        async with self._engine.connection() as connection:
            rows = await connection.fetch(numbered(sql.ENTRIES), account_id, before, before, limit)
            return [
                sql.entry_in(
                    tuple(row),
                    [tuple(p) for p in await connection.fetch(numbered(sql.POSTINGS), row["id"])],
                )
                for row in rows
            ]

    async def due_for_renewal(self, until: int, since: int) -> list[Subscription]:
        async with self._engine.connection() as connection:
            rows = await connection.fetch(numbered(sql.DUE), until, since)
        return [sql.subscription_in(tuple(row)) for row in rows]

    async def term_at(self, subscription_id: str, at: int) -> Term | None:
        async with self._engine.connection() as connection:
            row = await connection.fetchrow(numbered(sql.TERM_AT), subscription_id, at)
        return Term(*row) if row else None


async def _books(connection: Connection, account_id: str, now: int) -> Books:
    accounts = sql.ledger_accounts(account_id)
    balances = [tuple(row) for row in await connection.fetch(numbered(sql.BALANCES), *accounts)]
    newest = await connection.fetchrow(numbered(sql.NEWEST), account_id)
    if newest is None:
        return sql.books_in(balances, None, (), ())
    terms = [tuple(row) for row in await connection.fetch(numbered(sql.TERMS), newest["id"], now)]
    since = min((row[10] for row in terms), default=now)
    used = [tuple(row) for row in await connection.fetch(numbered(sql.USED), newest["id"], since)]
    return sql.books_in(balances, tuple(newest), terms, used)


def numbered(statement: str) -> str:
    """With ``$1``, ``$2`` and so on for each ``?``."""
    if statement not in _numbered:
        numbers = count(1)
        _numbered[statement] = re.sub(r"\?", lambda _: f"${next(numbers)}", statement)
    return _numbered[statement]
