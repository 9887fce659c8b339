"""The meter: what a call costs, held before it runs and settled when it has.

Every reservation that `reserve` returns must meet `finish` once; a process that dies in between
is made good at the next start (`MeterStore.release_abandoned`).
"""

import asyncio

import msgspec

from codeplan.kit.clock import Clock
from codeplan.plan.catalogue import Plan
from codeplan.plan.windows import Payer, WindowView, shelve, views
from codeplan.store.base import MeterStore, StoreFailed
from codeplan.store.operations import Finish, Finished, Refused, Reserve, Reserved, Stopped

RETRY_SECONDS = 1.0


class Meter:
    """Reservations, settlements, and what is left."""

    def __init__(self, store: MeterStore, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._owed: list[Finish] = []
        self._paying: asyncio.Task[None] | None = None

    async def reserve(self, wanted: Reserve) -> Reserved | Refused | Stopped:
        """Durable when it returns. Raises StoreFailed."""
        return await self._store.reserve(wanted)

    async def finish(self, done: Finish) -> Finished:
        """Settle or release; durable when it returns.

        Raises StoreFailed. The answer's end has not left then, so the call is owed a release,
        which is tried again until the store takes it: nothing stays held.
        """
        try:
            return await self._store.finish(done)
        except StoreFailed:
            self._owed.append(
                msgspec.structs.replace(done, delivered=False, detail="it could not be settled")
            )
            if self._paying is None or self._paying.done():
                self._paying = asyncio.create_task(self._pay_owed())
            raise

    async def _pay_owed(self) -> None:
        while self._owed:
            try:
                await self._store.finish(self._owed[0])
            except StoreFailed:
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._owed.pop(0)

    async def windows(self, payer: Payer, plan: Plan) -> tuple[WindowView, ...]:
        """Each window of the plan as it stands now for whoever asks."""
        found = await self._store.open_windows(payer.subscription_id)
        return views(plan.windows, payer, shelve(found), self._clock.now())
