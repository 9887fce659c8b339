"""Refunds: an operator's explicit act. Nothing is refunded by itself, and never more than was
paid."""

from dataclasses import replace

from msgspec import structs

from codeplan.billing import invoices
from codeplan.billing.orders import Order, Refund
from codeplan.billing.taking import moment_of
from codeplan.kit.ids import new_id
from codeplan.kit.instants import MINUTE
from codeplan.ledger import movements
from codeplan.ledger.postings import Entry
from codeplan.payments.base import Declined, ProviderFailed
from codeplan.plan import lifecycle
from codeplan.plan.quote import Line
from codeplan.store.base import MoneyStore
from codeplan.store.documents import Document, One
from codeplan.store.money import Books, Decision, Move, changes
from codeplan.subscriptions.sales import Referred
from codeplan.subscriptions.shop import Shop
from codeplan.subscriptions.till import Till
from codeplan.telemetry import log

_AGAIN_MS = 10 * MINUTE


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
        it bought. Raises OrderUnknown, NotRefundable."""
        order = await self._till.order(order_id)

        def decide(books: Books, now: int) -> Decision:
            current = books.found.one(Order, order_id)
            assert current is not None  # an order is never removed
            return self._decide(current, amount_minor, to, ends_plan, reason, books, now)

        reads = [One(Order, order_id)]
        if order.term_id:
            reads.append(One(Referred, order.term_id))
        wanted = Move(order.account_id, f"refund/{key}", decide, tuple(reads), self._shop.counters)
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
        by_provider = to == "provider"
        cash = order.sold_minor - order.from_bonus_minor
        before = min(order.refunded_minor, cash)
        of_cash = min(amount_minor, cash - before)
        if by_provider and amount_minor > of_cash:
            raise NotRefundable(f"by the provider {cash - before} minor units came")
        seller = self._shop.settings.seller
        moment = moment_of(order.account_id, order.currency, "refund", order.id, now)
        sale = movements.PLANS if order.term_id else movements.PACKS
        # So that what is given back in parts has, in the end, all of the sale's tax in it.
        tax = seller.tax_in(left) - seller.tax_in(left - amount_minor)
        entry = movements.refund(
            moment, amount_minor, sale, tax, seller.tax_name,
            bonus_minor=amount_minor - of_cash, owed=by_provider,
        )  # fmt: skip
        note = invoices.bill(
            order.account_id, order.currency, (Line("refund", reason, -amount_minor),), order.id,
            seller, books, now, takes_back=order.invoice_id, tax_back=tax,
        )  # fmt: skip
        refunded = order.refunded_minor + amount_minor
        whole = refunded == order.sold_minor
        changed = structs.replace(
            order, refunded_minor=refunded, state=order.after("refunded") if whole else order.state
        )
        documents: list[Document] = [changed, note.invoice]
        if by_provider:
            documents.append(_owed(order, amount_minor, reason, now))
        referred = books.found.one(Referred, order.term_id)
        if referred is not None and referred.state == "waiting":
            documents.append(structs.replace(referred, state="void", due_at=None))
        subscription = books.subscription
        terms = tuple(
            replace(term, ends_at=max(term.started_at, now)) for term in books.terms if ends_plan
        )
        ended = None
        if ends_plan and subscription is not None and subscription.state != "expired":
            state = lifecycle.after(subscription.state, "refunded")
            ended = replace(subscription, state=state, ends_at=now, due_at=None, attempts=0)
        return Decision(
            entries=(entry,),
            subscription=ended,
            terms=terms,
            documents=tuple(documents),
            counters=note.counters,
        )

    async def pay(self, owed: Refund) -> bool:
        """Have the provider pay it back; what fails is tried again by the clock. Whether anything
        was changed."""
        gone = await self._by_provider(owed)

        def decide(books: Books, now: int) -> Decision:
            current = books.found.one(Refund, owed.id)
            if current is None or current.state != "owed":
                return Decision()
            if not gone:
                return Decision(documents=(structs.replace(current, due_at=now + _AGAIN_MS),))
            moment = moment_of(owed.account_id, owed.currency, "paid_out", owed.id, now)
            entry: Entry = movements.paid_out(moment, owed.amount_minor, owed.provider)
            done = structs.replace(current, state="paid", due_at=None)
            return Decision(entries=(entry,), documents=(done,))

        reads = (One(Refund, owed.id),)
        return await changes(self._store, Move(owed.account_id, "", decide, reads))

    async def _by_provider(self, owed: Refund) -> bool:
        provider = self._till.providers.get(owed.provider)
        if provider is None:
            return False
        try:
            ask = (await self._till.order(owed.order_id)).ask("", "")
            await provider.refund(ask, owed.reference, owed.amount_minor, owed.id)
        except (ProviderFailed, Declined) as problem:
            log.warning("refund has to wait", refund_id=owed.id, why=str(problem))
            return False
        return True


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
