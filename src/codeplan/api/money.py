"""The account's money: its balance and what moved it, what plans and packs cost, buying them from
the balance, and what becomes of the plan at its period's end."""

from typing import Any, Literal

import msgspec

from codeplan.api.endpoints import Call, Endpoint, Invalid
from codeplan.api.prices import show_quote
from codeplan.api.showing import show_balance, show_entry, show_pack, show_seats_ahead
from codeplan.api.shown import Services
from codeplan.billing.packs import Pack
from codeplan.billing.wallet import Wallet
from codeplan.plan.periods import Period
from codeplan.subscriptions.codes import Codes
from codeplan.subscriptions.market import Wish
from codeplan.subscriptions.shop import Shop

PERIODS = ("month", "quarter", "year")


class Purchase(msgspec.Struct, forbid_unknown_fields=True):
    """``due_minor``: what was previewed; the purchase is refused when it costs something else.
    ``seats``: an organisation's; ``pooled``: they share their windows. ``referral``: a code."""

    plan: str
    period: Literal["month", "quarter", "year"]
    currency: str
    due_minor: int
    codes: list[str] = []
    seats: int = 0
    pooled: bool = False
    referral: str = ""


class PackPurchase(msgspec.Struct, forbid_unknown_fields=True):
    pack: str
    currency: str


class SeatsPurchase(msgspec.Struct, forbid_unknown_fields=True):
    """``due_minor``: what was previewed; time that passed since makes it cheaper, never dearer."""

    number: int
    due_minor: int


class Change(msgspec.Struct, forbid_unknown_fields=True):
    """``seats``: an organisation's from then on; 0 leaves them as they are."""

    plan: str
    period: Literal["month", "quarter", "year"]
    seats: int = 0


class Redeem(msgspec.Struct, forbid_unknown_fields=True):
    code: str


