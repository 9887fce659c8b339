"""Accounts, keys, subscriptions and catalogues in SQLite."""

import sqlite3
from collections.abc import Callable, Collection, Sequence
from typing import Any

from codeplan.store.base import AlreadyThere
from codeplan.store.changes import ACCOUNT, CATALOGUE, Changed, Listener
from codeplan.store.money_sql import (
    KEY,
    KEYS_OF,
    SAVE_KEY,
    SUBSCRIPTION,
    key_values,
    subscription_in,
)
from codeplan.store.rows import Account, ClientKey, KeyHolder, Subscription
from codeplan.store.sqlite.engine import Engine

_ACCOUNT = "id, email, role, created_at, password_hash, password_once, zone, clock_ahead"
_NEWEST = " WHERE account_id = ? ORDER BY started_at DESC, id DESC LIMIT 1"

Write = Callable[[sqlite3.Connection], Any]


class SqliteAccounts:
    """AccountStore and SubscriptionStore over SQLite."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def on_change(self, kinds: Collection[str], listener: Listener) -> None:
        self._engine.changes.listen(kinds, listener)

    @property
    def hears(self) -> bool:
        """Nobody else has the store."""
        return True

    async def add_account(self, account: Account, key: ClientKey | None) -> None:
        def write(connection: sqlite3.Connection) -> None:
            try:
                connection.execute(
                    f"INSERT INTO accounts ({_ACCOUNT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        account.id, account.email, account.role, account.created_at,
                        account.password_hash, int(account.password_once), account.zone,
                        account.clock_ahead,
                    ),
                )  # fmt: skip
            except sqlite3.IntegrityError:
                raise AlreadyThere(account.email) from None
            if key is not None:
                connection.execute(SAVE_KEY, key_values(key))

        await self._write_one(write, Changed(ACCOUNT, account.id))

    async def account_by_email(self, email: str) -> Account | None:
        return await self._account("email = ?", email)

    async def account_by_id(self, account_id: str) -> Account | None:
        return await self._account("id = ?", account_id)

    async def _account(self, condition: str, value: str) -> Account | None:
        def query(connection: sqlite3.Connection) -> Account | None:
            row = connection.execute(
                f"SELECT {_ACCOUNT} FROM accounts WHERE {condition}", (value,)
            ).fetchone()
            return _read_account(row) if row else None

        return await self._engine.read(query)

    async def accounts(self, role: str) -> list[Account]:
        def query(connection: sqlite3.Connection) -> list[Account]:
            rows = connection.execute(
                f"SELECT {_ACCOUNT} FROM accounts WHERE role = ? ORDER BY id", (role,)
            )
            return [_read_account(row) for row in rows]

        return await self._engine.read(query)

    async def set_password(self, account_id: str, password_hash: str) -> None:
        await self._update(
            Changed(ACCOUNT, account_id),
            "UPDATE accounts SET password_hash = ?, password_once = 0 WHERE id = ?",
            password_hash,
            account_id,
        )

    async def keys_of(self, account_id: str) -> list[ClientKey]:
        def query(connection: sqlite3.Connection) -> list[ClientKey]:
            rows = connection.execute(KEYS_OF, (account_id,))
            return [ClientKey(*row) for row in rows]

        return await self._engine.read(query)

    async def key_holder(self, digest: bytes) -> KeyHolder | None:
        def query(connection: sqlite3.Connection) -> KeyHolder | None:
            row = connection.execute(
                f"SELECT {KEY} FROM client_keys WHERE digest = ? AND revoked_at IS NULL",
                (digest,),
            ).fetchone()
            if row is None:
                return None
            key = ClientKey(*row)
            account = connection.execute(
                f"SELECT {_ACCOUNT} FROM accounts WHERE id = ?", (key.account_id,)
            ).fetchone()
            held = connection.execute(
                f"SELECT {SUBSCRIPTION} FROM subscriptions{_NEWEST}", (key.pays,)
            ).fetchone()
            return KeyHolder(key, _read_account(account), subscription_in(held) if held else None)

        return await self._engine.read(query)

    async def current_subscription(self, account_id: str) -> Subscription | None:
        def query(connection: sqlite3.Connection) -> Subscription | None:
            row = connection.execute(
                f"SELECT {SUBSCRIPTION} FROM subscriptions{_NEWEST}", (account_id,)
            ).fetchone()
            return subscription_in(row) if row else None

        return await self._engine.read(query)

    async def subscription(self, subscription_id: str) -> Subscription | None:
        def query(connection: sqlite3.Connection) -> Subscription | None:
            row = connection.execute(
                f"SELECT {SUBSCRIPTION} FROM subscriptions WHERE id = ?",
                (subscription_id,),
            ).fetchone()
            return subscription_in(row) if row else None

        return await self._engine.read(query)

    async def keep_catalogue(self, version: str, document: bytes, now: int) -> None:
        await self._update(
            Changed(CATALOGUE),
            "INSERT INTO catalogues (version, document, first_seen_at) VALUES (?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            version,
            document,
            now,
        )

    async def catalogue(self, version: str) -> bytes | None:
        def query(connection: sqlite3.Connection) -> bytes | None:
            row = connection.execute(
                "SELECT document FROM catalogues WHERE version = ?", (version,)
            ).fetchone()
            return bytes(row[0]) if row else None

        return await self._engine.read(query)

    async def _update(self, change: Changed, statement: str, *values: Any) -> None:
        await self._write_one(lambda connection: connection.execute(statement, values), change)

    async def _write_one(self, write: Write, change: Changed) -> None:
        await self._engine.write(self._each, (write, change))

    def _each(
        self, connection: sqlite3.Connection, items: Sequence[tuple[Write, Changed]]
    ) -> list[Any]:
        results: list[Any] = []
        for write, change in items:
            try:
                write(connection)
                results.append(None)
                self._engine.changed.add(change)
            except AlreadyThere as there:
                results.append(there)
        return results


def _read_account(row: sqlite3.Row) -> Account:
    return Account(row[0], row[1], row[2], row[3], row[4], bool(row[5]), row[6], row[7])
