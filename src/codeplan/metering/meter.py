"""The meter: what a call costs, held before it runs and settled when it has.

Every reservation that `reserve` returns must meet `finish` once. What a process that dies leaves
behind is released by whoever is there next (`beat`).
"""

import asyncio
from itertools import chain, repeat

import msgspec

from codeplan.kit.clock import Clock
from codeplan.metering.news import News
from codeplan.metering.slots import TooManyAtOnce
from codeplan.plan.catalogue import Plan
from codeplan.plan.windows import Payer, WindowView, shelve, views
from codeplan.store.base import CallGivenUp, MeterStore, StoreFailed
from codeplan.store.operations import Busy, Finish, Finished, Reservation, Reserve, Reserved
from codeplan.telemetry import log

# A settlement that the store does not take is tried again while the answer's end waits: so long,
# which outlasts a database that starts anew, and then its call is free.
_TRY_AGAIN_SECONDS = (0.1, 0.4)
_THEN_SECONDS = 0.5
_TRIED_FOR_SECONDS = 30.0
_OWED_SECONDS = 1.0
# How often a call that waits for another node's call to end looks again.
_LOOK_AGAIN_SECONDS = 0.05


class Meter:
    """Reservations, settlements, and what is left. ``queue_seconds``: how long a call waits for
    one of its plan's calls at once to end on another node."""

    def __init__(
        self,
        store: MeterStore,
        clock: Clock,
        queue_seconds: float = 10.0,
        news: News | None = None,
    ) -> None:
        self._news = news or News()
        self._store, self._clock, self._queue_seconds = store, clock, queue_seconds
        self._live: set[str] = set()
        self._owed: list[Finish] = []
        self._paying: asyncio.Task[None] | None = None

    async def reserve(self, wanted: Reserve) -> Reservation:
        """Durable when it returns. Raises StoreFailed, TooManyAtOnce."""
        now = asyncio.get_running_loop().time
        began = asked_at = now()
        until = began + self._queue_seconds
        self._live.add(wanted.call_id)
        result: Reservation | Busy | None = None
        try:
            while isinstance(result := await self._store.reserve(wanted), Busy):
                if now() >= until:
                    raise TooManyAtOnce(result.limit)
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
                asked_at = now()
            self._news.tell(wanted.account_id)
            if isinstance(result, Reserved) and asked_at > began:
                queued = round((asked_at - began) * 1000)
                result = msgspec.structs.replace(result, queued_ms=queued)
            return result
        finally:
            if not isinstance(result, Reserved):
                self._live.discard(wanted.call_id)

    async def finish(self, done: Finish) -> Finished:
        """Settle or release; durable when it returns.

        Raises StoreFailed. The answer's end has not left then, so the call is owed a release,
        which is tried again until the store takes it: nothing stays held, and nothing is charged,
        also where the settlement was written and only the word of it was lost.
        """
        try:
            return await self._finish(done)
        except StoreFailed:
            self._owed.append(
                msgspec.structs.replace(
                    done, delivered=False, takes_back=True, detail="it could not be settled"
                )
            )
            if self._paying is None or self._paying.done():
                self._paying = asyncio.create_task(self._pay_owed())
            raise
        finally:
            # Whatever is not ended then, `beat` releases.
            self._live.discard(done.asked.call_id)
            self._news.tell(done.asked.account_id)

    async def _finish(self, done: Finish) -> Finished:
        """A release is tried for a moment only: what it gives back comes back without it too."""
        now = asyncio.get_running_loop().time
        until = now() + (_TRIED_FOR_SECONDS if done.delivered else sum(_TRY_AGAIN_SECONDS))
        waits = chain(_TRY_AGAIN_SECONDS, repeat(_THEN_SECONDS))
        while True:
            try:
                return await self._store.finish(done)
            except CallGivenUp:
                raise
            except StoreFailed:
                if now() >= until:
                    raise
            await asyncio.sleep(next(waits))

    async def _pay_owed(self) -> None:
        while self._owed:
            try:
                await self._store.finish(self._owed[0])
            except StoreFailed:
                await asyncio.sleep(_OWED_SECONDS)
            else:
                self._owed.pop(0)

    async def beat(self, every_seconds: float) -> None:
        """Until cancelled: say that this node lives, and release what dead ones left."""
        while True:
            try:
                released = await self._store.beat(lambda: frozenset(self._live))
                if released:
                    log.info("released abandoned calls", calls=released)
            except StoreFailed as failed:
                log.warning("store failed", why=str(failed))
            except Exception:  # a node that no longer says it lives is taken for dead
                log.exception("the node's beat broke")
            await asyncio.sleep(every_seconds)

    async def windows(self, payer: Payer, plan: Plan) -> tuple[WindowView, ...]:
        """Each window of the plan as it stands now for whoever asks."""
        found = await self._store.open_windows(payer.subscription_id)
        return views(plan.windows, payer, shelve(found), self._clock.now())
