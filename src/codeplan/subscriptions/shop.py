"""The shop: what plans and packs cost an account now, buying them from the balance, cancelling, and
what is to follow at the period's end."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from codeplan.billing import packs
from codeplan.billing.invoices import COUNTER
from codeplan.billing.orders import PackItem, PlanItem, SeatsItem
from codeplan.billing.packs import Pack
from codeplan.billing.settings import MoneySettings
from codeplan.kit import secrets
from codeplan.plan.catalogue import Plan
from codeplan.plan.codes import plain
from codeplan.plan.lifecycle import NotPossible
from codeplan.plan.periods import Period
from codeplan.plan.quote import Line, NotForSale, Quote
from codeplan.store.base import MoneyStore
from codeplan.store.documents import Document, One
from codeplan.store.money import Books, Decide, Decision, Move
from codeplan.store.rows import Subscription
from codeplan.subscriptions import purchases, seats
from codeplan.subscriptions.code_problems import CodeInvalid, CodeNotForThis, CodeUnknown
from codeplan.subscriptions.giving import given_plan
from codeplan.subscriptions.market import Customer, Market, OnlyAtPeriodsEnd, Wish, rests_on
from codeplan.subscriptions.subscriptions import PlanUnknown, Subscriptions
from codeplan.subscriptions.worth import InDispute

_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


class Referrer(Document, frozen=True, kw_only=True):
    """A referral code: its id. Whose it is gets a bonus when somebody buys with it."""


class Shop:
    """Purchases from the balance, each once for each ``key``."""

    def __init__(
        self, store: MoneyStore, subscriptions: Subscriptions, settings: MoneySettings
    ) -> None:
        self._store, self._subscriptions = store, subscriptions
        self.settings = settings

    @property
    def market(self) -> Market:
        return Market(self._subscriptions.catalogue, self.settings)

    @property
    def counters(self) -> tuple[str, ...]:
        """What a sale counts: invoices, and purchases of limited promotions."""
        return (COUNTER, *self._subscriptions.catalogue.counters())

    async def preview(self, wish: Wish) -> PlanItem:
        """What it costs now. Raises PlanUnknown, NotForSale, OnlyAtPeriodsEnd, SeatsInvalid,
        InDispute, and as CodeInvalid why a code is not taken."""
        wish = await self.known(wish)
        reads = (One(Customer, wish.account_id),)
        books = await self._store.books(wish.account_id, reads, self.counters)
        return purchases.preview(wish, self.market, books, books.now)

    async def offers(self, account_id: str, wishes: Sequence[Wish]) -> list[Quote | None]:
        """What each costs the account now; None for what it cannot buy now."""
        reads = (One(Customer, account_id),)
        books = await self._store.books(account_id, reads, self.counters)
        held = await self.held_plan(books)
        found: list[Quote | None] = []
        for wish in wishes:
            try:
                known = replace(wish, held=held)
                found.append(purchases.preview(known, self.market, books, books.now).quote)
            except (
                OnlyAtPeriodsEnd, NotForSale, CodeInvalid, InDispute, purchases.SeatsInvalid
            ):  # fmt: skip
                found.append(None)
        return found

    async def buy(self, wish: Wish, key: str, due_minor: int | None) -> Quote:
        """Pay it from the balance and have it from now on.

        Raises what `preview` raises, PriceChanged, BalanceTooSmall.
        """
        wish = await self.known(wish)

        def decide(books: Books, now: int) -> Decision:
            return purchases.purchase(wish, self.market, books, now, due_minor)

        return msgspec.json.decode(await self._sale(wish.account_id, key, decide), type=Quote)

    def pack_lines(self, pack_id: str, currency: str) -> tuple[Line, ...]:
        """What a pack costs. Raises NotForSale."""
        return packs.lines_of(self._subscriptions.catalogue, pack_id, currency)

    async def buy_pack(self, account_id: str, pack_id: str, currency: str, key: str) -> Pack:
        """Raises NotForSale, BalanceTooSmall."""
        lines = self.pack_lines(pack_id, currency)

        def decide(books: Books, now: int) -> Decision:
            item, have = PackItem(pack_id), books.balance(currency)
            made = packs.sell_pack(
                account_id, item, currency, lines, self._subscriptions.catalogue, self.settings,
                books, have, now,
            )  # fmt: skip
            return purchases.from_balance(made, account_id, item, currency, lines, now)

        return msgspec.json.decode(await self._sale(account_id, key, decide), type=Pack)

    async def seats(self, account_id: str, number: int) -> tuple[SeatsItem, tuple[Line, ...], str]:
        """What so many more seats cost until the period's end, and in which currency.

        Raises SeatsInvalid, NotForSale."""
        books = await self._store.books(account_id)
        held = await self.held_plan(books)
        if held is None or books.subscription is None:
            raise purchases.SeatsInvalid("there is no organisation's plan that runs")
        currency, now = books.subscription.currency, books.now
        lines = purchases.seats_price(number, currency, held, self.market, books, now)
        return SeatsItem(number, rests_on(books, self.market, now)), lines, currency

    async def buy_seats(self, account_id: str, number: int, key: str, due_minor: int) -> None:
        """Raises what `seats` raises, BalanceTooSmall."""
        if await self._store.answered(account_id, f"purchase/{key}") is not None:
            return
        item, lines, currency = await self.seats(account_id, number)
        if sum(line.amount_minor for line in lines) > due_minor:
            raise purchases.SeatsInvalid("the price is another one by now")

        def decide(books: Books, now: int) -> Decision:
            have = books.balance(currency)
            made = purchases.add_seats(account_id, item, lines, self.market, books, have, now)
            return purchases.from_balance(made, account_id, item, currency, lines, now)

        await self._sale(account_id, key, decide)

    async def grant(self, account_id: str, plan_id: str, period: Period, key: str) -> Subscription:
        """Give a plan from now on: it extends or upgrades what runs. Raises PlanUnknown,
        OnlyAtPeriodsEnd."""
        wish = await self.known(Wish(account_id, plan_id, period, ""))

        def decide(books: Books, now: int) -> Decision:
            made = given_plan(account_id, plan_id, period, wish.held, self.market, books, now)
            return replace(made, answer=msgspec.json.encode(made.subscription))

        answer = await self._sale(account_id, f"grant/{key}", decide)
        return msgspec.json.decode(answer, type=Subscription)

    async def cancel(self, account_id: str, key: str, cancelled: bool) -> None:
        """Not to renew what runs, or to renew it after all. Raises NotPossible."""

        def decide(books: Books, now: int) -> Decision:
            return purchases.cancellation(books, self.market, cancelled, now)

        await self._store.move(Move(account_id, f"cancel/{cancelled}/{key}", decide))

    async def change(self, wish: Wish, key: str) -> None:
        """Another plan or period from the running one's end on; with ``wish.seats`` another number
        of them. Raises PlanUnknown, NotForSale, NotPossible, SeatsInvalid."""
        wish = await self.known(wish)

        def decide(books: Books, now: int) -> Decision:
            made = purchases.change(wish, self.market, books, now)
            if not wish.seats:
                return made
            return replace(made, documents=seats.choose(wish.seats, self.market, books, now))

        reads = seats.reads_of(wish.account_id)
        await self._store.move(Move(wish.account_id, f"change/{key}", decide, reads))

    async def restrict(self, account_id: str, why: str, key: str) -> None:
        """Stop an account's plan from serving calls, or ("") let it go on. Raises NotPossible."""

        def decide(books: Books, _: int) -> Decision:
            if books.subscription is None:
                raise NotPossible("there is no plan to restrict")
            return Decision(subscription=replace(books.subscription, restricted=why))

        await self._store.move(Move(account_id, f"restrict/{key}", decide))

    async def referrer(self, code: str, account_id: str = "") -> str:
        """Whose referral code that is; "" for no code. ``account_id``: who brings it. Raises
        CodeUnknown, CodeNotForThis."""
        if not plain(code):
            return ""
        found = await self._store.document(Referrer, plain(code))
        if found is None:
            raise CodeUnknown("there is no such referral code")
        if found.account_id == account_id:
            raise CodeNotForThis("your own referral code is for others")
        return found.account_id

    async def referral_code(self, account_id: str) -> str:
        """The account's own code, made when it is first asked for."""
        own = await self._store.documents(Referrer, account_id, limit=1)
        if own:
            return own[0].id
        code = secrets.pick(_CODE_LETTERS, 10)

        def decide(_: Books, now: int) -> Decision:
            made = Referrer(id=code, account_id=account_id, made_at=now)
            return Decision(msgspec.json.encode(code), documents=(made,))

        answer = await self._store.move(Move(account_id, "referral", decide))
        return msgspec.json.decode(answer, type=str)

    async def known(self, wish: Wish) -> Wish:
        """With the plan that runs, as it was bought. Raises PlanUnknown."""
        if wish.plan_id not in self._subscriptions.catalogue.plans:
            raise PlanUnknown(self._subscriptions.no_plan(wish.plan_id))
        books = await self._store.books(wish.account_id)
        return replace(wish, held=await self.held_plan(books))

    async def held_plan(self, books: Books) -> Plan | None:
        """The plan that runs, as it was bought."""
        if books.subscription is None:
            return None
        return (await self._subscriptions.held(books.subscription)).plan

    async def _sale(self, account_id: str, key: str, decide: Decide) -> bytes:
        reads = (One(Customer, account_id),)
        wanted = Move(account_id, f"purchase/{key}", decide, reads, self.counters)
        return await self._store.move(wanted)
