"""What an account holds, as several pages show it: its plan, the windows, the next renewal."""

from dataclasses import dataclass

from codeplan.console import words
from codeplan.console.visits import Visit
from codeplan.plan.catalogue import Plan
from codeplan.plan.forecast import forecast
from codeplan.plan.rules import WindowRule
from codeplan.plan.windows import Number, WindowView
from codeplan.store.rows import Subscription
from codeplan.subscriptions.seats import ahead
from codeplan.subscriptions.subscriptions import Held


@dataclass(frozen=True, slots=True)
class WindowShown:
    """``share``: per cent taken. ``resets_at``: None while the window has not opened. ``pace``: in
    units an hour; ``stops_at``: when nothing is left at that pace. ``scope``: whose window it is,
    in words; "" where the whole plan shares it."""

    rule: WindowRule
    limit: int
    used: Number
    left: Number
    share: int
    resets_at: int | None
    pace: float | None
    stops_at: int | None
    scope: str = ""


@dataclass(frozen=True, slots=True)
class PlanShown:
    """A plan that serves. ``state``: restricted, or the subscription's. ``renews_minor``: what the
    next period costs; None where it is not renewed, or nobody sells it any more. ``team``: whose
    it is; "" for the person's own."""

    plan: Plan
    subscription: Subscription
    state: str
    windows: tuple[WindowShown, ...]
    next_plan: str
    renews_minor: int | None
    serves_until: int
    team: str = ""


async def plans_of(visit: Visit) -> list[PlanShown]:
    """The account's own plan, and those of its organisations, as far as they serve now."""
    services, account = visit.services, visit.who
    found = []
    held = await running(visit, account.id)
    if held is not None:
        found.append(await show(visit, held))
    for team, member in await services.teams.teams_of(account.id):
        theirs = await running(visit, team.id)
        if theirs is not None and member.state == "active":
            found.append(await show(visit, theirs, team.name))
    return found


async def running(visit: Visit, account_id: str) -> Held | None:
    """What the account holds, where it serves calls now (or would, if nobody had restricted it)."""
    subscription = await visit.services.store.current_subscription(account_id)
    if subscription is None:
        return None
    held = await visit.services.subscriptions.held(subscription)
    return held if held.is_active(visit.now) else None


async def show(visit: Visit, held: Held, team: str = "") -> PlanShown:
    payer = held.payer(visit.who.id)
    views = await visit.services.meter.windows(payer, held.plan)
    subscription = held.subscription
    return PlanShown(
        held.plan,
        subscription,
        "restricted" if subscription.restricted else subscription.state,
        tuple(window(visit, view) for view in views),
        subscription.next_plan_id or subscription.plan_id,
        await _renewal(visit, subscription),
        held.serves_until,
        team,
    )


def window(visit: Visit, view: WindowView) -> WindowShown:
    ahead = forecast(view, visit.services.clock.now())
    return WindowShown(
        rule=view.rule,
        limit=view.limit,
        used=view.used,
        left=view.left,
        share=view.percent,
        resets_at=view.resets_at,
        pace=ahead.pace,
        stops_at=ahead.stops_at,
        scope=words.scope_name(view.rule.scope, visit._),
    )


async def _renewal(visit: Visit, subscription: Subscription) -> int | None:
    if not subscription.currency or subscription.state not in ("active", "past_due"):
        return None
    plans = visit.services.subscriptions.catalogue.plans
    following = plans.get(subscription.next_plan_id or subscription.plan_id)
    if following is None:
        return None
    period = subscription.next_period or subscription.period
    each = following.price(subscription.currency, period)  # type: ignore[arg-type]  # a period
    if each is None:
        return None
    seats, _ = await ahead(visit.services.store, subscription)
    return each * max(1, seats)
