"""Signing in to the console: passwords, and sessions that are kept here and can be revoked."""

from codeplan.kit import secrets
from codeplan.kit.clock import Clock
from codeplan.kit.instants import DAY
from codeplan.store.base import AccountStore
from codeplan.store.rows import Account, SignIn

SESSION_MS = 14 * DAY
MIN_PASSWORD = 10
# Verified when no such account exists, so that the answer takes as long.
_DECOY = secrets.hash_password(secrets.new_password())


class PasswordTooShort(ValueError):
    """A password of fewer characters than `MIN_PASSWORD`."""


class SignIns:
    """Console sessions."""

    def __init__(self, store: AccountStore, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def sign_in(self, email: str, password: str) -> tuple[Account, str] | None:
        """The account and a session's token, or None when they do not fit."""
        account = await self._store.account_by_email(email)
        hashed = account.password_hash if account and account.password_hash else _DECOY
        if not secrets.password_matches(hashed, password) or account is None:
            return None
        return account, await self.open(account)

    async def open(self, account: Account) -> str:
        """A new session; its token."""
        token = secrets.new_token("cs-")
        now = self._clock.now()
        await self._store.add_sign_in(
            SignIn(secrets.digest(token), account.id, now, now + SESSION_MS)
        )
        return token

    async def account_of(self, token: str) -> Account | None:
        """Who a session's token stands for, while it lasts."""
        found = await self._store.sign_in(secrets.digest(token))
        if found is None or found.expires_at <= self._clock.now():
            return None
        return await self._store.account_by_id(found.account_id)

    async def sign_out(self, token: str) -> None:
        await self._store.remove_sign_in(secrets.digest(token))

    async def choose_password(self, account: Account, password: str) -> None:
        """Raises PasswordTooShort."""
        if len(password) < MIN_PASSWORD:
            raise PasswordTooShort(f"a password needs at least {MIN_PASSWORD} characters")
        await self._store.set_password(account.id, secrets.hash_password(password))
