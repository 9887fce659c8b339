"""Console sessions: kept here, listed for their owner, and revocable one by one. Only a token's
digest is kept."""

from msgspec import structs

from codeplan.kit import secrets
from codeplan.kit.clock import Clock
from codeplan.kit.instants import DAY, MINUTE
from codeplan.store.base import Store
from codeplan.store.changing import amend, put
from codeplan.store.documents import Document
from codeplan.store.rows import Account

SESSION_MS = 14 * DAY
# A session whose second factor was not given ends so soon.
_HALF_MS = 10 * MINUTE
# How often it is written that a session is used.
_SEEN_MS = 5 * MINUTE
_MOST_LISTED = 100


class Session(Document, frozen=True, kw_only=True):
    """Its id is its token's digest. ``state``: open, half (the second factor is to come) or
    ended. ``how``: password, key, passkey or oidc. ``program``: the browser, as it calls itself.
    ``seen_account``: whom an operator looks at with it, reading only; "" for nobody. ``key_id``:
    the client key that opened it; it ends with it."""

    expires_at: int
    seen_at: int
    how: str
    program: str = ""
    seen_account: str = ""
    key_id: str = ""


class Sessions:
    """Opened, found, ended."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def open(
        self,
        account_id: str,
        how: str,
        program: str,
        half: bool = False,
        seen_account: str = "",
        key_id: str = "",
    ) -> str:
        """A new session's token. ``half``: a second factor has to follow."""
        token, now = secrets.new_token("cs-"), self._clock.now()
        made = Session(
            id=secrets.digest(token).hex(),
            account_id=account_id,
            made_at=now,
            state="half" if half else "open",
            expires_at=now + (_HALF_MS if half else SESSION_MS),
            seen_at=now,
            how=how,
            program=program[:200],
            seen_account=seen_account,
            key_id=key_id,
        )
        await put(self._store, account_id, made)
        return token

    async def of(self, token: str) -> tuple[Session, Account] | None:
        """What a token stands for, while it lasts; also a half one."""
        found = await self._store.document(Session, secrets.digest(token).hex())
        now = self._clock.now()
        if found is None or found.state == "ended" or found.expires_at <= now:
            return None
        account = await self._store.account_by_id(found.account_id)
        if account is None or not await self._key_serves(found):
            return None
        if now - found.seen_at > _SEEN_MS:
            await self._amend(found, seen_at=now)
        return found, account

    async def _key_serves(self, session: Session) -> bool:
        """Whether the key that opened it, if one did, was not revoked."""
        if not session.key_id:
            return True
        keys = await self._store.keys_of(session.account_id)
        return any(key.id == session.key_id for key in keys)

    async def complete(self, session: Session) -> str:
        """The second factor was given: a whole session in the place of the half one; its token."""
        await self.end(session)
        return await self.open(session.account_id, session.how, session.program)

    async def end(self, session: Session) -> None:
        await self._amend(session, state="ended")

    async def end_one(self, account_id: str, session_id: str) -> bool:
        """Whether the account had such a session."""
        found = await self._store.document(Session, session_id)
        if found is None or found.account_id != account_id:
            return False
        await self.end(found)
        return True

    async def end_others(self, account_id: str, kept: str = "") -> None:
        """All of an account's but the one of that id."""
        for session in await self._store.documents(Session, account_id, "open", limit=1000):
            if session.id != kept:
                await self.end(session)

    async def list_open(self, account_id: str) -> list[Session]:
        """Those that last, the newest first."""
        now = self._clock.now()
        found = await self._store.documents(Session, account_id, "open", limit=1000)
        lasting = [one for one in found if one.expires_at > now]
        return sorted(lasting, key=lambda one: -one.seen_at)[:_MOST_LISTED]

    async def _amend(self, session: Session, **changes: object) -> None:
        def change(current: Session, _: int) -> Session | None:
            return structs.replace(current, **changes) if current.state != "ended" else None

        await amend(self._store, session.account_id, Session, session.id, change)
