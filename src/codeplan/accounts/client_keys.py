"""An account's client keys: made, named, put in another's place, ended. A key is shown when it is
made and never again; at most so many serve at once."""

from collections.abc import Callable
from dataclasses import replace

from msgspec import structs

from codeplan.accounts.keys import key_row, new_secret
from codeplan.store.base import AccountStore, MoneyStore
from codeplan.store.documents import Document, One
from codeplan.store.money import Books, Decision, Move
from codeplan.store.rows import ClientKey

MOST = 50


class KeyName(Document, frozen=True, kw_only=True):
    """What its owner calls a key. Its id is the key's."""

    name: str


class KeyUnknown(ValueError):
    """The account has no such key, or it was ended."""


class TooManyKeys(ValueError):
    """No more keys serve at once."""


class ClientKeys:
    """``forget``: what is remembered of keys is old."""

    def __init__(
        self, accounts: AccountStore, books: MoneyStore, forget: Callable[[], None]
    ) -> None:
        self._accounts, self._books, self._forget = accounts, books, forget

    async def list_keys(self, account_id: str) -> list[tuple[ClientKey, str]]:
        """Those that serve, the newest first, each with its name."""
        found = []
        for key in await self._accounts.keys_of(account_id):
            named = await self._books.document(KeyName, key.id)
            found.append((key, named.name if named else ""))
        return found

    async def make(self, account_id: str, name: str) -> tuple[ClientKey, str]:
        """A new key, and its secret. Raises TooManyKeys."""
        if len(await self._accounts.keys_of(account_id)) >= MOST:
            raise TooManyKeys(f"at most {MOST} keys serve at once: end one first")
        return await self._put(account_id, name, None)

    async def rotate(self, account_id: str, key_id: str) -> tuple[ClientKey, str]:
        """A new key of the same name in that one's place, which ends. Raises KeyUnknown."""
        old = await self._own(account_id, key_id)
        named = await self._books.document(KeyName, key_id)
        return await self._put(account_id, named.name if named else "", old)

    async def end(self, account_id: str, key_id: str) -> None:
        """The key serves no more. Raises KeyUnknown."""
        old = await self._own(account_id, key_id)

        def decide(_: Books, now: int) -> Decision:
            return Decision(keys=(replace(old, revoked_at=now),))

        await self._books.move(Move(account_id, "", decide, terms=False))
        self._forget()

    async def rename(self, account_id: str, key_id: str, name: str) -> None:
        """Raises KeyUnknown."""
        await self._own(account_id, key_id)

        def decide(books: Books, now: int) -> Decision:
            named = books.found.one(KeyName, key_id)
            made = _named(account_id, key_id, name, now)
            return Decision(documents=(structs.replace(named, name=name) if named else made,))

        await self._books.move(Move(account_id, "", decide, (One(KeyName, key_id),), terms=False))

    async def _own(self, account_id: str, key_id: str) -> ClientKey:
        for key in await self._accounts.keys_of(account_id):
            if key.id == key_id:
                return key
        raise KeyUnknown(f"the account has no key {key_id} that serves")

    async def _put(
        self, account_id: str, name: str, old: ClientKey | None
    ) -> tuple[ClientKey, str]:
        secret = new_secret()
        made: list[ClientKey] = []

        def decide(_: Books, now: int) -> Decision:
            key = key_row(secret, account_id, now, old.payer_id if old else "")
            made[:] = [key]
            keys = (key,) if old is None else (replace(old, revoked_at=now), key)
            return Decision(keys=keys, documents=(_named(account_id, key.id, name, now),))

        await self._books.move(Move(account_id, "", decide, terms=False))
        self._forget()
        return made[0], secret


def _named(account_id: str, key_id: str, name: str, now: int) -> KeyName:
    return KeyName(id=key_id, account_id=account_id, made_at=now, name=name)
