"""The till: orders that are paid by a provider. Made, begun, paid by a notification or found paid
by a poll, charged to a card on file, given up.

Every step is one commit, and each can be repeated: what a process that dies leaves undone is taken
up by the next that looks.
"""

from collections.abc import Mapping

import msgspec
from msgspec import structs

from codeplan.billing.orders import (
    Item,
    Order,
    PackItem,
    PlanItem,
    Receipt,
    SavedMethod,
    TopUpItem,
    provider_id,
)
from codeplan.billing.settings import MoneySettings
from codeplan.kit.ids import new_id
from codeplan.kit.instants import MINUTE
from codeplan.payments.amounts import NotCarried, counting_of
from codeplan.payments.base import (
    Ask,
    Declined,
    Disputed,
    NotOffered,
    Payment,
    Provider,
    ProviderFailed,
    Refunded,
)
from codeplan.plan.quote import Line
from codeplan.store.base import MoneyStore
from codeplan.store.documents import Mine, One
from codeplan.store.money import Books, Decide, Decision, Move, changes
from codeplan.subscriptions import payments
from codeplan.subscriptions.market import Wish
from codeplan.subscriptions.payouts import Payouts
from codeplan.subscriptions.purchases import PriceChanged
from codeplan.subscriptions.reversals import Reversals, Reversed
from codeplan.subscriptions.shop import Shop
from codeplan.telemetry import log

_MOST_PENDING = 20
# After how many minutes an order is looked up, whose notification has not come.
_POLLS = (1, 2, 5, 10, 20, 60, 180, 720)


class ProviderUnknown(ValueError):
    """No such provider is set up, or it does not take that currency."""


class TooManyOrders(ValueError):
    """So many wait for their payment that no more are taken."""


class OrderUnknown(ValueError):
    """There is no such order."""


