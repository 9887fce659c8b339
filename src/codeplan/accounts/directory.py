"""The accounts' use cases: making one, and knowing whose key a call brings."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from codeplan.accounts.addresses import accounts_at, address_of
from codeplan.accounts.keys import KeyName, key_in, key_row, new_secret
from codeplan.kit import secrets
from codeplan.kit.clock import Clock
from codeplan.kit.ids import new_id
from codeplan.store.base import AccountStore, AlreadyThere, ChangeStore, MoneyStore
from codeplan.store.remembered import Remembered
from codeplan.store.rows import Account, ClientKey, KeyHolder, Subscription


class HolderStore(AccountStore, MoneyStore, ChangeStore, Protocol):
    """Accounts, and what is said of their keys."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account just made. ``key`` is shown now and never again."""

    account: Account
    key: str


class Accounts:
    """Who is who."""

    def __init__(self, store: HolderStore, clock: Clock) -> None:
        self._store, self._clock = store, clock
        # So that a known key costs no look-up on each call.
        self._holders: Remembered[bytes, KeyHolder] = Remembered(
            store,
            (ClientKey, Account, Subscription, KeyName),
            self._load,
            lambda _, holder: (holder.account.id, holder.key.pays),
        )

    async def create(self, email: str) -> NewAccount:
        """A subscriber with one key. Raises EmailInvalid, AlreadyThere."""
        address, now = await self._new_address(email), self._clock.now()
        account = Account(new_id("acc", now), address, "subscriber", now)
        secret = new_secret()
        await self._store.add_account(account, key_row(secret, account.id, now))
        return NewAccount(account, secret)

    async def create_operator(self, email: str) -> tuple[Account, str]:
        """An operator with a password that serves once. Raises EmailInvalid, AlreadyThere."""
        address, now = await self._new_address(email), self._clock.now()
        password = secrets.new_password()
        hashed = secrets.hash_password(password)
        account = Account(new_id("acc", now), address, "operator", now, hashed, password_once=True)
        await self._store.add_account(account, None)
        return account, password

    async def open(
        self, email: str, password_hash: str = "", zone: str = "", role: str = "subscriber"
    ) -> Account:
        """An account without a key, which its owner makes. Raises EmailInvalid, AlreadyThere."""
        address, now = await self._new_address(email), self._clock.now()
        account = Account(new_id("acc", now), address, role, now, password_hash, zone=zone)
        await self._store.add_account(account, None)
        return account

    async def _new_address(self, email: str) -> str:
        """The address as it is kept. Raises EmailInvalid, and AlreadyThere where somebody has it in
        whatever spelling."""
        address = address_of(email)
        if await accounts_at(self._store, email):
            raise AlreadyThere(address)
        return address

    async def operators(self) -> list[Account]:
        return await self._store.accounts("operator")

    async def subscribers(self) -> list[Account]:
        return await self._store.accounts("subscriber")

    async def by_email(self, email: str) -> Account | None:
        found = await accounts_at(self._store, email)
        return found[0] if found else None

    async def holder_in(self, headers: Mapping[bytes, bytes]) -> KeyHolder | None:
        """Whose key a call brings, in any of its forms; None where there is none, or nobody's."""
        key = key_in(headers)
        return await self.holder_of(key) if key else None

    async def holder_of(self, key: str) -> KeyHolder | None:
        """Whose key it is, with the subscription; None for a key that is nobody's."""
        return await self._holders.get(secrets.digest(key))

    async def _load(self, digest: bytes) -> KeyHolder | None:
        holder = await self._store.key_holder(digest)
        if holder is None:
            return None
        named = await self._store.document(KeyName, holder.key.id)
        return replace(holder, rules=named.rules) if named is not None else holder
