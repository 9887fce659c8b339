"""Plans: what there is and what it costs now, which one fits what was used, and what becomes of
the one that runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from codeplan.console.forms import FormInvalid
from codeplan.console.page import Answer, Go, Page, Shown, post_once
from codeplan.console.subscriber.standing import PlanShown, running, show
from codeplan.console.visits import Visit
from codeplan.kit.instants import DAY, HOUR
from codeplan.metering.usage import is_apart
from codeplan.plan.catalogue import Plan
from codeplan.plan.periods import Period
from codeplan.plan.quote import Quote
from codeplan.plan.rules import ONE, WindowRule
from codeplan.plan.weigh import call_cost
from codeplan.plan.windows import Number, shown
from codeplan.store.rows import Use
from codeplan.subscriptions.market import Wish

HERE = "/console/plans"
PERIODS: tuple[Period, ...] = get_args(Period)
_LOOK_BACK = 30 * DAY
_SPAN_MS = {"hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 30 * DAY}


@dataclass(frozen=True, slots=True)
class Offer:
    """``quote``: what a period costs now; None where it cannot be bought now (it may follow at the
    period's end, if ``follows``)."""

    period: Period
    quote: Quote | None
    list_minor: int
    follows: bool


@dataclass(frozen=True, slots=True)
class PlanColumn:
    plan: Plan
    offers: tuple[Offer, ...]
    is_mine: bool


@dataclass(frozen=True, slots=True)
class PlansPage:
    """``currency``: in which prices are shown; ``currencies``: that there are."""

    mine: PlanShown | None
    columns: tuple[PlanColumn, ...]
    currency: str
    currencies: tuple[str, ...]
    codes: str


@dataclass(frozen=True, slots=True)
class FitRow:
    """A plan's window against the busiest span of the last 30 days."""

    plan: Plan
    rule: WindowRule
    busiest: Number
    fits: bool


@dataclass(frozen=True, slots=True)
class FitPage:
    """``best``: the first plan whose windows all hold what was used; None where none does."""

    rows: tuple[FitRow, ...]
    best: Plan | None
    prompts: int


def pages() -> list[Page]:
    return [
        Page("/plans", plans),
        Page("/plans/fit", fit),
        post_once("/plans/cancel", cancel, HERE),
        post_once("/plans/resume", resume, HERE),
        post_once("/plans/change", change, HERE),
    ]


def period_in(text: str) -> Period:
    """Raises FormInvalid."""
    for period in PERIODS:
        if period == text:
            return period
    raise FormInvalid("period")


async def plans(visit: Visit) -> Answer:
    services = visit.services
    catalogue = services.subscriptions.catalogue
    currencies = tuple(sorted({p.currency for one in catalogue.plans.values() for p in one.prices}))
    held = await running(visit, visit.who.id)
    own = held.subscription.currency if held else ""
    asked = visit.query("currency", own)
    currency = asked if asked in currencies else (currencies[0] if currencies else "")
    codes = visit.query("codes")
    wishes = [
        Wish(visit.who.id, plan.id, period, currency, codes.split())
        for plan in catalogue.plans.values()
        for period in PERIODS
        if plan.price(currency, period) is not None
    ]
    offered = await services.shop.offers(visit.who.id, wishes)
    columns = []
    for plan in catalogue.plans.values():
        offers = tuple(
            Offer(wish.period, quote, plan.price(currency, wish.period) or 0, held is not None)
            for wish, quote in zip(wishes, offered, strict=True)
            if wish.plan_id == plan.id
        )
        columns.append(PlanColumn(plan, offers, held is not None and held.plan.id == plan.id))
    mine = await show(visit, held) if held else None
    page = PlansPage(mine, tuple(columns), currency, currencies, codes)
    return Shown("subscriber/plans.html", page)


async def fit(visit: Visit) -> Answer:
    """Each plan's windows against the busiest such span of what was used."""
    now = visit.services.clock.now()
    since = now - now % HOUR - _LOOK_BACK
    found = await visit.services.store.use(visit.who.id, since, now, HOUR)
    uses = [use for use in found if not is_apart(use.model)]
    rows, best = [], None
    for plan in visit.services.subscriptions.catalogue.plans.values():
        mine = [_row(plan, rule, uses) for rule in plan.windows]
        rows += mine
        if best is None and all(row.fits for row in mine):
            best = plan
    page = FitPage(tuple(rows), best, sum(use.prompts for use in uses))
    return Shown("subscriber/fit.html", page)


def _row(plan: Plan, rule: WindowRule, uses: Sequence[Use]) -> FitRow:
    busiest = _busiest(plan, rule, uses)
    return FitRow(plan, rule, shown(busiest), busiest <= rule.limit * ONE)


def _busiest(plan: Plan, rule: WindowRule, uses: Sequence[Use]) -> int:
    """The most of the rule's unit, in millionths, in any span of its length; by whole hours."""
    span = rule.number * _SPAN_MS[rule.span]
    cost: dict[int, int] = {}
    for use in uses:
        cost[use.starts_at] = cost.get(use.starts_at, 0) + _cost(plan, rule, use)
    most, running_sum, hours = 0, 0, sorted(cost)
    first = 0
    for hour in hours:
        running_sum += cost[hour]
        while hours[first] <= hour - span:
            running_sum -= cost[hours[first]]
            first += 1
        most = max(most, running_sum)
    return most


def _cost(plan: Plan, rule: WindowRule, use: Use) -> int:
    if rule.unit == "prompt":
        return use.prompts * plan.rate_of(use.model).times_at(use.starts_at)
    if rule.unit == "call":
        return use.calls * ONE
    return call_cost(plan, rule.unit, use.model, use.starts_at, use)


async def cancel(visit: Visit) -> Answer:
    await visit.services.shop.cancel(visit.who.id, visit.once, cancelled=True)
    return Go(HERE, "cancelled")


async def resume(visit: Visit) -> Answer:
    await visit.services.shop.cancel(visit.who.id, visit.once, cancelled=False)
    return Go(HERE, "resumed")


async def change(visit: Visit) -> Answer:
    """Another plan or period from the running one's end on."""
    held = await running(visit, visit.who.id)
    currency = held.subscription.currency if held else ""
    wish = Wish(visit.who.id, visit.text("plan"), period_in(visit.text("period")), currency)
    await visit.services.shop.change(wish, visit.once)
    return Go(HERE, "changed")
