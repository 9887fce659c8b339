"""Accounts, keys, subscriptions and catalogues in PostgreSQL."""

from collections.abc import Collection
from typing import Any

import asyncpg

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
from codeplan.store.postgres.connections import Connection
from codeplan.store.postgres.engine import Engine
from codeplan.store.postgres.money import numbered
from codeplan.store.rows import Account, ClientKey, KeyHolder, Subscription

_ACCOUNT = "id, email, role, created_at, password_hash, password_once, zone, clock_ahead"
_NEWEST = " WHERE account_id = $1 ORDER BY started_at DESC, id DESC LIMIT 1"


class PostgresAccounts:
    """AccountStore and SubscriptionStore over PostgreSQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def on_change(self, kinds: Collection[str], listener: Listener) -> None:
        self._engine.changes.listen(kinds, listener)

    @property
    def hears(self) -> bool:
        return self._engine.hears

    async def add_account(self, account: Account, key: ClientKey | None) -> None:
        async def add(connection: Connection, _: bool) -> tuple[None, list[Changed]]:
            try:
                await connection.execute(
                    f"INSERT INTO accounts ({_ACCOUNT}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                    account.id, account.email, account.role, account.created_at,
                    account.password_hash, account.password_once, account.zone,
                    account.clock_ahead,
                )  # fmt: skip
            except asyncpg.UniqueViolationError:
                raise AlreadyThere(account.email) from None
            if key is not None:
                await connection.execute(numbered(SAVE_KEY), *key_values(key))
            return None, [Changed(ACCOUNT, account.id)]

        await self._engine.commit(account.id, add)

    async def account_by_email(self, email: str) -> Account | None:
        return await self._account("lower(email) = lower($1)", email)

    async def account_by_id(self, account_id: str) -> Account | None:
        return await self._account("id = $1", account_id)

    async def _account(self, condition: str, value: str) -> Account | None:
        row = await self._row(f"SELECT {_ACCOUNT} FROM accounts WHERE {condition}", value)
        return Account(*row) if row else None

    async def accounts(self, role: str) -> list[Account]:
        async with self._engine.connection() as connection:
            rows = await connection.fetch(
                f"SELECT {_ACCOUNT} FROM accounts WHERE role = $1 ORDER BY id", role
            )
        return [Account(*row) for row in rows]

    async def set_password(self, account_id: str, password_hash: str) -> None:
        await self._update(
            Changed(ACCOUNT, account_id),
            "UPDATE accounts SET password_hash = $1, password_once = false WHERE id = $2",
            password_hash,
            account_id,
        )

    async def keys_of(self, account_id: str) -> list[ClientKey]:
        async with self._engine.connection() as connection:
            rows = await connection.fetch(numbered(KEYS_OF), account_id)
        return [ClientKey(*row) for row in rows]

    async def key_holder(self, digest: bytes) -> KeyHolder | None:
        async with self._engine.for_calls() as connection:
            row = await connection.fetchrow(
                f"SELECT {KEY} FROM client_keys WHERE digest = $1 AND revoked_at IS NULL", digest
            )
            if row is None:
                return None
            key = ClientKey(*row)
            account = await connection.fetchrow(
                f"SELECT {_ACCOUNT} FROM accounts WHERE id = $1", key.account_id
            )
            held = await connection.fetchrow(
                f"SELECT {SUBSCRIPTION} FROM subscriptions{_NEWEST}", key.pays
            )
            assert account is not None  # a key's account is never removed
        return KeyHolder(key, Account(*account), subscription_in(tuple(held)) if held else None)

    async def current_subscription(self, account_id: str) -> Subscription | None:
        row = await self._row(f"SELECT {SUBSCRIPTION} FROM subscriptions{_NEWEST}", account_id)
        return subscription_in(tuple(row)) if row else None

    async def subscription(self, subscription_id: str) -> Subscription | None:
        row = await self._row(
            f"SELECT {SUBSCRIPTION} FROM subscriptions WHERE id = $1", subscription_id
        )
        return subscription_in(tuple(row)) if row else None

    async def keep_catalogue(self, version: str, document: bytes, now: int) -> None:
        await self._update(
            Changed(CATALOGUE),
            "INSERT INTO catalogues VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            version, document, now,
        )  # fmt: skip

    async def catalogue(self, version: str) -> bytes | None:
        row = await self._row("SELECT document FROM catalogues WHERE version = $1", version)
        return bytes(row[0]) if row else None

    async def _row(self, query: str, *values: Any) -> asyncpg.Record | None:
        async with self._engine.for_calls() as connection:
            return await connection.fetchrow(query, *values)

    async def _update(self, change: Changed, statement: str, *values: Any) -> None:
        async def write(connection: Connection, _: bool) -> tuple[None, list[Changed]]:
            await connection.execute(statement, *values)
            return None, [change]

        await self._engine.commit(change.account_id, write)
