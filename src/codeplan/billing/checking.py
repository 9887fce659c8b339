"""The nightly check: every entry sums to zero, every balance is the sum of its postings, no upgrade
credited more than was kept, and what providers say they received and gave back is what the ledger
says came and went by them."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from math import floor
from typing import Protocol

from codeplan.billing.invoices import Invoice
from codeplan.billing.kept import credited_too_much
from codeplan.billing.orders import Dispute, Order, PlanItem, Receipt, Refund, alert, provider_id
from codeplan.billing.paging import every_document
from codeplan.kit.instants import DAY
from codeplan.kit.money import MINOR
from codeplan.payments.base import Disputed, Provider, ProviderFailed
from codeplan.store.base import ClockStore, LedgerStore, MoneyStore
from codeplan.store.documents import Document, One
from codeplan.store.money import Books, Decision, Move, changes
from codeplan.telemetry import log

# No order that is older than this is paid any more.
_PAID_WITHIN = 15 * DAY
_NAME = "ledger"
# Orders, and invoices, of one account.
_MOST = 10_000


class CheckedStore(MoneyStore, ClockStore, LedgerStore, Protocol):
    """The whole ledger, and alerts."""


@dataclass(frozen=True, slots=True)
class Finding:
    """``about``: an account of the ledger, an entry, or a provider's payment."""

    about: str
    text: str


class Checked(Document, frozen=True, kw_only=True):
    """When the books were last checked by themselves: by one node a day, not at every start."""


class Checker:
    """``catch_up``: books what providers gave back in that time and nobody told of."""

    def __init__(
        self,
        store: CheckedStore,
        providers: Mapping[str, Provider],
        catch_up: Callable[[int, int], Awaitable[int]] | None = None,
    ) -> None:
        self._store, self._providers, self._catch_up = store, providers, catch_up

    async def check_daily(self) -> None:
        """Check the last two days, if nobody has for a day."""
        if await changes(self._store, Move("", "", _claim, (One(Checked, _NAME),), terms=False)):
            now = await self._store.instant()
            await self.check(now - 2 * DAY, now)

    async def check(self, since: int, until: int) -> list[Finding]:
        """The ledger as a whole, and the payments of that time. What is found becomes an alert,
        once for each thing it is about."""
        if self._catch_up is not None:
            await self._catch_up(since, until)
        found = [
            Finding(name, f"{currency}: kept {kept}, its postings sum to {sums}")
            for name, currency, kept, sums in await self._store.contradictions()
        ]
        found += await self._receipts_are_posted()
        found += await self._credits_were_kept(since, until)
        for provider in self._providers.values():
            for look in (self._provider, self._returned):
                try:
                    found += await look(provider, since, until)
                except ProviderFailed as problem:
                    log.warning("provider's records could not be had", why=str(problem))
        for finding in found:
            await self._alert(finding)
        return found

    async def _receipts_are_posted(self) -> list[Finding]:
        """What came by each provider, by the receipts and by the ledger (less what went back)."""
        received: dict[tuple[str, str], int] = defaultdict(int)
        async for receipt in every_document(self._store, Receipt):
            received[f"paid/{receipt.provider}", receipt.currency] += receipt.amount_minor
        came = await self._store.came_in()
        # What operators put onto balances by hand is manual, and has no receipt.
        return [
            Finding(
                name,
                f"{currency}: receipts say {minor}, the ledger {came.get((name, currency), 0)}",
            )
            for (name, currency), minor in received.items()
            if name != "paid/manual" and came.get((name, currency), 0) != minor * MINOR
        ]

    async def _credits_were_kept(self, since: int, until: int) -> list[Finding]:
        """Of the accounts that upgraded in that time, by their orders and credit notes."""
        accounts: set[str] = set()
        for state in ("paid", "refunded"):
            async for order in every_document(self._store, Order, state):
                if order.made_at < since - _PAID_WITHIN:
                    break
                if isinstance(order.item, PlanItem) and order.item.quote.credit_minor:
                    accounts.add(order.account_id)
        found: list[Finding] = []
        for name in sorted(accounts):
            orders = await self._store.documents(Order, name, limit=_MOST)
            notes = await self._store.documents(Invoice, name, limit=_MOST)
            for order, most in credited_too_much(
                [one for one in orders if one.state in ("paid", "refunded")], notes
            ):
                if not since <= (order.paid_at or order.made_at) < until:
                    continue
                credit = order.item.quote.credit_minor if isinstance(order.item, PlanItem) else 0
                text = f"{order.currency}: {credit} were credited, {floor(most)} had been kept"
                found.append(Finding(order.id, text))
        return found

    async def _returned(self, provider: Provider, since: int, until: int) -> list[Finding]:
        """What a provider can list that it gave back or has in dispute is in the books; what is of
        no payment of ours is another program's."""
        found: list[Finding] = []
        for told in await provider.returned(since, until) or ():
            name = provider_id(provider.name, told.payment_id)
            receipt = await self._store.document(Receipt, name)
            if receipt is None:
                continue
            if isinstance(told, Disputed):
                about = provider_id(provider.name, told.dispute_id)
                dispute = await self._store.document(Dispute, about)
                state, known = str(told.state), dispute.state if dispute else "not known"
            else:
                about = told.own_id or provider_id(provider.name, told.refund_id)
                refund = await self._store.document(Refund, about)
                state = "paid" if told.state == "made" else "failed"
                known = refund.state if refund else "not known"
            if state != known:
                found.append(Finding(about, f"the provider says {state}, the books: {known}"))
        return found

    async def _provider(self, provider: Provider, since: int, until: int) -> list[Finding]:
        """Where a provider can list what it received, each payment has its receipt; where it
        cannot, the orders of that time are looked up one by one."""
        listed = await provider.received(since, until)
        found: list[Finding] = []
        if listed is not None:
            for payment_id, (amount, currency) in listed.items():
                name = provider_id(provider.name, payment_id)
                receipt = await self._store.document(Receipt, name)
                if receipt is None:
                    found.append(Finding(name, f"{amount} {currency} came and was not applied"))
                elif (receipt.amount_minor, receipt.currency) != (amount, currency):
                    found.append(Finding(name, f"{amount} {currency} came, {receipt.amount_minor} "
                                               f"{receipt.currency} was applied"))  # fmt: skip
            return found
        async for order in every_document(self._store, Order, "paid"):
            if order.made_at < since - _PAID_WITHIN:
                break
            if order.provider != provider.name or order.provider == "manual":
                continue
            if not since <= (order.paid_at or 0) < until:
                continue
            payment = await provider.look_up(order.ask("", ""), order.reference)
            if payment.state == "refunded" and await self._went_back(order):
                continue
            if payment.state != "paid" or payment.amount_minor != order.amount_minor:
                found.append(Finding(order.id, f"{provider.name} says {payment.state}"))
        return found

    async def _went_back(self, order: Order) -> bool:
        receipt = await self._store.document(Receipt, provider_id(order.provider, order.payment_id))
        return receipt is not None and receipt.left_minor < receipt.amount_minor

    async def _alert(self, finding: Finding) -> None:
        log.error("the books contradict", about=finding.about, why=finding.text)

        def decide(_: Books, now: int) -> Decision:
            return Decision(documents=(alert("", finding.about, finding.text, now),))

        await self._store.move(Move("", f"alert/{finding.about}/{finding.text}", decide))


def _claim(books: Books, now: int) -> Decision:
    last = books.found.one(Checked, _NAME)
    if last is not None and now - last.made_at < DAY:
        return Decision()
    return Decision(documents=(Checked(id=_NAME, account_id="", made_at=now),))
