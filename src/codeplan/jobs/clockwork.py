"""What runs by the clock, in whichever node comes first: what is due, mail, the nightly check, and
what running calls hold."""

import asyncio
from collections.abc import Awaitable, Callable

from codeplan.accounts.outside_sign_in import OidcAttempt
from codeplan.accounts.passkeys import Challenge
from codeplan.accounts.passwords import PasswordReset
from codeplan.accounts.sessions import SESSION_MS, Session
from codeplan.accounts.sign_up import SignUp
from codeplan.billing.checking import Checker
from codeplan.billing.overages import Spent
from codeplan.billing.purse import LEASE_MS, CallHold, Purse
from codeplan.kit.clock import Clock
from codeplan.kit.instants import DAY
from codeplan.letters.notices import Notice
from codeplan.metering.refused_calls import KEPT_MS as REFUSED_KEPT_MS
from codeplan.metering.refused_calls import STATES, RefusedCall
from codeplan.metering.tallies import Tallies
from codeplan.store.base import ClockStore, StoreFailed
from codeplan.store.documents import Document
from codeplan.subscriptions.clockwork import Clockwork
from codeplan.subscriptions.uploads import KEPT_MS, Upload
from codeplan.telemetry import Runs, log

_DUE_SECONDS = 5.0
_CHECK_SECONDS = 3600.0
_FORGET_SECONDS = 3600.0
# What serves once, or for a while, and says nothing afterwards.
_SHORT_LIVED: tuple[tuple[type[Document], str], ...] = (
    (Session, "ended"),
    (Session, "half"),
    (Challenge, "open"),
    (Challenge, "used"),
    (OidcAttempt, "open"),
    (OidcAttempt, "used"),
    (PasswordReset, "open"),
    (PasswordReset, "used"),
    (SignUp, "open"),
    (SignUp, "used"),
)
_SHORT_MS = 2 * DAY
_FORGOTTEN: tuple[tuple[type[Document], str], ...] = (
    (CallHold, "settled"),
    (CallHold, "released"),
    (Spent, ""),
    (Notice, "sent"),
    (Notice, "given up"),
    (Notice, "muted"),
)


async def run_due(clockwork: Clockwork, runs: Runs) -> None:
    """Until cancelled: renewals, orders, refunds, referrals and packs, as they come due."""

    async def work() -> None:
        more = True
        while more:
            more = await clockwork.run_due() > 0

    await every(runs, _DUE_SECONDS, "due work", work)


async def keep_purse(purse: Purse, runs: Runs) -> None:
    """Until cancelled: say that this node's paid calls run, and give back what dead ones held."""
    await every(runs, LEASE_MS / 3000, "paid calls", purse.keep)


async def check_books(checker: Checker, runs: Runs) -> None:
    """Until cancelled: once a day, by one of the nodes, the ledger and the providers' records."""
    await every(runs, _CHECK_SECONDS, "the nightly check", checker.check_daily)


async def forget_old(
    store: ClockStore, tallies: Tallies, clock: Clock, keep_days: int, runs: Runs
) -> None:
    """Until cancelled: once an hour, remove what calls held and letters said, so long ago."""

    async def work() -> None:
        before = clock.now() - keep_days * DAY
        for kind, state in _FORGOTTEN:
            await store.forget_documents(kind, state, before)
        for kind, state in _SHORT_LIVED:
            await store.forget_documents(kind, state, clock.now() - _SHORT_MS)
        await store.forget_documents(Session, "open", clock.now() - SESSION_MS)
        await store.forget_documents(Upload, "kept", clock.now() - KEPT_MS)
        for state in STATES:
            await store.forget_documents(RefusedCall, state, clock.now() - REFUSED_KEPT_MS)
        await tallies.forget_old(keep_days)

    await every(runs, _FORGET_SECONDS, "tidying", work)


async def every(runs: Runs, seconds: float, what: str, work: Callable[[], Awaitable[None]]) -> None:
    """Until cancelled; what breaks is said, and done again the next time."""
    while True:
        problem = ""
        try:
            await work()
        except StoreFailed as failed:
            problem = str(failed)
            log.warning(f"{what} has to wait", why=problem)
        except Exception as broke:  # one bad piece must not end all that follow
            problem = f"{type(broke).__name__}: {broke}"
            log.exception(f"{what} broke")
        runs.ended(what, seconds, problem)
        await asyncio.sleep(seconds)
