"""The operator's addresses for accounts and what they hold. Whatever changes something is written
into the audit log before it is done."""

from typing import Any, Literal

import msgspec

from codeplan.api.answers import error
from codeplan.api.endpoints import Call, Endpoint, Invalid, instant_in
from codeplan.api.prices import price_table
from codeplan.api.showing import show_entry
from codeplan.api.shown import Services
from codeplan.billing.wallet import Wallet
from codeplan.kit.instants import DAY, iso_utc
from codeplan.store.rows import Account
from codeplan.subscriptions.clockwork import Clockwork
from codeplan.subscriptions.shop import Shop
from codeplan.subscriptions.subscriptions import PlanUnknown


class NewAccount(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    plan: str | None = None
    period: Literal["month", "quarter", "year"] = "month"


class NewMoney(msgspec.Struct, forbid_unknown_fields=True):
    """``amount``: such as "40.00"; ``reference``: a transfer's number, a reason."""

    email: str
    amount: str
    currency: str
    reference: str
    kind: Literal["top_up", "bonus"] = "top_up"


class Grant(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    plan: str
    period: Literal["month", "quarter", "year"] = "month"


class Restrict(msgspec.Struct, forbid_unknown_fields=True):
    """``why``: what the person is told; "" lifts the restriction."""

    email: str
    why: str


class MoveClock(msgspec.Struct, forbid_unknown_fields=True):
    """``days``: by so many; or ``to``: a time with its zone."""

    email: str
    days: int = 0
    to: str = ""


class NoSuchAccount(Invalid):
    """There is no account of that address."""


class OperatorEndpoints:
    def __init__(
        self, services: Services, wallet: Wallet, shop: Shop, clockwork: Clockwork
    ) -> None:
        self._services, self._wallet = services, wallet
        self._shop, self._clockwork = shop, clockwork

    def endpoints(self) -> list[Endpoint]:
        base = "/api/admin"
        return [
            _do(f"{base}/accounts", self.create_account, NewAccount, 201, once=False),
            _do(f"{base}/balance", self.add_money, NewMoney, 201),
            _do(f"{base}/grants", self.grant, Grant, 201),
            _do(f"{base}/restrictions", self.restrict, Restrict),
            _do(f"{base}/clock", self.move_clock, MoveClock, once=False),
            Endpoint(
                "GET",
                f"{base}/promotions/preview",
                self.preview_prices,
                who="operator",
                query={"at": "a time such as 2026-12-08T00:00:00+08:00; now where none is given"},
            ),
        ]

    async def create_account(self, call: Call) -> Any:
        """An account with a key, and a plan where one is named. The key is shown this once."""
        wanted = call.read(NewAccount)
        subscriptions = self._services.subscriptions
        if wanted.plan is not None and wanted.plan not in subscriptions.catalogue.plans:
            return error(400, "plan_unknown", str(PlanUnknown(subscriptions.no_plan(wanted.plan))))
        made = await self._services.accounts.create(wanted.email)
        shown = {
            "account_id": made.account.id,
            "email": made.account.email,
            "key": made.key,
            "plan": wanted.plan,
            "period": None,
            "ends_at": None,
        }
        if wanted.plan is not None:
            held = await self._shop.grant(made.account.id, wanted.plan, wanted.period, "first")
            shown |= {"period": held.period, "ends_at": iso_utc(held.ends_at)}
        return shown

    async def preview_prices(self, call: Call) -> Any:
        """Every price at one instant, for each plan, period and kind of purchase."""
        at = instant_in("at", call.text("at")) if call.text("at") else self._services.clock.now()
        return {"at": iso_utc(at), "prices": price_table(self._shop.market.catalogue, at)}

    async def add_money(self, call: Call) -> Any:
        """Money that came in outside, or a bonus, onto an account's balance."""
        wanted = call.read(NewMoney)
        account = await self._account(wanted.email)
        entry = await self._wallet.add(
            account.id, wanted.kind, wanted.amount, wanted.currency, wanted.reference, call.once
        )
        return show_entry(entry)

    async def grant(self, call: Call) -> Any:
        """Give an account a plan: it extends or upgrades what runs."""
        wanted = call.read(Grant)
        account = await self._account(wanted.email)
        held = await self._shop.grant(account.id, wanted.plan, wanted.period, call.once)
        return {"plan": held.plan_id, "period": held.period, "ends_at": iso_utc(held.ends_at)}

    async def restrict(self, call: Call) -> Any:
        """Stop an account's plan from serving calls, or let it go on."""
        wanted = call.read(Restrict)
        account = await self._account(wanted.email)
        await self._shop.restrict(account.id, wanted.why, call.once)
        return {"restricted_because": wanted.why or None}

    async def move_clock(self, call: Call) -> Any:
        """Move one account's test clock forwards, living through all that is due on the way."""
        wanted = call.read(MoveClock)
        account = await self._account(wanted.email)
        before = (await self._services.books.books(account.id)).now
        to = instant_in("to", wanted.to) if wanted.to else before + wanted.days * DAY
        done = await self._clockwork.advance(account.id, to)
        held = await self._services.store.current_subscription(account.id)
        return {
            "from": iso_utc(before),
            "now": iso_utc(to),
            "done": done,
            "plan": held.plan_id if held else None,
            "state": held.state if held else None,
            "ends_at": iso_utc(held.ends_at) if held else None,
        }

    async def _account(self, email: str) -> Account:
        return await account_of(self._services, email)


async def account_of(services: Services, email: str) -> Account:
    """Raises NoSuchAccount."""
    account = await services.accounts.by_email(email)
    if account is None:
        raise NoSuchAccount(f"there is no account of {email}")
    return account


def _do(path: str, serve: Any, body: type, status: int = 200, once: bool = True) -> Endpoint:
    return Endpoint("POST", path, serve, who="operator", body=body, once=once, status=status)
