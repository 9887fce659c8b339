"""The operator's addresses for money: orders and transfers, refunds, redeem codes, the ledger's
check, alerts and the audit log."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from codeplan.api.endpoints import Call, Endpoint, Invalid
from codeplan.api.operator import account_of
from codeplan.api.showing import show_order
from codeplan.api.shown import Services
from codeplan.billing.audit import Audit
from codeplan.billing.checking import Checker
from codeplan.billing.orders import Alert, Order
from codeplan.billing.wallet import amount_in
from codeplan.kit.instants import DAY, iso_utc
from codeplan.kit.money import written_exact
from codeplan.store.documents import One
from codeplan.store.money import Books, Decision, Move
from codeplan.subscriptions.codes import Codes, Gift, MoneyGift, PackGift, PlanGift
from codeplan.subscriptions.refunds import Refunds
from codeplan.subscriptions.till import Till

_MOST_CODES = 10_000


class Confirm(msgspec.Struct, forbid_unknown_fields=True):
    """``reference``: the transfer's own number at the bank; ``amount``: what came."""

    reference: str
    amount: str


class GiveBack(msgspec.Struct, forbid_unknown_fields=True):
    """``to``: the balance, or the provider by which it was paid."""

    amount: str
    reason: str
    to: Literal["balance", "provider"] = "balance"
    ends_plan: bool = False


class NewCodes(msgspec.Struct, forbid_unknown_fields=True):
    """``batch``: a name for them. One of ``plan`` (with ``period``), ``pack``, ``amount`` (with
    ``currency``). ``expires``: a day such as 2027-01-31, in UTC."""

    batch: str
    number: int
    plan: str = ""
    period: Literal["month", "quarter", "year"] = "month"
    pack: str = ""
    amount: str = ""
    currency: str = "CNY"
    expires: str = ""


class TillEndpoints:
    def __init__(
        self, services: Services, till: Till, refunds: Refunds, codes: Codes, checker: Checker
    ) -> None:
        self._services, self._till, self._refunds = services, till, refunds
        self._codes, self._checker = codes, checker

    def endpoints(self) -> list[Endpoint]:
        base = "/api/admin"
        listed = {
            "email": "of one account; of all where none is given",
            "state": "pending, paid, credited, failed, expired or refunded",
            "limit": "how many, at most 200",
            "before": "the last id of the page before",
        }
        return [
            _get(f"{base}/orders", self.orders, listed),
            _post(f"{base}/orders/{{id}}/confirm", self.confirm, Confirm),
            _post(f"{base}/orders/{{id}}/refund", self.refund, GiveBack),
            _post(f"{base}/codes", self.make_codes, NewCodes, 201),
            _post(f"{base}/ledger/check", self.check, None),
            _get(f"{base}/ledger", self.ledger, {}),
            _get(f"{base}/alerts", self.alerts, {}),
            _post(f"{base}/alerts/{{id}}/close", self.close_alert, None),
            _get(f"{base}/audit", self.audit, {"before": "the last id of the page before"}),
        ]

    async def orders(self, call: Call) -> Any:
        """Orders, the newest first."""
        email = call.text("email")
        account_id = (await account_of(self._services, email)).id if email else ""
        found = await self._services.books.documents(
            Order, account_id, call.text("state"), call.number("limit", 50), call.text("before")
        )
        return [{"account_id": order.account_id, **show_order(order)} for order in found]

    async def confirm(self, call: Call) -> Any:
        """A transfer came in for that order."""
        wanted, order_id = call.read(Confirm), call.part("id")
        order = await self._till.order(order_id)
        if not wanted.reference:
            raise Invalid("reference: expected the transfer's number at the bank")
        amount = amount_in(wanted.amount, order.currency)
        paid = await self._till.confirm(order_id, wanted.reference, amount)
        return show_order(paid)

    async def refund(self, call: Call) -> Any:
        """Give back what was paid for an order, or a part of it."""
        wanted, order_id = call.read(GiveBack), call.part("id")
        order = await self._till.order(order_id)
        if not wanted.reason:
            raise Invalid("reason: expected one")
        amount = amount_in(wanted.amount, order.currency)
        made = await self._refunds.give(
            order_id, amount, wanted.to, wanted.ends_plan, wanted.reason, call.once
        )
        return show_order(made)

    async def make_codes(self, call: Call) -> Any:
        """A batch of redeem codes, shown this once."""
        wanted = call.read(NewCodes)
        if not 1 <= wanted.number <= _MOST_CODES:
            raise Invalid(f"number: expected 1 to {_MOST_CODES}")
        codes = await self._codes.make(
            _gift(wanted), wanted.number, wanted.batch, _end_of(wanted.expires), call.once
        )
        return {"batch": wanted.batch, "codes": codes}

    async def check(self, _: Call) -> Any:
        """Check the whole ledger now, and the last two days' payments with their providers."""
        now = self._services.clock.now()
        found = await self._checker.check(now - 2 * DAY, now)
        return {"findings": [{"about": one.about, "text": one.text} for one in found]}

    async def ledger(self, _: Call) -> Any:
        """What was earned, given, owed and received: each account of the house."""
        return [
            {"account": name, "currency": currency, "sum": written_exact(amount, currency)}
            for name, currency, amount in await self._services.store.house_sums()
        ]

    async def alerts(self, _: Call) -> Any:
        """What an operator has to look at."""
        found = await self._services.books.documents(Alert, state="open")
        return [
            {"id": one.id, "at": iso_utc(one.made_at), "about": one.about, "text": one.text}
            for one in found
        ]

    async def close_alert(self, call: Call) -> Any:
        """It was looked at."""
        name = call.part("id")
        alert = await self._services.books.document(Alert, name)
        if alert is None:
            raise Invalid(f"there is no alert {name}")

        def decide(books: Books, _: int) -> Decision:
            current = books.found.one(Alert, name)
            assert current is not None  # an alert is never removed
            return Decision(documents=(msgspec.structs.replace(current, state="closed"),))

        await self._services.books.move(Move(alert.account_id, "", decide, (One(Alert, name),)))
        return {"closed": name}

    async def audit(self, call: Call) -> Any:
        """What operators asked for, the newest first."""
        found = await self._services.books.documents(Audit, limit=200, before=call.text("before"))
        return [
            {"id": one.id, "at": iso_utc(one.made_at), "address": one.address, "asked": one.asked}
            for one in found
        ]


def _gift(wanted: NewCodes) -> Gift:
    if sum(bool(one) for one in (wanted.plan, wanted.pack, wanted.amount)) != 1:
        raise Invalid("expected one of plan, pack and amount")
    if wanted.plan:
        return PlanGift(wanted.plan, wanted.period)
    if wanted.pack:
        return PackGift(wanted.pack)
    return MoneyGift(amount_in(wanted.amount, wanted.currency), wanted.currency)


def _end_of(day: str) -> int | None:
    if not day:
        return None
    try:
        return round(datetime.fromisoformat(f"{day}T00:00+00:00").timestamp() * 1000) + DAY
    except ValueError:
        raise Invalid("expires: expected a day such as 2027-01-31") from None


def _get(path: str, serve: Any, query: dict[str, str]) -> Endpoint:
    return Endpoint("GET", path, serve, who="operator", query=query)


def _post(path: str, serve: Any, body: type | None, status: int = 200) -> Endpoint:
    return Endpoint("POST", path, serve, who="operator", body=body, once=True, status=status)
