"""An account's client keys: made, named, limited, put in another's place, ended. A key is shown
when it is made and never again; at most so many serve at once."""

from dataclasses import dataclass, replace

from codeplan.accounts.keys import KeyName, key_row, new_secret
from codeplan.store.base import AccountStore, MoneyStore
from codeplan.store.documents import One
from codeplan.store.money import Books, Decision, Move
from codeplan.store.rows import ANYTHING, ClientKey, KeyRules

MOST = 50
_MOST_NAME = 100
_MOST_PROMPTS = 10_000_000


class KeyUnknown(ValueError):
    """The account has no such key, or it was ended."""


class TooManyKeys(ValueError):
    """No more keys serve at once."""


class KeyRulesInvalid(ValueError):
    """A name that is too long, a lane that there is not, a limit below nothing."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A key as its owner wants it."""

    name: str = ""
    rules: KeyRules = ANYTHING

    def checked(self) -> "Wanted":
        """Raises KeyRulesInvalid."""
        if len(self.name) > _MOST_NAME:
            raise KeyRulesInvalid(f"name: expected at most {_MOST_NAME} characters")
        if self.rules.lane not in ("", "plan", "paid"):
            raise KeyRulesInvalid("lane: expected plan, paid, or nothing for both")
        if not 0 <= self.rules.prompts_a_month <= _MOST_PROMPTS:
            raise KeyRulesInvalid(f"prompts_a_month: expected 0 to {_MOST_PROMPTS}")
        return self


class ClientKeys:
    def __init__(self, accounts: AccountStore, books: MoneyStore) -> None:
        self._accounts, self._books = accounts, books

    async def list_keys(self, account_id: str) -> list[tuple[ClientKey, KeyName]]:
        """Those that serve, the newest first, each with its name and what it may do."""
        found = []
        for key in await self._accounts.keys_of(account_id):
            named = await self._books.document(KeyName, key.id)
            found.append((key, named or _named(account_id, key.id, Wanted(), 0)))
        return found

    async def make(self, account_id: str, wanted: Wanted) -> tuple[ClientKey, str]:
        """A new key, and its secret. Raises TooManyKeys, KeyRulesInvalid."""
        if len(await self._accounts.keys_of(account_id)) >= MOST:
            raise TooManyKeys(f"at most {MOST} keys serve at once: end one first")
        return await self._put(account_id, wanted.checked(), None)

    async def rotate(self, account_id: str, key_id: str) -> tuple[ClientKey, str]:
        """A new key of the same name in that one's place, which ends. Raises KeyUnknown."""
        old = await self._own(account_id, key_id)
        named = await self._books.document(KeyName, key_id)
        wanted = Wanted(named.name, named.rules) if named else Wanted()
        return await self._put(account_id, wanted, old)

    async def end(self, account_id: str, key_id: str) -> None:
        """The key serves no more. Raises KeyUnknown."""
        old = await self._own(account_id, key_id)

        def decide(_: Books, now: int) -> Decision:
            return Decision(keys=(replace(old, revoked_at=now),))

        await self._books.move(Move(account_id, "", decide, terms=False))

    async def change(self, account_id: str, key_id: str, wanted: Wanted) -> None:
        """Another name, and what it may do. Raises KeyUnknown, KeyRulesInvalid."""
        await self._own(account_id, key_id)
        checked = wanted.checked()

        def decide(_: Books, now: int) -> Decision:
            return Decision(documents=(_named(account_id, key_id, checked, now),))

        reads = (One(KeyName, key_id),)
        await self._books.move(Move(account_id, "", decide, reads, terms=False))

    async def _own(self, account_id: str, key_id: str) -> ClientKey:
        for key in await self._accounts.keys_of(account_id):
            if key.id == key_id:
                return key
        raise KeyUnknown(f"the account has no key {key_id} that serves")

    async def _put(
        self, account_id: str, wanted: Wanted, old: ClientKey | None
    ) -> tuple[ClientKey, str]:
        secret = new_secret()
        made: list[ClientKey] = []

        def decide(_: Books, now: int) -> Decision:
            key = key_row(secret, account_id, now, old.payer_id if old else "")
            made[:] = [key]
            keys = (key,) if old is None else (replace(old, revoked_at=now), key)
            return Decision(keys=keys, documents=(_named(account_id, key.id, wanted, now),))

        await self._books.move(Move(account_id, "", decide, terms=False))
        return made[0], secret


def _named(account_id: str, key_id: str, wanted: Wanted, now: int) -> KeyName:
    rules = wanted.rules
    return KeyName(
        id=key_id,
        account_id=account_id,
        made_at=now,
        name=wanted.name,
        models=rules.models,
        lane=rules.lane,
        prompts_a_month=rules.prompts_a_month,
    )
