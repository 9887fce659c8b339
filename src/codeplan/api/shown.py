"""What several addresses show of the same thing, written once so that they agree."""

from dataclasses import dataclass
from typing import Any

from codeplan.accounts.directory import Accounts
from codeplan.billing.overages import today
from codeplan.clients.registry import Clients
from codeplan.kit.clock import Clock
from codeplan.kit.instants import iso_utc
from codeplan.metering.meter import Meter
from codeplan.metering.refused_calls import RefusedCalls
from codeplan.plan.forecast import forecast
from codeplan.plan.windows import WindowView
from codeplan.store.base import MoneyStore, Store, UsageStore
from codeplan.store.rows import KeyHolder
from codeplan.subscriptions.receipts import Receipts
from codeplan.subscriptions.subscriptions import Held, Subscriptions
from codeplan.subscriptions.teams import Teams


@dataclass(frozen=True, slots=True)
class Services:
    """What the API's addresses need. ``time_zone``: in which monitor times are read and told.
    ``overage``: whether the operator lets keys go on with the balance."""

    accounts: Accounts
    subscriptions: Subscriptions
    teams: Teams
    receipts: Receipts
    meter: Meter
    store: Store
    clock: Clock
    clients: Clients
    refused_calls: RefusedCalls
    time_zone: str
    operator_digest: bytes
    overage: bool

    @property
    def usage(self) -> UsageStore:
        return self.store

    @property
    def books(self) -> MoneyStore:
        return self.store


@dataclass(frozen=True, slots=True)
class Standing:
    """A key's account with its plan and windows, as they are now. ``mcp``: of calls to the
    plan's MCP servers. ``overage``: what the key may spend of the balance in a day, with its
    currency, where it goes on with that. ``held`` is None without a plan, and also when it has
    ended."""

    holder: KeyHolder
    held: Held | None
    windows: tuple[WindowView, ...]
    mcp: tuple[WindowView, ...] = ()
    overage: tuple[WindowView, str] | None = None


async def standing_of(services: Services, holder: KeyHolder) -> Standing:
    """What the key's calls draw on, as it stands now."""
    held = await services.subscriptions.held_by(holder)
    if held is None or not held.is_active(services.clock.now() + holder.account.clock_ahead):
        return Standing(holder, None, ())
    payer = held.payer(holder.account.id, holder.key.id)
    windows = await services.meter.windows(payer, held.plan)
    mcp = await services.meter.windows(payer, held.plan.for_mcp) if held.plan.mcp else ()
    overage = None
    if services.overage and holder.rules.lane != "plan":
        overage = await today(services.books, holder.key.pays, holder.key.id, services.time_zone)
    return Standing(holder, held, windows, mcp, overage)


def show_window(view: WindowView, now: int) -> dict[str, Any]:
    """Units of the window's rule; ``resets_at`` is null while the window has not opened.
    ``pace`` in units an hour; ``stops_at``: when nothing is left at that pace, or null."""
    ahead = forecast(view, now)
    return {
        "window": view.rule.words,
        "unit": view.rule.unit,
        "kind": view.rule.kind,
        "scope": view.rule.scope,
        "limit": view.limit,
        "used": view.used,
        "reserved": view.reserved,
        "left": view.left,
        "resets_at": iso_utc(view.resets_at),
        "pace": ahead.pace,
        "stops_at": iso_utc(ahead.stops_at),
        "comes_back": [{"at": iso_utc(at), "units": units} for at, units in ahead.comes_back],
    }