class MoneyEndpoints:
    """``forget``: what is remembered of keys and plans is old."""

    def __init__(self, services: Services, wallet: Wallet, shop: Shop, codes: Codes) -> None:
        self._services, self._wallet, self._shop, self._codes = services, wallet, shop, codes

    def endpoints(self) -> list[Endpoint]:
        pages = {"limit": "how many, at most 200", "before": "the last id of the page before"}
        wish = {
            "plan": "its id",
            "period": "month, quarter or year",
            "currency": "such as CNY",
            "code": "a coupon; several times for several",
            "seats": "an organisation's",
            "referral": "a referral code",
        }
        post, base = "POST", "/api/account"
        return [
            Endpoint("GET", f"{base}/balance", self.balance),
            Endpoint("GET", f"{base}/entries", self.entries, query=pages),
            Endpoint("GET", f"{base}/preview", self.preview, query=wish),
            Endpoint(post, f"{base}/purchase", self.purchase, body=Purchase, once=True, status=201),
            Endpoint("GET", f"{base}/packs", self.packs),
            Endpoint(
                post, f"{base}/packs", self.buy_pack, body=PackPurchase, once=True, status=201
            ),
            Endpoint("GET", f"{base}/seats", self.seats, query={"number": "how many more"}),
            Endpoint(post, f"{base}/seats", self.buy_seats, body=SeatsPurchase, once=True),
            Endpoint(post, f"{base}/redeem", self.redeem, body=Redeem, once=True),
            Endpoint(post, f"{base}/cancel", self.cancel, once=True),
            Endpoint(post, f"{base}/resume", self.resume, once=True),
            Endpoint(post, f"{base}/change", self.change, body=Change, once=True),
            Endpoint("GET", f"{base}/referral", self.referral),
        ]

    async def balance(self, call: Call) -> Any:
        """Bonus and cash in each currency."""
        found = await self._wallet.balances(call.account_id)
        return {currency: show_balance(have, currency) for currency, have in found.items()}

    async def entries(self, call: Call) -> Any:
        """What moved the balance, the newest first."""
        limit, before = call.number("limit", 50), call.text("before")
        found = await self._wallet.entries(call.account_id, limit, before)
        return [show_entry(entry) for entry in found]

    async def preview(self, call: Call) -> Any:
        """Line by line what a plan costs now, and at renewals."""
        period = call.text("period", "month")
        seats = call.text("seats", "0")
        if period not in PERIODS:
            raise Invalid("period: expected month, quarter or year")
        if not seats.isdecimal():
            raise Invalid("seats: expected a number")
        wish = await self._wish(
            call, call.text("plan"), period, call.text("currency", "CNY"),
            call.request.query_params.getlist("code"), int(seats), False, call.text("referral"),
        )  # fmt: skip
        return show_quote((await self._shop.preview(wish)).quote)

    async def purchase(self, call: Call) -> Any:
        """Buy, extend or upgrade a plan, paid from the balance."""
        wanted = call.read(Purchase)
        wish = await self.wish_of(call, wanted)
        made = await self._shop.buy(wish, call.once, wanted.due_minor)
        return show_quote(made)

    async def wish_of(self, call: Call, wanted: Purchase) -> Wish:
        return await self._wish(
            call, wanted.plan, wanted.period, wanted.currency, wanted.codes, wanted.seats,
            wanted.pooled, wanted.referral,
        )  # fmt: skip

    async def _wish(
        self,
        call: Call,
        plan: str,
        period: str,
        currency: str,
        codes: list[str],
        seats: int,
        pooled: bool,
        referral: str,
    ) -> Wish:
        inviter = await self._shop.referrer(referral, call.account_id)
        asked: Period = period  # type: ignore[assignment]  # one of the three
        return Wish(call.account_id, plan, asked, currency, codes, None, seats, pooled, inviter)

    async def packs(self, call: Call) -> Any:
        """The account's resource packs, the newest first, and those on sale."""
        catalogue = self._services.subscriptions.catalogue
        own = await self._services.books.documents(Pack, call.account_id)
        return {
            "packs": [show_pack(pack) for pack in own],
            "on_sale": [msgspec.to_builtins(offer) for offer in catalogue.packs],
        }

    async def buy_pack(self, call: Call) -> Any:
        """Buy a resource pack, paid from the balance."""
        wanted = call.read(PackPurchase)
        pack = await self._shop.buy_pack(call.account_id, wanted.pack, wanted.currency, call.once)
        return show_pack(pack)

    async def seats(self, call: Call) -> Any:
        """What more seats cost until the period's end."""
        _, lines, currency = await self._shop.seats(
            call.account_id, call.number("number", 1, 10_000)
        )
        due = sum(line.amount_minor for line in lines)
        return {"due_minor": due, "currency": currency}

    async def buy_seats(self, call: Call) -> Any:
        """Add seats until the period's end, paid from the balance."""
        wanted = call.read(SeatsPurchase)
        await self._shop.buy_seats(call.account_id, wanted.number, call.once, wanted.due_minor)
        return {"added": wanted.number}

    async def redeem(self, call: Call) -> Any:
        """A code for a plan, a pack or a bonus."""
        gift = await self._codes.redeem(call.account_id, call.read(Redeem).code, call.once)
        return msgspec.to_builtins(gift)

    async def cancel(self, call: Call) -> Any:
        """Not to renew the plan when its period ends; it goes on until then."""
        await self._shop.cancel(call.account_id, call.once, cancelled=True)
        return {"cancelled": True}

    async def resume(self, call: Call) -> Any:
        """To renew the plan after all."""
        await self._shop.cancel(call.account_id, call.once, cancelled=False)
        return {"cancelled": False}

    async def change(self, call: Call) -> Any:
        """Another plan, period or number of seats, smaller ones too, from the running period's end
        on. ``without_seat``: who will have none then, by the order of joining."""
        wanted = call.read(Change)
        wish = Wish(call.account_id, wanted.plan, wanted.period, "", seats=wanted.seats)
        await self._shop.change(wish, call.once)
        changed = {"next_plan": wanted.plan, "next_period": wanted.period}
        held = await self._services.store.current_subscription(call.account_id)
        return {**changed, **(await show_seats_ahead(self._services.books, held) if held else {})}

    async def referral(self, call: Call) -> Any:
        """The account's referral code, made when it is first asked for."""
        rules = self._shop.settings.referral
        return {
            "code": await self._shop.referral_code(call.account_id),
            "credit_percent": rules.credit_millionths / 10_000,
        }
