"""Work that is charged apart: neither a prompt nor money, but one unit of windows of its own. The
unit is held before the work is done and charged when it was; work that fails is free."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from codeplan.clients.limits import Headers, limit_headers
from codeplan.kit.clock import Clock
from codeplan.metering.meter import Meter
from codeplan.metering.slots import Slots, TooManyAtOnce
from codeplan.plan.reached import Reached
from codeplan.plan.turns import Claim, TurnClaim
from codeplan.plan.windows import WindowView
from codeplan.protocol.usage import Usage
from codeplan.routing.asking import Told
from codeplan.store.base import StoreFailed
from codeplan.store.operations import Finish, Refused, Reserve, Reserved

T = TypeVar("T")
APART = TurnClaim(Claim.APART, "", "", 0, "")


class CallRefused(ValueError):
    """The plan does not serve the call; the text says why, and when it will. ``status`` and
    ``code``: as the HTTP addresses tell it. ``reached``: the limit that has no room, of these
    ``windows``."""

    def __init__(
        self,
        message: str,
        code: str = "1220",
        status: int = 403,
        reached: Reached | None = None,
        windows: Sequence[WindowView] = (),
    ) -> None:
        super().__init__(message)
        self.code, self.status = code, status
        self.reached, self.windows = reached, windows

    @property
    def limits(self) -> Headers:
        """Headers that describe the limit."""
        if self.reached is None:
            return ()
        return limit_headers(self.windows, self.reached.now, self.reached)


class WorkFailed(Exception):
    """The work could not be done; the text says why. Nothing is charged. ``status``: HTTP's: 400
    for what was sent, 501 for what is not set up, 502 and 503 for others that did not answer."""

    def __init__(self, message: str, status: int = 502) -> None:
        super().__init__(message)
        self.status = status

    @property
    def code(self) -> str:
        """As the HTTP addresses tell it."""
        return {400: "1210", 501: "1211"}.get(self.status, "1234")


@dataclass(slots=True)
class Spent:
    """What the work asked of an upstream, for the call's row. ``upstream``: "" for none."""

    upstream: str = ""
    upstream_model: str = ""
    usage: Usage | None = None

    def note(self, told: Told) -> None:
        """A model has answered."""
        self.upstream, self.upstream_model, self.usage = told.upstream, told.model, told.usage


class Apart:
    """``slots``: the plan's calls at once, which its models' calls share. ``zone``: in which reset
    times are told."""

    def __init__(self, meter: Meter, slots: Slots, clock: Clock, zone: str) -> None:
        self._meter, self._slots = meter, slots
        self._clock, self._zone = clock, zone

    async def charged(self, asked: Reserve, what: str, work: Callable[[Spent], Awaitable[T]]) -> T:
        """Do the work, and charge it once it is done. ``what``: whose limit it is. Raises
        CallRefused, and what the work raises."""
        payer, limit = asked.subscription_id, asked.plan.concurrency
        try:
            await self._slots.enter(payer, limit)
        except TooManyAtOnce as many:
            raise _too_many(many) from None
        try:
            return await self._once(asked, what, work)
        finally:
            self._slots.leave(payer, limit)

    async def _once(self, asked: Reserve, what: str, work: Callable[[Spent], Awaitable[T]]) -> T:
        reserved = await self._reserved(asked, what)
        spent, delivered, detail = Spent(), False, "the service's work was broken off"
        try:
            done = await work(spent)
            delivered, detail = True, ""
            return done
        except WorkFailed as failed:
            detail = str(failed)
            raise
        finally:
            await self._meter.finish(
                Finish(
                    asked=asked,
                    reserved=reserved,
                    delivered=delivered,
                    outcome="whole" if delivered else "failed",
                    upstream=spent.upstream or asked.model,
                    upstream_model=spent.upstream_model,
                    usage=spent.usage,
                    first_content_at=self._clock.now() if delivered else None,
                    detail=detail,
                )
            )

    async def _reserved(self, asked: Reserve, what: str) -> Reserved:
        try:
            reserved = await self._meter.reserve(asked)
        except TooManyAtOnce as many:
            raise _too_many(many) from None
        except StoreFailed:
            text = "The service cannot keep its books just now. Nothing was charged."
            raise CallRefused(text, "1200", 503) from None
        if isinstance(reserved, Refused):
            reached = reserved.reached
            text = reached.text(self._zone, what)
            raise CallRefused(text, reached.code, 429, reached, reserved.windows)
        if not isinstance(reserved, Reserved):
            raise CallRefused("The plan does not serve this call.")
        return reserved


def _too_many(many: TooManyAtOnce) -> CallRefused:
    return CallRefused(f"Your plan runs {many.limit} calls at once.", "1302", 429)
