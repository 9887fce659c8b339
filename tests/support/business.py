"""The whole of money over one store, without a service: accounts, the shop, the till with a
provider that follows a script, renewals, refunds; and a check that the books are right."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
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
from codeplan.payments.base import Provider
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
from support.bank import Bank
from support.meters import HandClock

CATALOGUE = build_catalogue(load(None))


class Business:
    """Everything that moves money, over one store."""

    def __init__(
        self,
        store: Store,
        clock: HandClock,
        catalogue: Catalogue = CATALOGUE,
        settings: MoneySettings | None = None,
        providers: Mapping[str, Provider] | None = None,
        bank: Bank | None = None,
    ) -> None:
        self.store, self.clock, self.catalogue = store, clock, catalogue
        self.settings = settings or MoneySettings()
        self.bank = bank or Bank()
        given: Any = providers if providers is not None else {self.bank.name: self.bank}
        self.accounts = Accounts(store, clock)
        self.subscriptions = Subscriptions(store, clock, catalogue, self.settings.dunning)
        self.wallet = Wallet(store)
        self.shop = Shop(store, self.subscriptions, self.settings)
        self.till = Till(store, self.shop, given, self.settings, "http://127.0.0.1")
        self.refunds = Refunds(store, self.shop, self.till)
        self.codes = Codes(store, self.shop, catalogue)
        self.clockwork = Clockwork(store, self.shop, self.till, self.refunds)
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
    currency: str = "CNY"

    @property
    def id(self) -> str:
        return self.account.id

    def wish(self, plan: str = "lite", period: str = "month", **more: Any) -> Wish:
        return Wish(self.id, plan, period, self.currency, **more)  # type: ignore[arg-type]  # a period

    async def pay_in(self, amount: str, kind: str = "top_up") -> None:
        business, key = self.business, self.business.key()
        await business.wallet.add(self.id, kind, amount, self.currency, "a test", key)  # type: ignore[arg-type]  # a kind

    async def buy(self, plan: str = "lite", period: str = "month", **more: Any) -> int:
        """From the balance; what it cost."""
        wish = self.wish(plan, period, **more)
        due = (await self.business.shop.preview(wish)).quote.due_minor
        made = await self.business.shop.buy(wish, self.business.key(), due)
        return made.due_minor

    async def order(self, plan: str = "lite", period: str = "month", **more: Any) -> Order:
        wish = self.wish(plan, period, **more)
        due = (await self.business.shop.preview(wish)).quote.due_minor
        name = self.business.bank.name
        return await self.business.till.order_plan(wish, name, self.business.key(), due)

    async def pay(self, order: Order) -> Order:
        """At the bank, and its notification comes."""
        bank = self.business.bank
        return await self.business.till.apply(bank.name, bank.pays(order))

    async def held(self) -> Subscription | None:
        return await self.business.store.current_subscription(self.id)

    async def holds(self) -> tuple[str, str, int]:
        """The plan, how it stands, and when it ends."""
        held = await self.held()
        assert held is not None
        return held.plan_id, held.state, held.ends_at

    async def have(self) -> Balance:
        """In whole minor units."""
        have = (await self.business.wallet.balances(self.id)).get(self.currency, Balance())
        return Balance(have.bonus // MINOR, have.cash // MINOR, have.held // MINOR)

    async def sold(self) -> Mapping[str, int]:
        """By kind of term, how often."""
        orders = await self.business.store.documents(Order, self.id, limit=10_000)
        found: dict[str, int] = defaultdict(int)
        for order in orders:
            found[order.state] += 1
        return found
