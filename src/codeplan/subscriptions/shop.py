"""The shop: what a plan costs an account now, buying it, and renewing what ends."""

import msgspec

from codeplan.kit.clock import Clock
from codeplan.kit.instants import DAY
from codeplan.ledger.movements import BalanceTooSmall
from codeplan.plan.quote import NotForSale, Quote
from codeplan.store.base import MoneyStore
from codeplan.store.money import Books, Decision, Move
from codeplan.store.rows import Subscription
from codeplan.subscriptions import purchases
from codeplan.subscriptions.purchases import OnlyAtPeriodsEnd, Wish
from codeplan.subscriptions.subscriptions import PlanUnknown, Subscriptions

# How long a renewal that the balance does not cover is tried again.
GRACE_MS = 3 * DAY


class Shop:
    """Purchases and renewals, each exactly once."""

    def __init__(self, store: MoneyStore, subscriptions: Subscriptions, clock: Clock) -> None:
        self._store, self._subscriptions, self._clock = store, subscriptions, clock

    async def preview(self, wish: Wish) -> Quote:
        """What it costs now. Raises PlanUnknown, NotForSale, OnlyAtPeriodsEnd."""
        wish = await self._known(wish)
        books = await self._store.books(wish.account_id)
        return purchases.preview(wish, self._subscriptions.catalogue, books, self._clock.now())

    async def buy(self, wish: Wish, key: str, due_minor: int | None) -> Quote:
        """Pay it from the balance and have it from now on. Once for each ``key``.

        Raises PlanUnknown, NotForSale, OnlyAtPeriodsEnd, PriceChanged, BalanceTooSmall.
        """
        wish = await self._known(wish)
        catalogue = self._subscriptions.catalogue

        def decide(books: Books, now: int) -> Decision:
            return purchases.purchase(wish, catalogue, books, now, due_minor)

        answer = await self._store.move(Move(wish.account_id, f"purchase/{key}", decide))
        return msgspec.json.decode(answer, type=Quote)

    async def cancel(self, account_id: str, key: str, cancelled: bool) -> None:
        """Not to renew what runs, or to renew it after all. Raises OnlyAtPeriodsEnd."""

        def decide(books: Books, _: int) -> Decision:
            return purchases.cancellation(books, cancelled)

        await self._store.move(Move(account_id, f"cancel/{cancelled}/{key}", decide))

    async def renew_due(self) -> int:
        """Renew what has ended and can be paid; the number of renewals. Any number of nodes may do
        it at once: each period is renewed once."""
        now = self._clock.now()
        renewed = 0
        for subscription in await self._store.due_for_renewal(now, now - GRACE_MS):
            renewed += await self._renew(subscription)
        return renewed

    async def _renew(self, subscription: Subscription) -> bool:
        catalogue = self._subscriptions.catalogue

        def decide(books: Books, now: int) -> Decision:
            current = books.subscription
            if current is None or current.ends_at != subscription.ends_at or current.cancelled:
                raise OnlyAtPeriodsEnd("it was changed meanwhile")
            return purchases.renewal(current, catalogue, books, now)

        key = f"renewal/{subscription.id}/{subscription.ends_at}"
        try:
            await self._store.move(Move(subscription.account_id, key, decide))
        except (BalanceTooSmall, NotForSale, OnlyAtPeriodsEnd):
            return False
        return True

    async def _known(self, wish: Wish) -> Wish:
        """With the plan that runs, as it was bought."""
        if wish.plan_id not in self._subscriptions.catalogue.plans:
            known = ", ".join(self._subscriptions.catalogue.plans)
            raise PlanUnknown(f"there is no plan {wish.plan_id!r}; the catalogue has {known}")
        books = await self._store.books(wish.account_id)
        if books.subscription is None:
            return wish
        held = (await self._subscriptions.held(books.subscription)).plan
        return Wish(wish.account_id, wish.plan_id, wish.period, wish.currency, wish.codes, held)
