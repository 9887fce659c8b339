"""Renewing subscriptions whose period has ended, in whichever node comes first."""

import asyncio
from collections.abc import Callable

from codeplan.store.base import StoreFailed
from codeplan.subscriptions.shop import Shop
from codeplan.telemetry import log

_EVERY_SECONDS = 20.0


async def renew(shop: Shop, forget: Callable[[], None]) -> None:
    """Until cancelled. ``forget``: what is remembered of subscriptions is old."""
    while True:
        try:
            renewed = await shop.renew_due()
            if renewed:
                forget()
                log.info("renewed subscriptions", number=renewed)
        except StoreFailed as failed:
            log.warning("renewals have to wait", why=str(failed))
        except Exception:  # one bad subscription must not end all renewals
            log.exception("renewals broke")
        await asyncio.sleep(_EVERY_SECONDS)
