"""Paying back by a provider what is owed: asked for as often as it takes, done once. Never decides
what is owed."""

from collections.abc import Callable, Mapping

from msgspec import structs

from codeplan.billing.orders import Order, Receipt, Refund, provider_id
from codeplan.kit.instants import MINUTE
from codeplan.payments.base import Ask, Declined, NotOffered, Provider, ProviderFailed
from codeplan.store.base import MoneyStore
from codeplan.store.documents import One
from codeplan.store.money import Books, Decision, Move, changes
from codeplan.subscriptions.returns import refund_paid
from codeplan.telemetry import log

_AGAIN_MS = 10 * MINUTE


class Payouts:
    """``ask``: how an order's provider is asked for anything."""

    def __init__(
        self, store: MoneyStore, providers: Mapping[str, Provider], ask: Callable[[Order], Ask]
    ) -> None:
        self._store, self._providers, self._ask = store, providers, ask

    async def pay(self, owed: Refund) -> bool:
        """Have the provider pay it back; what fails is tried again by the clock. Whether anything
        was changed."""
        try:
            return await self._booked(owed, await self._by_provider(owed))
        except ProviderFailed as problem:
            log.warning("refund has to wait", refund_id=owed.id, why=str(problem))
            return await self._booked(owed, False)

    async def settle(self, receipt: Receipt) -> None:
        """Have all go out that is owed of that payment, so that a sum which the provider tells can
        be compared with ours: what it declines has not gone out. Raises ProviderFailed where the
        provider cannot say."""
        for owed in await self._store.documents(Refund, receipt.account_id, "owed"):
            if provider_id(owed.provider, owed.reference) == receipt.id:
                await self._booked(owed, await self._by_provider(owed))

    async def _booked(self, owed: Refund, gone: bool) -> bool:
        def decide(books: Books, now: int) -> Decision:
            current = books.found.one(Refund, owed.id)
            if current is None or current.state != "owed":
                return Decision()
            if not gone:
                return Decision(documents=(structs.replace(current, due_at=now + _AGAIN_MS),))
            return refund_paid(current, books.found.one(Receipt, receipt), now)

        receipt = provider_id(owed.provider, owed.reference)
        reads = (One(Refund, owed.id), One(Receipt, receipt))
        return await changes(self._store, Move(owed.account_id, "", decide, reads))

    async def _by_provider(self, owed: Refund) -> bool:
        """Whether it went out. Raises ProviderFailed."""
        provider = self._providers.get(owed.provider)
        order = await self._store.document(Order, owed.order_id)
        if provider is None or order is None:
            return False
        try:
            await provider.refund(self._ask(order), owed.reference, owed.amount_minor, owed.id)
        except (Declined, NotOffered) as problem:
            log.warning("refund has to wait", refund_id=owed.id, why=str(problem))
            return False
        return True
