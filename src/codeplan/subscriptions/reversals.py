"""Payments that are reversed at their provider: refunds, whoever asked for them, and disputes. Has
them decided on their account's books. Asks no provider for anything."""

from collections.abc import Sequence

from codeplan.billing.orders import Dispute, Order, Receipt, Refund, provider_id
from codeplan.payments.base import Disputed, Refunded
from codeplan.store.base import MoneyStore
from codeplan.store.documents import Mine, One, Read
from codeplan.store.money import Books, Decision, Move, changes
from codeplan.subscriptions.disputes import disputed
from codeplan.subscriptions.giving_back import reads_of
from codeplan.subscriptions.returns import refunded
from codeplan.subscriptions.shop import Shop

Reversed = Refunded | Disputed


class Reversals:
    def __init__(self, store: MoneyStore, shop: Shop) -> None:
        self._store, self._shop = store, shop

    async def apply(self, receipt: Receipt, told: Reversed) -> bool:
        """What a provider told of that payment, once, however often and in whatever order; whether
        anything was changed."""
        order = await self._store.document(Order, receipt.order_id)
        assert order is not None  # an order is never removed while its receipt is there

        def decide(books: Books, now: int) -> Decision:
            current = books.found.one(Order, order.id)
            payment = books.found.one(Receipt, receipt.id)
            assert current is not None and payment is not None
            market = self._shop.market
            if isinstance(told, Refunded):
                return refunded(told, current, payment, market, books, now)
            return disputed(told, current, payment, market, books, now)

        reads = (*reads_of(order), *_reads(receipt, told))
        counters = self._shop.counters
        move = Move(order.account_id, "", decide, reads, counters, history=True)
        return await changes(self._store, move)


def _reads(receipt: Receipt, told: Reversed) -> Sequence[Read]:
    reads: list[Read] = [One(Receipt, receipt.id), Mine(Refund, "owed"), Mine(Dispute, "open")]
    if isinstance(told, Refunded):
        names = [provider_id(receipt.provider, told.refund_id)] if told.refund_id else []
        names += [told.own_id] if told.own_id else []
        reads += [One(Refund, name) for name in names]
    else:
        reads.append(One(Dispute, provider_id(receipt.provider, told.dispute_id)))
    return reads