class Till:
    """``public_url``: where providers and people reach this service."""

    def __init__(
        self,
        store: MoneyStore,
        shop: Shop,
        providers: Mapping[str, Provider],
        settings: MoneySettings,
        public_url: str,
    ) -> None:
        self._store, self._shop, self.providers = store, shop, providers
        self._settings, self._public_url = settings, public_url
        self._reversals = Reversals(store, shop)
        self.payouts = Payouts(store, providers, self.ask)

    async def order_plan(self, wish: Wish, provider: str, key: str, due_minor: int) -> Order:
        """Raises what `Shop.preview` raises, PriceChanged, ProviderUnknown, NotOffered,
        ProviderFailed, Declined."""
        if (made := await self._made_before(wish.account_id, key)) is not None:
            return made
        item = await self._shop.preview(wish)
        if item.quote.due_minor != due_minor:
            raise PriceChanged(item.quote)
        lines = item.quote.lines
        return await self._order(wish.account_id, item, wish.currency, lines, provider, key)

    async def order_pack(
        self, account_id: str, pack_id: str, currency: str, provider: str, key: str
    ) -> Order:
        """Raises NotForSale, ProviderUnknown, NotOffered, ProviderFailed, Declined."""
        lines = self._shop.pack_lines(pack_id, currency)
        return await self._order(account_id, PackItem(pack_id), currency, lines, provider, key)

    async def order_seats(self, account_id: str, number: int, provider: str, key: str) -> Order:
        """Raises SeatsInvalid, ProviderUnknown, NotOffered, ProviderFailed, Declined."""
        if (made := await self._made_before(account_id, key)) is not None:
            return made
        item, lines, currency = await self._shop.seats(account_id, number)
        return await self._order(account_id, item, currency, lines, provider, key)

    async def order_top_up(
        self, account_id: str, amount_minor: int, currency: str, provider: str, key: str
    ) -> Order:
        """Raises ProviderUnknown, NotOffered, ProviderFailed, Declined."""
        lines = (Line("list", "Balance", amount_minor),)
        return await self._order(account_id, TopUpItem(), currency, lines, provider, key)

    async def _made_before(self, account_id: str, key: str) -> Order | None:
        """The order that was made under that key: its price may be another one by now."""
        answer = await self._store.answered(account_id, f"order/{key}")
        if answer is None:
            return None
        return await self.begin(await self.order(msgspec.json.decode(answer, type=str)))

    async def _order(
        self,
        account_id: str,
        item: Item,
        currency: str,
        lines: tuple[Line, ...],
        provider: str,
        key: str,
    ) -> Order:
        self._provider(provider, currency)
        due = sum(line.amount_minor for line in lines)
        waits = self._settings.transfer_for if provider == "manual" else self._settings.order_for
        if due <= 0:
            raise ProviderUnknown("nothing is to be paid: buy it from the balance")
        counting = counting_of(provider)
        if isinstance(item, TopUpItem):
            counting.of(due, currency)  # another amount can be typed
        # What the provider's step brings beyond the price stays on the balance.
        amount_minor = counting.enough(due, currency)

        def decide(books: Books, now: int) -> Decision:
            if len(books.found.mine(Order)) >= _MOST_PENDING:
                raise TooManyOrders(f"{_MOST_PENDING} orders wait for their payment already")
            made = Order(
                id=new_id("order", now),
                account_id=account_id,
                made_at=now,
                state="pending",
                due_at=now + _POLLS[0] * MINUTE,
                item=item,
                currency=currency,
                amount_minor=amount_minor,
                lines=lines,
                provider=provider,
                expires_at=now + waits,
            )
            return Decision(msgspec.json.encode(made.id), documents=(made,))

        answer = await self._store.move(
            Move(account_id, f"order/{key}", decide, (Mine(Order, "pending"),))
        )
        return await self.begin(await self.order(msgspec.json.decode(answer, type=str)))

    async def begin(self, order: Order) -> Order:
        """Have the provider say how it is paid, once. Raises ProviderFailed, Declined."""
        if order.checkout is not None or order.state != "pending":
            return order
        checkout = await self._of(order).begin(self.ask(order))

        def decide(books: Books, _: int) -> Decision:
            current = books.found.one(Order, order.id)
            if current is None or current.state != "pending":
                return Decision()
            begun = structs.replace(current, checkout=checkout, reference=checkout.reference)
            return Decision(documents=(begun,))

        await self._move(order, decide)
        return await self.order(order.id)

    async def order(self, order_id: str, account_id: str = "") -> Order:
        """Raises OrderUnknown."""
        found = await self._store.document(Order, order_id)
        if found is None or (account_id and found.account_id != account_id):
            raise OrderUnknown(f"there is no order {order_id}")
        return found

    async def notified(self, provider: str, headers: Mapping[str, str], body: bytes) -> None:
        """A provider's notification. What is about another program's payment is none of ours.
        Raises ProviderUnknown, Forged, WrongProvider, ProviderFailed, StoreFailed: the provider
        then sends it again."""
        try:
            told = self._provider(provider).read(headers, body)
        except NotCarried as problem:  # ours are all in amounts that can be said
            log.warning("a notification in no amount of ours", provider=provider, why=str(problem))
            return
        if isinstance(told, Refunded | Disputed):
            await self.reversed(provider, told)
        elif told is not None and told.state in ("paid", "failed"):
            if await self._store.document(Order, told.order_id) is None:
                _not_ours(provider, told.order_id)
                return
            await self.apply(provider, told)

    async def reversed(self, provider: str, told: Reversed) -> bool:
        """A refund or a dispute that a provider tells of; whether anything was changed. Raises
        ProviderFailed, StoreFailed."""
        receipt = await self._receipt(provider, told)
        if receipt is None:
            _not_ours(provider, told.payment_id)
            return False
        if isinstance(told, Refunded) and told.total_minor:
            await self.payouts.settle(receipt)
        return await self._reversals.apply(receipt, told)

    async def catch_up(self, since: int, until: int) -> int:
        """Book what was given back at providers in that time, or is in dispute there, and that
        nobody told of; how much that was."""
        done = 0
        for name, provider in self.providers.items():
            try:
                returned = await provider.returned(since, until) or ()
            except (ProviderFailed, NotCarried) as problem:
                log.warning("what went back could not be asked", provider=name, why=str(problem))
                continue
            for told in returned:
                receipt = provider_id(name, told.payment_id)
                if (known := await self._store.document(Receipt, receipt)) is not None:
                    done += await self._reversals.apply(known, told)
        return done

    async def _receipt(self, provider: str, told: Reversed) -> Receipt | None:
        """Of the payment that was reversed; one that nobody told of before is applied first. None
        where it is none of ours."""
        name = provider_id(provider, told.payment_id)
        if (known := await self._store.document(Receipt, name)) is not None:
            return known
        payment = await self.providers[provider].payment(told.payment_id)
        order_id = payment.order_id if payment else told.order_id
        order = await self._store.document(Order, order_id) if order_id else None
        if order is None or order.provider != provider:
            return None
        if payment is None:
            await self.look_up(order)
        elif payment.state == "paid":
            await self.apply(provider, payment)
        return await self._store.document(Receipt, name)

    async def apply(self, provider: str, payment: Payment) -> Order:
        """What a provider says of an order; once, in whatever order it says it. Raises
        OrderUnknown, WrongProvider."""
        order = await self.order(payment.order_id)
        if provider != order.provider:
            raise payments.WrongProvider(f"the order is {order.provider}'s")
        if payment.state == "paid":
            return await self._paid(order, provider, payment)
        if payment.state == "failed" and order.state == "pending":
            await self._give_up(order, payment.why or "the payment failed")
        return await self.order(order.id)

    async def confirm(self, order_id: str, reference: str, amount_minor: int) -> Order:
        """An operator saw the transfer come in. Raises OrderUnknown, WrongProvider."""
        order = await self.order(order_id)
        payment = Payment(order.id, "paid", reference, amount_minor, order.currency)
        return await self.apply("manual", payment)

    async def look_up(self, order: Order) -> bool:
        """A pending order that the clock found: paid after all, to be charged, given up, or to be
        looked up again. Whether anything was changed."""
        provider = self.providers.get(order.provider)
        if provider is None:
            return await self._later(order)
        try:
            if isinstance(order.item, PlanItem) and order.item.renews:
                payment = await self._charge(order, provider)
            else:
                payment = await provider.look_up(self.ask(order), order.reference)
        except Declined as refused:
            payment = Payment(order.id, "failed", why=str(refused))
        except (ProviderFailed, NotOffered) as problem:
            log.warning("order could not be looked up", order_id=order.id, why=str(problem))
            payment = Payment(order.id, "pending")
        if payment.state == "refunded":
            payment = Payment(order.id, "failed", why="the payment was given back at the provider")
        if payment.state not in ("paid", "failed"):
            return await self._later(order)
        return (await self.apply(order.provider, payment)).state != order.state

    async def _charge(self, order: Order, provider: Provider) -> Payment:
        card = await self._store.document(SavedMethod, order.account_id)
        if card is None or card.state != "open" or card.provider != order.provider:
            raise Declined("there is no card on file")
        return await provider.charge(self.ask(order, card))

    async def _paid(self, order: Order, provider: str, payment: Payment) -> Order:
        def decide(books: Books, now: int) -> Decision:
            current = books.found.one(Order, order.id)
            assert current is not None  # an order is never removed
            return payments.paid(current, provider, payment, self._shop.market, books, now)

        receipt = One(Receipt, provider_id(provider, payment.payment_id))
        await self._move(order, decide, receipt, counters=self._shop.counters)
        return await self.order(order.id)

    async def _give_up(self, order: Order, why: str) -> None:
        def decide(books: Books, now: int) -> Decision:
            current = books.found.one(Order, order.id)
            if current is None or current.state != "pending":
                return Decision()
            return payments.declined(current, why, self._shop.market, books, now)

        await self._move(order, decide)

    async def _later(self, order: Order) -> bool:
        """Look again by the schedule; give it up once it has expired."""

        def decide(books: Books, now: int) -> Decision:
            current = books.found.one(Order, order.id)
            if current is None or current.state != "pending" or current.due_at is None:
                return Decision()
            if now >= current.expires_at:
                return payments.declined(current, "", self._shop.market, books, now)
            minutes = _POLLS[min(current.polls, len(_POLLS) - 1)]
            due_at = min(now + minutes * MINUTE, current.expires_at)
            return Decision(
                documents=(structs.replace(current, due_at=due_at, polls=current.polls + 1),)
            )

        return await changes(
            self._store, Move(order.account_id, "", decide, (One(Order, order.id),))
        )

    async def _move(
        self, order: Order, decide: Decide, *reads: One | Mine, counters: tuple[str, ...] = ()
    ) -> bytes:
        wanted = (One(Order, order.id), *reads)
        return await self._store.move(Move(order.account_id, "", decide, wanted, counters))

    def ask(self, order: Order, card: SavedMethod | None = None) -> Ask:
        """As its provider is asked for the money, or to give it back."""
        return order.ask(
            f"{self._public_url}/api/payments/{order.provider}/notify",
            f"{self._public_url}/console/orders/{order.id}",
            card.method if card else "",
            card.customer if card else "",
        )

    def _of(self, order: Order) -> Provider:
        return self._provider(order.provider, order.currency)

    def _provider(self, name: str, currency: str = "") -> Provider:
        provider = self.providers.get(name)
        if provider is None:
            known = ", ".join(self.providers) or "none"
            raise ProviderUnknown(f"there is no payment provider {name!r}; set up: {known}")
        if currency and provider.currencies and currency not in provider.currencies:
            takes = ", ".join(sorted(provider.currencies))
            raise ProviderUnknown(f"{name} does not take {currency}; it takes {takes}")
        return provider


def _not_ours(provider: str, about: str) -> None:
    """The account at the provider has other programs: what is theirs is taken, and left alone."""
    log.info("a notification about another program's payment", provider=provider, about=about)
