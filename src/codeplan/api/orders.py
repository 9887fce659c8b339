"""Orders that a payment provider is paid for, their notifications, and the card on file."""

from typing import Any, Literal

import msgspec
from starlette.responses import Response

from codeplan.api.endpoints import Call, Endpoint, Invalid
from codeplan.api.money import MoneyEndpoints, Purchase
from codeplan.api.showing import show_order
from codeplan.api.shown import Services
from codeplan.billing.orders import Order, SavedMethod
from codeplan.billing.wallet import amount_in
from codeplan.store.documents import One
from codeplan.store.money import Books, Decision, Move
from codeplan.subscriptions.till import Till


class NewOrder(msgspec.Struct, forbid_unknown_fields=True):
    """One of ``plan`` (with ``period`` and ``due_minor``), ``pack``, ``seats`` (more of them) and
    ``top_up`` (an amount such as "50.00")."""

    provider: str
    currency: str = "CNY"
    plan: str = ""
    period: Literal["month", "quarter", "year"] = "month"
    due_minor: int = 0
    codes: list[str] = []
    plan_seats: int = 0
    pooled: bool = False
    referral: str = ""
    pack: str = ""
    seats: int = 0
    top_up: str = ""


class OrderEndpoints:
    def __init__(self, services: Services, till: Till, money: MoneyEndpoints) -> None:
        self._services, self._till, self._money = services, till, money

    def endpoints(self) -> list[Endpoint]:
        base = "/api/account"
        pages = {"limit": "how many, at most 200", "before": "the last id of the page before"}
        return [
            Endpoint("POST", f"{base}/orders", self.order, body=NewOrder, once=True, status=201),
            Endpoint("GET", f"{base}/orders", self.orders, query=pages),
            Endpoint("GET", f"{base}/orders/{{id}}", self.one),
            Endpoint("GET", f"{base}/payment-method", self.method),
            Endpoint("DELETE", f"{base}/payment-method", self.remove_method),
            Endpoint("GET", "/api/payments", self.providers, who="anybody"),
            Endpoint("POST", "/api/payments/{provider}/notify", self.notify, who="anybody"),
        ]

    async def order(self, call: Call) -> Any:
        """Order a plan, a pack, seats or money for the balance, to be paid by a provider."""
        wanted = call.read(NewOrder)
        asked = [bool(wanted.plan), bool(wanted.pack), bool(wanted.seats), bool(wanted.top_up)]
        if sum(asked) != 1:
            raise Invalid("expected one of plan, pack, seats and top_up")
        provider, currency, who = wanted.provider, wanted.currency, call.account_id
        if wanted.plan:
            wish = await self._money.wish_of(call, _purchase(wanted))
            made = await self._till.order_plan(wish, provider, call.once, wanted.due_minor)
        elif wanted.pack:
            made = await self._till.order_pack(who, wanted.pack, currency, provider, call.once)
        elif wanted.seats:
            made = await self._till.order_seats(who, wanted.seats, provider, call.once)
        else:
            amount = amount_in(wanted.top_up, currency)
            made = await self._till.order_top_up(who, amount, currency, provider, call.once)
        return show_order(made)

    async def orders(self, call: Call) -> Any:
        """Everything that was bought or ordered, the newest first."""
        found = await self._services.books.documents(
            Order, call.account_id, limit=call.number("limit", 50), before=call.text("before")
        )
        return [show_order(order) for order in found]

    async def one(self, call: Call) -> Any:
        """An order: whether it is paid, and how it can be."""
        order = await self._till.order(call.part("id"), call.account_id)
        return show_order(await self._till.begin(order))

    async def method(self, call: Call) -> Any:
        """The card on file, by which renewals are paid that the balance does not cover."""
        found = await self._services.books.document(SavedMethod, call.account_id)
        if found is None or found.state != "open":
            return {"provider": None, "label": None}
        return {"provider": found.provider, "label": found.label}

    async def remove_method(self, call: Call) -> Any:
        """Charge the card on file no more."""

        def decide(books: Books, _: int) -> Decision:
            found = books.found.one(SavedMethod, call.account_id)
            if found is None:
                return Decision()
            return Decision(documents=(msgspec.structs.replace(found, state="removed"),))

        reads = (One(SavedMethod, call.account_id),)
        await self._services.books.move(Move(call.account_id, "", decide, reads))
        return {"provider": None, "label": None}

    async def providers(self, _: Call) -> Any:
        """By what one can pay here."""
        return [
            {
                "name": provider.name,
                "currencies": sorted(provider.currencies),
                "renews_by_itself": provider.charges_off_session,
            }
            for provider in self._till.providers.values()
        ]

    async def notify(self, call: Call) -> Any:
        """Where a payment provider tells of payments. What it did not sign is refused."""
        name = call.part("provider")
        headers = {key.lower(): value for key, value in call.request.headers.items()}
        await self._till.notified(name, headers, await call.request.body())
        status, media_type, body = self._till.providers[name].thanks()
        return Response(body, status, media_type=media_type)


def _purchase(wanted: NewOrder) -> Purchase:
    return Purchase(
        wanted.plan, wanted.period, wanted.currency, wanted.due_minor, wanted.codes,
        wanted.plan_seats, wanted.pooled, wanted.referral,
    )  # fmt: skip
