"""Passwords: checked, chosen, and asked for anew by a link in a letter."""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import structs

from codeplan.accounts.addresses import accounts_at, name_of
from codeplan.accounts.guesses import OF_NETWORK, Guesses, Limit
from codeplan.accounts.hashing import hashed, matches
from codeplan.kit import secrets
from codeplan.kit.clock import Clock
from codeplan.kit.instants import HOUR
from codeplan.store.base import Store
from codeplan.store.changing import amend, put
from codeplan.store.documents import Document
from codeplan.store.rows import Account

_RESET_MS = HOUR


class ResetInvalid(ValueError):
    """No such link, or one that was used or has expired."""


class PasswordReset(Document, frozen=True, kw_only=True):
    """Its id is its token's digest. ``state``: open or used."""

    expires_at: int


class KnownBrowser(Document, frozen=True, kw_only=True):
    """A browser in which somebody has signed in to the account. Its id is a digest of both."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a try to sign in comes from. ``network``: as `devices.network_of`; ``browser``: the
    cookie by which it is known; "" for what is not."""

    network: str = ""
    browser: str = ""


_NOWHERE = Origin()


class Passwords:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self.guesses = Guesses(clock)

    async def account_with(
        self, email: str, password: str, origin: Origin = _NOWHERE
    ) -> Account | None:
        """Whose e-mail and password these are. Raises TooManyGuesses."""
        accounts = await accounts_at(self._store, email)
        limits = await self._limits(email, accounts, origin)
        self.guesses.all_must_be_few(limits)
        tried: list[Account | None] = [*accounts]
        for account in tried or [None]:
            right = await matches(account.password_hash if account else "", password)
            if right and account is not None:
                self.guesses.right(limits[0].name)
                return account
        self.guesses.wrong(*(limit.name for limit in limits))
        return None

    async def _limits(
        self, email: str, accounts: Sequence[Account], origin: Origin
    ) -> tuple[Limit, ...]:
        """A browser that is known has a count of its own; all others share the account's."""
        for account in accounts:
            browser = _browser_id(account.id, origin.browser)
            if origin.browser and await self._store.document(KnownBrowser, browser) is not None:
                return (Limit(f"browser/{browser}"),)
        by_network = (Limit(f"network/{origin.network}", OF_NETWORK),) if origin.network else ()
        return (Limit(name_of(email)), *by_network)

    async def know_browser(self, account_id: str, browser: str) -> None:
        """Somebody has signed in there."""
        known = KnownBrowser(
            id=_browser_id(account_id, browser),
            account_id=account_id,
            made_at=self._clock.now(),
            state="on",
        )
        await put(self._store, account_id, known)

    async def is_of(self, account: Account, password: str, session_id: str) -> bool:
        """Whether it is the password of somebody who is signed in. Raises TooManyGuesses."""
        name = f"session/{session_id}"
        self.guesses.must_be_few(name)
        right = await matches(account.password_hash, password)
        if not right:
            self.guesses.wrong(name)
        return right

    async def choose(self, account_id: str, password: str) -> None:
        """Raises PasswordTooShort, TooManyGuesses."""
        await self._store.set_password(account_id, await hashed(password))
        await self._end_resets(account_id)

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
        found = await self._store.document(PasswordReset, digest)
        if found is None or not _is_good(found, self._clock.now()):
            raise ResetInvalid("there is no such link, or it was used or has expired")
        new = await hashed(password)

        def use(current: PasswordReset, now: int) -> PasswordReset:
            if not _is_good(current, now):
                raise ResetInvalid("that link was used or has expired")
            return structs.replace(current, state="used")

        await amend(self._store, found.account_id, PasswordReset, digest, use)
        await self._store.set_password(found.account_id, new)
        await self._end_resets(found.account_id)
        return found.account_id

    async def _end_resets(self, account_id: str) -> None:
        """Whoever else has a link of this account, it is good for nothing any more."""

        def end(current: PasswordReset, _: int) -> PasswordReset:
            return structs.replace(current, state="used")

        for reset in await self._store.documents(PasswordReset, account_id, "open", limit=1000):
            await amend(self._store, account_id, PasswordReset, reset.id, end)


def _is_good(reset: PasswordReset, now: int) -> bool:
    return reset.state == "open" and now < reset.expires_at


def _browser_id(account_id: str, browser: str) -> str:
    return secrets.digest(f"{browser}/{account_id}").hex()
