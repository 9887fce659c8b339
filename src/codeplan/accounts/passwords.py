"""Passwords: checked, chosen, and asked for anew by a link in a letter. Guessing is slowed down for
each address."""

import asyncio
from collections import OrderedDict

from msgspec import structs

from codeplan.accounts.addresses import accounts_at, guessed_at
from codeplan.kit import secrets
from codeplan.kit.clock import Clock
from codeplan.kit.instants import HOUR, MINUTE
from codeplan.store.base import Store
from codeplan.store.changing import amend, put
from codeplan.store.documents import Document
from codeplan.store.rows import Account

MIN_PASSWORD = 10
MAX_PASSWORD = 1000
_RESET_MS = HOUR
# After so many wrong ones in so long, further ones are not looked at.
_GUESSES, _GUESSES_MS = 10, 15 * MINUTE
_KEPT = 100
_REMEMBERED = 100_000
# Verified when no such account exists, so that the answer takes as long.
_DECOY = secrets.hash_password(secrets.new_password())


class PasswordTooShort(ValueError):
    """A password of fewer characters than `MIN_PASSWORD`, or of more than anybody types."""


class TooManyGuesses(ValueError):
    """So many wrong ones came that this one is not looked at."""


class ResetInvalid(ValueError):
    """No such link, or one that was used or has expired."""


class PasswordReset(Document, frozen=True, kw_only=True):
    """Its id is its token's digest. ``state``: open or used."""

    expires_at: int


class Guesses:
    """Wrong guesses by name, in this process; the oldest are forgotten when there are many."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, list[int]] = OrderedDict()

    def must_be_few(self, name: str, most: int = _GUESSES) -> None:
        """Raises TooManyGuesses."""
        since = self._clock.now() - _GUESSES_MS
        if len([at for at in self._wrong.get(name, ()) if at > since]) >= most:
            raise TooManyGuesses(f"more than {most} tries: wait a quarter of an hour")

    def wrong(self, name: str) -> None:
        recent = [*self._wrong.pop(name, ())[-_KEPT:], self._clock.now()]
        self._wrong[name] = recent
        if len(self._wrong) > _REMEMBERED:
            self._wrong.popitem(last=False)

    def right(self, name: str) -> None:
        self._wrong.pop(name, None)


async def hashed(password: str) -> str:
    """Beside the loop, since it takes long on purpose. Raises PasswordTooShort."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise PasswordTooShort(f"a password needs at least {MIN_PASSWORD} characters")
    return await asyncio.to_thread(secrets.hash_password, password)


class Passwords:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self.guesses = Guesses(clock)

    async def account_with(self, email: str, password: str) -> Account | None:
        """Whose e-mail and password these are. Raises TooManyGuesses."""
        name = guessed_at(email)
        self.guesses.must_be_few(name)
        tried: list[Account | None] = [*await accounts_at(self._store, email)]
        for account in tried or [None]:
            digest = account.password_hash if account and account.password_hash else _DECOY
            right = await asyncio.to_thread(
                secrets.password_matches, digest, password[:MAX_PASSWORD]
            )
            if right and account is not None:
                self.guesses.right(name)
                return account
        self.guesses.wrong(name)
        return None

    async def choose(self, account_id: str, password: str) -> None:
        """Raises PasswordTooShort."""
        await self._store.set_password(account_id, await hashed(password))

    async def reset_token(self, account: Account) -> str:
        """A token that lets whoever has it choose a new password, once, within an hour."""
        token, now = secrets.new_token("cr-"), self._clock.now()
        made = PasswordReset(
            id=secrets.digest(token).hex(),
            account_id=account.id,
            made_at=now,
            state="open",
            expires_at=now + _RESET_MS,
        )
        await put(self._store, account.id, made)
        return token

    async def reset(self, token: str, password: str) -> str:
        """The account whose password it is from now on. Raises ResetInvalid, PasswordTooShort."""
        digest = secrets.digest(token).hex()
        new = await hashed(password)
        found = await self._store.document(PasswordReset, digest)
        if found is None:
            raise ResetInvalid("there is no such link")

        def use(current: PasswordReset, now: int) -> PasswordReset:
            if current.state != "open" or now >= current.expires_at:
                raise ResetInvalid("that link was used or has expired")
            return structs.replace(current, state="used")

        await amend(self._store, found.account_id, PasswordReset, digest, use)
        await self._store.set_password(found.account_id, new)
        return found.account_id
