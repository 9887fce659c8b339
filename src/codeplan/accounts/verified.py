"""Whose mailbox an account's address is: it was shown once, by a link in a letter or by the word of
a provider. Until then whoever signed up with the address may be a stranger."""

from codeplan.accounts.passkeys import Passkeys
from codeplan.accounts.second_factor import SecondFactors
from codeplan.accounts.sessions import Sessions
from codeplan.kit.clock import Clock
from codeplan.store.base import Store
from codeplan.store.changing import put
from codeplan.store.documents import Document
from codeplan.store.rows import Account


class VerifiedAddress(Document, frozen=True, kw_only=True):
    """Its id is the account's; ``email``: the address that was shown to be its owner's."""

    email: str


class Addresses:
    """Which accounts' addresses are known to be their owners'."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        sessions: Sessions,
        passkeys: Passkeys,
        second_factors: SecondFactors,
    ) -> None:
        self._store, self._clock, self._sessions = store, clock, sessions
        self._passkeys, self._second_factors = passkeys, second_factors

    async def verify(self, account: Account, keeps_password: bool = False) -> None:
        """The address was shown to be its owner's. What opens an account that nobody had shown to
        be theirs before is taken away: password, sessions, passkeys and second factor.
        ``keeps_password``: it was just chosen by whoever showed it."""
        known = await self._store.document(VerifiedAddress, account.id)
        if known is not None and known.email == account.email:
            return
        if known is None:
            await self._take_away(account.id, keeps_password)
        now = self._clock.now()
        shown = VerifiedAddress(
            id=account.id, account_id=account.id, made_at=now, state="on", email=account.email
        )
        await put(self._store, account.id, shown)

    async def _take_away(self, account_id: str, keeps_password: bool) -> None:
        if not keeps_password:
            await self._store.set_password(account_id, "")
        await self._sessions.end_others(account_id)
        await self._second_factors.remove(account_id)
        for passkey in await self._passkeys.list_on(account_id):
            await self._passkeys.remove(account_id, passkey.id)
