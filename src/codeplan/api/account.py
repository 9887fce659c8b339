"""The account's own addresses: what a key's plan has left, and how the key behaves."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from codeplan.api.endpoints import Call, Endpoint, Invalid
from codeplan.api.showing import show_subscription
from codeplan.api.shown import Services, show_window, standing_of
from codeplan.billing.orders import Order, PlanItem
from codeplan.billing.overages import Overage, set_overage
from codeplan.billing.wallet import amount_in
from codeplan.kit.instants import iso_utc
from codeplan.kit.money import written
from codeplan.store.rows import KeyHolder


class NewOverage(msgspec.Struct, forbid_unknown_fields=True):
    """``a_day``: an amount such as "5.00"; "" turns it off."""

    a_day: str
    currency: str = "CNY"


class NewZone(msgspec.Struct, forbid_unknown_fields=True):
    """Such as Europe/Berlin; "" for the service's."""

    zone: str


class AccountEndpoints:
    """``overage``: whether the operator lets keys go on with the balance."""

    def __init__(self, services: Services, overage: bool) -> None:
        self._services, self._overage = services, overage

    def endpoints(self) -> list[Endpoint]:
        base = "/api/account"
        return [
            Endpoint("GET", f"{base}/plan", self.plan),
            Endpoint("GET", f"{base}/overage", self.overage),
            Endpoint("PUT", f"{base}/overage", self.set_overage, body=NewOverage),
            Endpoint("PUT", f"{base}/zone", self.set_zone, body=NewZone),
        ]

    async def plan(self, call: Call) -> Any:
        """The plan, its subscription, and each window: limit, used, left, resets_at (UTC)."""
        holder = _holder(call)
        standing = await standing_of(self._services, holder)
        shown: dict[str, Any] = {
            "account_id": holder.account.id,
            "email": holder.account.email,
            "plan": None,
            "subscription": None,
            "windows": [show_window(view, self._services.clock.now()) for view in standing.windows],
            "mcp_windows": [show_window(view, self._services.clock.now()) for view in standing.mcp],
        }
        if holder.subscription is not None:
            held = standing.held or await self._services.subscriptions.held(holder.subscription)
            shown["subscription"] = show_subscription(holder.subscription, held.serves_until)
        elif (waiting := await self._ordered(call.account_id)) is not None:
            shown["subscription"] = {"state": "pending", "order_id": waiting.id}
        if standing.held is not None:
            subscription = standing.held.subscription
            shown["plan"] = {
                "id": standing.held.plan.id,
                "name": standing.held.plan.name,
                "models": standing.held.plan.models,
                "model_limits": self._limits(standing.held.plan.models),
                "period": subscription.period,
                "ends_at": iso_utc(subscription.ends_at),
            }
        return shown

    def _limits(self, models: Sequence[str]) -> dict[str, Any]:
        """The tokens that each model reads and writes at most; null where nobody said."""
        catalogue = self._services.subscriptions.catalogue
        return {
            one.id: {"context": one.context, "output": one.output}
            for one in catalogue.models
            if one.id in models
        }

    async def _ordered(self, account_id: str) -> Order | None:
        """A plan that waits for its payment."""
        orders = await self._services.books.documents(Order, account_id, "pending")
        return next((order for order in orders if isinstance(order.item, PlanItem)), None)

    async def overage(self, call: Call) -> Any:
        """Whether the key goes on with the balance where its plan is used up, and up to how much a
        day."""
        found = await self._services.books.document(Overage, _holder(call).key.id)
        if found is None or found.state != "on" or not self._overage:
            return {"on": False, "a_day": None, "allowed": self._overage}
        return {
            "on": True,
            "a_day": written(found.minor_a_day, found.currency),
            "allowed": self._overage,
        }

    async def set_overage(self, call: Call) -> Any:
        """Let the key go on with the balance, at most so much a day; off by default."""
        wanted, holder = call.read(NewOverage), _holder(call)
        if not self._overage:
            raise Invalid("the operator does not let plans go on with the balance")
        minor = amount_in(wanted.a_day, wanted.currency) if wanted.a_day else 0
        payer = holder.key.pays
        if payer != holder.account.id:
            await self._services.teams.must_manage(payer, holder.account.id)
        await set_overage(self._services.books, payer, holder.key.id, minor, wanted.currency)
        return await self.overage(call)

    async def set_zone(self, call: Call) -> Any:
        """In which zone the account's days and new periods are counted."""
        zone = call.read(NewZone).zone
        try:
            ZoneInfo(zone or "UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise Invalid("zone: expected one such as Europe/Berlin") from None
        await self._services.store.set_zone(call.account_id, zone)
        return {"zone": zone or self._services.time_zone}


def _holder(call: Call) -> KeyHolder:
    assert call.holder is not None  # only an account's addresses ask
    return call.holder
