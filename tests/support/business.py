"""The whole of money over one store, without a service: accounts, the shop, the till with a
provider that follows a script, renewals, refunds; and a check that the books are right."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from codeplan.accounts.directory import Accounts
from codeplan.billing.checking import Checker, Finding
from codeplan.billing.invoices import Invoice
from codeplan.billing.orders import Order
from codeplan.billing.purse import Purse
from codeplan.billing.settings import MoneySettings
from codeplan.billing.wallet import Wallet
from codeplan.config.build import build_catalogue
from codeplan.config.load import load
from codeplan.kit.money import MINOR
from codeplan.ledger.postings import Balance
from codeplan.payments.base import (
    Ask,
    Checkout,
    Declined,
    Disputed,
    Payment,
    Provider,
    ProviderFailed,
    Refunded,
)
from codeplan.plan.catalogue import Catalogue
from codeplan.store.base import Store
from codeplan.store.rows import Account, Subscription
from codeplan.subscriptions.clockwork import Clockwork
from codeplan.subscriptions.codes import Codes
from codeplan.subscriptions.market import Wish
from codeplan.subscriptions.refunds import Refunds
from codeplan.subscriptions.shop import Shop
from codeplan.subscriptions.subscriptions import Subscriptions
from codeplan.subscriptions.teams import Teams
from codeplan.subscriptions.till import Till
from support.meters import HandClock

CATALOGUE = build_catalogue(load(None))


@dataclass
class Bank:
    """A payment provider whose people, cards and notifications a test has in hand. ``paid``: what
    came for each order; ``declines``: cards refuse; ``away``: it does not answer."""

    name: str = "bank"
    currencies: frozenset[str] = frozenset()
    charges_off_session: bool = True
    needs_widget: bool = False
    declines: bool = False
    away: bool = False
    paid: dict[str, Payment] = field(default_factory=dict)
    begun: dict[str, Ask] = field(default_factory=dict)
    refunded: dict[str, int] = field(default_factory=dict)
    keeps_card: bool = True
    reversals: list[Refunded | Disputed] = field(default_factory=list)

    def pays(self, order: Order, amount_minor: int | None = None, number: str = "") -> Payment:
        """The person pays; the payment's notification, which a test may deliver."""
        card = f"card of {order.account_id}" if self.keeps_card else ""
        payment = Payment(
            order.id, "paid", number or f"pay_{order.id}",
            order.amount_minor if amount_minor is None else amount_minor,
            order.currency, customer="somebody" if card else "", method=card, label="a card",
        )  # fmt: skip
        self.paid.setdefault(order.id, payment)
        return payment

    async def begin(self, ask: Ask) -> Checkout:
        self._answers()
        self.begun[ask.order_id] = ask
        return Checkout("page", f"https://bank.example/{ask.order_id}", ask.order_id)

    async def look_up(self, ask: Ask, reference: str) -> Payment:
        self._answers()
        return self.paid.get(ask.order_id, Payment(ask.order_id, "pending"))

    async def charge(self, ask: Ask) -> Payment:
        self._answers()
        if ask.order_id not in self.paid:
            if self.declines or not ask.method:
                raise Declined("the card was declined")
            self.paid[ask.order_id] = Payment(
                ask.order_id, "paid", f"pay_{ask.order_id}", ask.amount_minor, ask.currency,
                customer=ask.customer, method=ask.method, label="a card",
            )  # fmt: skip
        return self.paid[ask.order_id]

    async def refund(self, ask: Ask, payment_id: str, amount_minor: int, refund_id: str) -> None:
        self._answers()
        self.refunded[refund_id] = amount_minor

    def read(self, headers: Mapping[str, str], body: bytes) -> Payment | None:
        raise AssertionError("this provider sends no notifications")

    def thanks(self) -> tuple[int, str, bytes]:
        return 200, "text/plain", b"ok"

    async def payment(self, payment_id: str) -> Payment | None:
        return next((one for one in self.paid.values() if one.payment_id == payment_id), None)

    async def returned(self, since: int, until: int) -> Sequence[Refunded | Disputed] | None:
        return self.reversals

    async def received(self, since: int, until: int) -> Mapping[str, tuple[int, str]] | None:
        return {one.payment_id: (one.amount_minor, one.currency) for one in self.paid.values()}

    async def close(self) -> None:
        pass

    def _answers(self) -> None:
        if self.away:
            raise ProviderFailed("the bank does not answer")


