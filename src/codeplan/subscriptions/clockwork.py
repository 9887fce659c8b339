"""What runs by the clock, each piece once however many nodes run it: every piece is a commit on its
account's locked books that finds its work done when another was faster.

An account with a test clock lives through the same work, step by step, when its clock is moved.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from msgspec import structs

from codeplan.billing.orders import Order, Refund, SavedMethod
from codeplan.billing.packs import Pack
from codeplan.billing.taking import moment_of
from codeplan.billing.token_bills import TokenBills, TokenMonth
from codeplan.ledger import movements
from codeplan.store.base import ClockStore, MoneyStore, StoreFailed
from codeplan.store.documents import Document, Mine, One
from codeplan.store.money import Books, Decision, Move, changes
from codeplan.store.rows import Subscription
from codeplan.subscriptions import renewing, seats
from codeplan.subscriptions.refunds import Refunds
from codeplan.subscriptions.sales import Referred
from codeplan.subscriptions.seats import SeatChoice
from codeplan.subscriptions.shop import Shop
from codeplan.subscriptions.till import Till
from codeplan.telemetry import log


class DueStore(MoneyStore, ClockStore, Protocol):
    """Moves, and what is due."""


class ClockBackwards(ValueError):
    """A test clock only goes forwards."""


# A piece of work that fails must not hold up what is behind it for longer than this many.
_AT_ONCE = 100
_KINDS = (Order, Refund, Referred, Pack, TokenMonth, SeatChoice)
# A test clock that is moved by a year meets at most so many things to do.
_MOST_STEPS = 5_000


class Clockwork:
    def __init__(self, store: DueStore, shop: Shop, till: Till, refunds: Refunds) -> None:
        self._store, self._shop, self._till, self._refunds = store, shop, till, refunds
        self._token_bills = TokenBills(store, shop.settings)

    async def run_due(self, only: str = "") -> int:
        """Do what is due now; how many pieces changed something. ``only``: of that account."""
        due = await self._store.due_subscriptions(_AT_ONCE, only)
        done = sum(
            await asyncio.gather(*(self._guarded(one.account_id, self._look, one) for one in due))
        )
        done += await self._each(Order, only, self._till.look_up)
        done += await self._each(SeatChoice, only, self._fit)
        done += await self._each(Refund, only, self._refunds.pay)
        done += await self._each(Referred, only, self._refer)
        done += await self._each(Pack, only, self._expire)
        done += await self._each(TokenMonth, only, self._token_bills.bill)
        return done

    async def advance(self, account_id: str, to: int) -> int:
        """Move the account's test clock to that instant, living through all that is due on the
        way; how many pieces that was. Raises ClockBackwards."""
        real = await self._store.instant()
        books = await self._store.books(account_id)
        if to <= books.now:
            raise ClockBackwards("a test clock only goes forwards")
        done = 0
        for _ in range(_MOST_STEPS):
            due_at = await self._store.next_due(account_id, _KINDS)
            if due_at is None or due_at > to:
                break
            await self._store.set_clock_ahead(account_id, max(0, due_at - real))
            if not await self.run_due(account_id):
                break  # what is left waits for somebody outside
            done += 1
        await self._store.set_clock_ahead(account_id, to - real)
        return done

    async def _each(
        self, kind: type[Document], only: str, work: Callable[..., Awaitable[bool]]
    ) -> int:
        due: Sequence[Document] = await self._store.due_documents(kind, _AT_ONCE, only)
        return sum(await asyncio.gather(*(self._guarded(one.account_id, work, one) for one in due)))

    async def _guarded(
        self, account_id: str, work: Callable[..., Awaitable[bool]], item: object
    ) -> int:
        """Whether it changed anything. One bad piece must not end all others."""
        try:
            return int(await work(item))
        except StoreFailed:
            raise
        except Exception:
            log.exception("a due piece of work broke", account_id=account_id)
            return 0

    async def _look(self, subscription: Subscription) -> bool:
        market = self._shop.market

        def decide(books: Books, now: int) -> Decision:
            return renewing.look(subscription.id, market, books, now)

        who = subscription.account_id
        reads = (One(SavedMethod, who), Mine(Order, "pending"), *seats.reads_of(who))
        move = Move(subscription.account_id, "", decide, reads, self._shop.counters)
        return await changes(self._store, move)

    async def _fit(self, choice: SeatChoice) -> bool:
        reads = seats.reads_of(choice.account_id)
        return await changes(self._store, Move(choice.account_id, "", seats.fit, reads))

    async def _refer(self, referred: Referred) -> bool:
        def decide(books: Books, now: int) -> Decision:
            current = books.found.one(Referred, referred.id)
            if current is None or current.state != "waiting":
                return Decision()
            moment = moment_of(
                current.account_id, current.currency, "bonus", f"referral/{current.id}", now
            )
            given = structs.replace(current, state="given", due_at=None)
            return Decision(
                entries=(movements.bonus(moment, current.amount_minor),), documents=(given,)
            )

        reads = (One(Referred, referred.id),)
        return await changes(self._store, Move(referred.account_id, "", decide, reads))

    async def _expire(self, pack: Pack) -> bool:
        def decide(books: Books, now: int) -> Decision:
            current = books.found.one(Pack, pack.id)
            if current is None or current.due_at is None or now < current.expires_at:
                return Decision()
            ended = structs.replace(current, state="expired", due_at=None)
            return Decision(documents=(ended,))

        reads = (One(Pack, pack.id),)
        return await changes(self._store, Move(pack.account_id, "", decide, reads))
