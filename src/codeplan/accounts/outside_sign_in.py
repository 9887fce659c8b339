"""Signing in by an OpenID Connect provider: the attempt is bound to the browser that began it, and
who comes back is known by issuer and subject, never by an unverified address."""

from msgspec import structs

from codeplan.accounts.directory import Accounts
from codeplan.accounts.verified import Addresses
from codeplan.identity import Identity, IdentityFailed, OidcProvider
from codeplan.kit import secrets
from codeplan.kit.clock import Clock
from codeplan.kit.instants import MINUTE
from codeplan.store.base import Store
from codeplan.store.changing import amend, put
from codeplan.store.documents import Document
from codeplan.store.rows import Account

_ATTEMPT_MS = 10 * MINUTE


class OidcAttempt(Document, frozen=True, kw_only=True):
    """Its id is its state's digest. ``state``: open or used. ``browser``: the digest of the cookie
    of whoever began it."""

    browser: str
    nonce: str
    verifier: str


class KnownIdentity(Document, frozen=True, kw_only=True):
    """Its id is issuer and subject."""


class OutsideSignIn:
    """``open``: whether somebody who is not known may have an account made."""

    def __init__(
        self,
        store: Store,
        accounts: Accounts,
        addresses: Addresses,
        clock: Clock,
        provider: OidcProvider,
        open_: bool,
    ) -> None:
        self._store, self._accounts, self._clock = store, accounts, clock
        self._addresses, self.provider, self._open = addresses, provider, open_

    async def begin(self, browser: str, return_url: str) -> str:
        """Where the browser is sent. Raises IdentityFailed."""
        state, nonce = secrets.new_token(""), secrets.new_token("")
        verifier = secrets.new_token("") + secrets.new_token("")
        attempt = OidcAttempt(
            id=secrets.digest(state).hex(),
            account_id="",
            made_at=self._clock.now(),
            state="open",
            browser=secrets.digest(browser).hex(),
            nonce=nonce,
            verifier=verifier,
        )
        await put(self._store, "", attempt)
        return await self.provider.address(return_url, state, nonce, verifier)

    async def finish(self, browser: str, state: str, code: str, return_url: str) -> Account:
        """Who came back. Raises IdentityFailed."""

        def use(current: OidcAttempt, now: int) -> OidcAttempt:
            fresh = current.state == "open" and now - current.made_at < _ATTEMPT_MS
            if not fresh or not secrets.same(current.browser, secrets.digest(browser).hex()):
                raise _Stale("this sign-in was begun elsewhere, used before, or has expired")
            return structs.replace(current, state="used")

        try:
            attempt = await amend(self._store, "", OidcAttempt, secrets.digest(state).hex(), use)
        except _Stale as stale:
            raise IdentityFailed(str(stale)) from None
        if attempt is None:
            raise IdentityFailed("this sign-in was not begun here")
        who = await self.provider.identity(code, return_url, attempt.nonce, attempt.verifier)
        return await self._account_of(who)

    async def _account_of(self, who: Identity) -> Account:
        name = f"{who.issuer}|{who.subject}"
        known = await self._store.document(KnownIdentity, name)
        account = await self._store.account_by_id(known.account_id) if known else None
        if account is None and who.email:
            account = await self._accounts.by_email(who.email)
        role = self._role(who)
        if account is None:
            if not who.email:
                raise IdentityFailed("the provider vouches for no e-mail address")
            if not self._open and role != "operator":
                raise IdentityFailed("there is no account of that address, and none is made")
            account = await self._accounts.open(who.email, role=role or "subscriber")
        if role and account.role != role:
            await self._store.set_role(account.id, role)
            account = await self._store.account_by_id(account.id) or account
        if known is None:
            await self._addresses.verify(account)
            now = self._clock.now()
            made = KnownIdentity(id=name, account_id=account.id, made_at=now, state="on")
            await put(self._store, account.id, made)
        return account

    def _role(self, who: Identity) -> str:
        """What the claims make of somebody; "" where they say nothing of it."""
        settings = self.provider.settings
        if not settings.role_claim:
            return ""
        said = who.claims.get(settings.role_claim, [])
        values = said if isinstance(said, list) else [said]
        return "operator" if set(map(str, values)) & set(settings.operators) else "subscriber"


class _Stale(ValueError):
    """An attempt that is over."""