class Business:
    """Everything that moves money, over one store."""

    def __init__(
        self,
        store: Store,
        clock: HandClock,
        catalogue: Catalogue = CATALOGUE,
        settings: MoneySettings | None = None,
        providers: Mapping[str, Provider] | None = None,
    ) -> None:
        self.store, self.clock, self.catalogue = store, clock, catalogue
        self.settings = settings or MoneySettings()
        self.bank = Bank()
        given: Any = providers if providers is not None else {"bank": self.bank}
        self.accounts = Accounts(store, clock)
        self.subscriptions = Subscriptions(store, clock, catalogue, self.settings.dunning)
        self.wallet = Wallet(store)
        self.shop = Shop(store, self.subscriptions, self.settings)
        self.till = Till(store, self.shop, given, self.settings, "http://127.0.0.1")
        self.refunds = Refunds(store, self.shop, self.till)
        self.codes = Codes(store, self.shop, catalogue)
        self.clockwork = Clockwork(store, self.shop, self.till, self.refunds, lambda: None)
        self.checker = Checker(store, given, self.till.catch_up)
        self.purse = Purse(store, self.settings)
        self.teams = Teams(store, store)
        self.keys = 0

    async def open(self) -> "Business":
        await self.subscriptions.keep_catalogue()
        return self

    async def person(self, email: str = "a@example.org") -> "Person":
        made = await self.accounts.create(email)
        return Person(self, made.account, made.key)

    def key(self) -> str:
        self.keys += 1
        return f"key-{self.keys:05}"

    async def run(self) -> None:
        """All that is due now."""
        while await self.clockwork.run_due():
            pass

    async def findings(self) -> list[Finding]:
        return await self.checker.check(0, 1 << 60)

    async def check(self) -> None:
        """The books are right: nothing contradicts, and invoices have no gaps."""
        assert await self.findings() == []
        invoices: list[Invoice] = []
        while page := await self.store.documents(
            Invoice, limit=500, before=invoices[-1].id if invoices else ""
        ):
            invoices += page
        numbers = sorted(int(one.number.rpartition("-")[2]) for one in invoices)
        assert numbers == list(range(1, len(numbers) + 1))


@dataclass
class Person:
    """One account, and what its owner does."""

    business: Business
    account: Account
    client_key: str

    @property
    def id(self) -> str:
        return self.account.id

    def wish(self, plan: str = "lite", period: str = "month", **more: Any) -> Wish:
        return Wish(self.id, plan, period, "CNY", **more)  # type: ignore[arg-type]  # a period

    async def pay_in(self, amount: str, kind: str = "top_up") -> None:
        business = self.business
        await business.wallet.add(self.id, kind, amount, "CNY", "a test", business.key())  # type: ignore[arg-type]  # a kind

    async def buy(self, plan: str = "lite", period: str = "month", **more: Any) -> int:
        """From the balance; what it cost."""
        wish = self.wish(plan, period, **more)
        due = (await self.business.shop.preview(wish)).quote.due_minor
        made = await self.business.shop.buy(wish, self.business.key(), due)
        return made.due_minor

    async def order(self, plan: str = "lite", period: str = "month", **more: Any) -> Order:
        wish = self.wish(plan, period, **more)
        due = (await self.business.shop.preview(wish)).quote.due_minor
        return await self.business.till.order_plan(wish, "bank", self.business.key(), due)

    async def pay(self, order: Order) -> Order:
        """At the bank, and its notification comes."""
        return await self.business.till.apply("bank", self.business.bank.pays(order))

    async def held(self) -> Subscription | None:
        return await self.business.store.current_subscription(self.id)

    async def holds(self) -> tuple[str, str, int]:
        """The plan, how it stands, and when it ends."""
        held = await self.held()
        assert held is not None
        return held.plan_id, held.state, held.ends_at

    async def have(self) -> Balance:
        """In whole minor units."""
        have = (await self.business.wallet.balances(self.id)).get("CNY", Balance())
        return Balance(have.bonus // MINOR, have.cash // MINOR, have.held // MINOR)

    async def sold(self) -> Mapping[str, int]:
        """By kind of term, how often."""
        orders = await self.business.store.documents(Order, self.id, limit=10_000)
        found: dict[str, int] = defaultdict(int)
        for order in orders:
            found[order.state] += 1
        return found
