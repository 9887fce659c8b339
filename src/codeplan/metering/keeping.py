"""Details are kept for a time, then removed; what is kept by the hour stays."""

import asyncio

from codeplan.kit.clock import Clock
from codeplan.kit.instants import DAY
from codeplan.store.base import MeterStore, StoreFailed
from codeplan.telemetry import log

_EVERY_SECONDS = 3600.0


async def keep_small(store: MeterStore, clock: Clock, keep_days: int) -> None:
    """Until cancelled: once an hour, remove prompts and calls older than that."""
    while True:
        try:
            await store.prune(clock.now() - keep_days * DAY)
        except StoreFailed as failed:
            log.warning("old rows could not be removed", why=str(failed))
        await asyncio.sleep(_EVERY_SECONDS)
