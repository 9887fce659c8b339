"""What the whole service did, counted by name and hour: refusals by their code, upstreams' calls
and speed. Kept in memory and added to the store every few seconds: for looking at, never for
billing.

Names: ``refused/<code>``; ``upstream/<name>/calls``, ``…/failed``, ``…/waited_ms`` and
``…/waits`` (until the first content), ``…/tokens`` and ``…/stream_ms`` (of streamed answers)."""

from collections import Counter

from codeplan.kit.clock import Clock
from codeplan.kit.instants import DAY, HOUR
from codeplan.store.base import ServiceStore


class Tallies:
    def __init__(self, store: ServiceStore, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._counted: Counter[str] = Counter()

    def count(self, name: str, number: int = 1) -> None:
        self._counted[name] += number

    async def keep(self) -> None:
        """Add them to the store. Raises StoreFailed."""
        counted, self._counted = self._counted, Counter()
        if not counted:
            return
        now = self._clock.now()
        try:
            await self._store.add_tallies(now - now % HOUR, counted)
        except BaseException:
            self._counted.update(counted)
            raise

    async def between(self, since: int, until: int) -> dict[str, int]:
        """The sums of whole hours, by name; this hour's too."""
        await self.keep()
        return await self._store.tallies(since - since % HOUR, until)

    async def forget_old(self, keep_days: int) -> None:
        await self._store.forget_tallies(self._clock.now() - keep_days * DAY)
