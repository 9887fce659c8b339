"""Refunds: an operator's explicit act. Nothing is refunded by itself, and never more than was
paid."""

from dataclasses import replace

from codeplan.billing.orders import Order, Receipt, Refund, provider_id
from codeplan.kit.ids import new_id
from codeplan.payments.amounts import counting_of
from codeplan.store.base import MoneyStore
from codeplan.store.documents import One
from codeplan.store.money import Books, Decision, Move
from codeplan.subscriptions.ending import ended_now
from codeplan.subscriptions.giving_back import Ends, cash_left, given_back, reads_of
from codeplan.subscriptions.shop import Shop
from codeplan.subscriptions.till import Till


class NotRefundable(ValueError):
    """More than what is left of the order's payment, or an order of another kind."""


class Refunds:
    """``to``: "balance", or "provider", by which it was paid."""

    def __init__(self, store: MoneyStore, shop: Shop, till: Till) -> None:
        self._store, self._shop, self._till = store, shop, till

    async def give(
        self, order_id: str, amount_minor: int, to: str, ends_plan: bool, reason: str, key: str
    ) -> Order:
        """Give back that much of a paid order, once for each ``key``; ``ends_plan``: and end what
        it bought. Raises OrderUnknown, NotRefundable, NotOffered."""
        order = await self._till.order(order_id)

        def decide(books: Books, now: int) -> Decision:
            current = books.found.one(Order, order_id)
            assert current is not None  # an order is never removed
            return self._decide(current, amount_minor, to, ends_plan, reason, books, now)

        receipt = provider_id(order.provider, order.payment_id)
        reads = (*reads_of(order), One(Receipt, receipt))
        wanted = Move(
            order.account_id, f"refund/{key}", decide, reads, self._shop.counters, history=True
        )
        await self._store.move(wanted)
        for owed in await self._store.documents(Refund, order.account_id, "owed"):
            await self.pay(owed)
        return await self._till.order(order_id)

    def _decide(
        self,
        order: Order,
        amount_minor: int,
        to: str,
        ends_plan: bool,
        reason: str,
        books: Books,
        now: int,
    ) -> Decision:
        left = order.sold_minor - order.refunded_minor
        if order.state != "paid" or not 0 < amount_minor <= left:
            raise NotRefundable(f"of the order {max(0, left)} minor units can be given back")
        receipt = books.found.one(Receipt, provider_id(order.provider, order.payment_id))
        if receipt is not None and receipt.disputed_minor:
            raise NotRefundable("its payment is in dispute at the provider: that decides it")
        by_provider = to == "provider"
        came = min(cash_left(order), receipt.left_minor if receipt is not None else 0)
        if by_provider and amount_minor > came:
            raise NotRefundable(f"by the provider {came} minor units came")
        if by_provider:
            counting_of(order.provider).of(amount_minor, order.currency)
        market = self._shop.market
        ends: Ends = "always" if ends_plan else "never"
        made = given_back(order, amount_minor, reason, by_provider, ends, market, books, now)
        held = books.subscription
        if ends_plan and order.term_id and not books.terms and held and held.state != "expired":
            made = replace(made, subscription=ended_now(held, now))  # in its days of grace
        owed = (_owed(order, amount_minor, reason, now),) if by_provider else ()
        return replace(made, documents=(*made.documents, *owed))

    async def pay(self, owed: Refund) -> bool:
        """Have the provider pay it back; whether anything was changed."""
        return await self._till.payouts.pay(owed)


def _owed(order: Order, amount_minor: int, reason: str, now: int) -> Refund:
    return Refund(
        id=new_id("refund", now),
        account_id=order.account_id,
        made_at=now,
        state="owed",
        due_at=now,
        order_id=order.id,
        provider=order.provider,
        reference=order.payment_id,
        amount_minor=amount_minor,
        currency=order.currency,
        reason=reason,
    )
