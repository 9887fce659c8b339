"""The second factor: codes of an authenticator program (TOTP, RFC 6238), and recovery codes for
when it is lost. The secret has to be kept as it is, since codes are made of it; recovery codes are
kept as digests."""

from collections.abc import Callable

import pyotp
from msgspec import structs

from codeplan.accounts.guesses import Guesses
from codeplan.kit import secrets
from codeplan.kit.clock import Clock
from codeplan.kit.instants import HOUR
from codeplan.store.base import Store
from codeplan.store.changing import amend, put
from codeplan.store.documents import Document

_LETTERS = "bcdfghjkmnpqrstvwxz23456789"
_RECOVERY_CODES = 10
_STEP_SECONDS = 30
# So long a secret that nobody has confirmed may still be.
_BEGUN_MS = HOUR


class SecondFactor(Document, frozen=True, kw_only=True):
    """Its id is the account's. ``state``: begun (not confirmed yet), on, or off. ``used_step``: the
    newest step of 30 seconds whose code was taken, so that none is taken twice."""

    secret: str
    recovery: tuple[str, ...] = ()
    used_step: int = 0


class CodeWrong(ValueError):
    """Not a code of this moment, nor an unused recovery code."""


class SecondFactors:
    def __init__(self, store: Store, clock: Clock, guesses: Guesses) -> None:
        self._store, self._clock, self._guesses = store, clock, guesses

    async def is_on(self, account_id: str) -> bool:
        found = await self._store.document(SecondFactor, account_id)
        return found is not None and found.state == "on"

    async def begin(self, account_id: str, email: str, issuer: str) -> tuple[str, str]:
        """A secret that a code has to confirm, and the address that authenticators read from a
        picture. The same for a while, so that a wrong code does not change what was scanned."""
        now = self._clock.now()
        factor = await self._store.document(SecondFactor, account_id)
        state = factor.state if factor is not None else ""
        if factor is not None and state == "begun" and now - factor.made_at <= _BEGUN_MS:
            secret = factor.secret
        else:
            secret = pyotp.random_base32()
            factor = SecondFactor(
                id=account_id, account_id=account_id, made_at=now, state="begun", secret=secret
            )
            if state != "on":
                await put(self._store, account_id, factor)
        return secret, pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)

    async def confirm(self, account_id: str, code: str) -> list[str]:
        """Turn it on; its recovery codes, shown this once. Raises CodeWrong, TooManyGuesses."""
        codes = [secrets.pick(_LETTERS, 10) for _ in range(_RECOVERY_CODES)]
        digests = tuple(secrets.digest(one).hex() for one in codes)

        def on(current: SecondFactor, step: int) -> SecondFactor:
            return structs.replace(current, state="on", recovery=digests, used_step=step)

        await self._with_code(account_id, "begun", code, on)
        return codes

    async def check(self, account_id: str, code: str) -> None:
        """Take a code, or a recovery code, once. Raises CodeWrong, TooManyGuesses."""

        def used(current: SecondFactor, step: int) -> SecondFactor:
            return structs.replace(current, used_step=step)

        await self._with_code(account_id, "on", code, used)

    async def turn_off(self, account_id: str, code: str) -> None:
        """Raises CodeWrong, TooManyGuesses."""
        await self._with_code(account_id, "on", code, _off)

    async def remove(self, account_id: str) -> None:
        """Turn it off without a code: whoever set it up was not the account's owner."""
        await amend(self._store, account_id, SecondFactor, account_id, _off)

    async def _with_code(
        self,
        account_id: str,
        state: str,
        code: str,
        change: Callable[[SecondFactor, int], SecondFactor],
    ) -> None:
        name = f"code/{account_id}"
        self._guesses.must_be_few(name)

        def take(current: SecondFactor, now: int) -> SecondFactor:
            step = _step_of(current, code.replace(" ", ""), now) if current.state == state else None
            if step is not None:
                return change(current, step)
            digest = secrets.digest(code.strip().lower()).hex()
            if current.state == state == "on" and digest in current.recovery:
                left = tuple(one for one in current.recovery if one != digest)
                return change(structs.replace(current, recovery=left), current.used_step)
            raise CodeWrong("that is not a code of this moment")

        try:
            if await amend(self._store, account_id, SecondFactor, account_id, take) is None:
                raise CodeWrong("there is no second factor")
        except CodeWrong:
            self._guesses.wrong(name)
            raise
        self._guesses.right(name)


def _off(current: SecondFactor, _: int) -> SecondFactor:
    return structs.replace(current, state="off", secret="", recovery=())


def _step_of(factor: SecondFactor, code: str, now: int) -> int | None:
    """The step whose code that is: this one, the one before or behind it, none taken before."""
    if not code.isdecimal() or not factor.secret:
        return None
    codes, this = pyotp.TOTP(factor.secret), now // 1000 // _STEP_SECONDS
    for step in (this, this - 1, this + 1):
        right = codes.generate_otp(step)
        if step > factor.used_step and secrets.same(right, code):
            return step
    return None
