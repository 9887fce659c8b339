"""Plans and promotions: what is in force, prices at any instant, what a draft would change, and the
simulator that replays real use under it."""

from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from starlette.exceptions import HTTPException

from codeplan.console.forms import FormInvalid
from codeplan.console.page import Answer, Go, Page, Shown, post
from codeplan.console.visits import Visit
from codeplan.plan.catalogue import Plan
from codeplan.plan.difference import Difference
from codeplan.plan.promotions import Asked, Promotion, PurchaseKind
from codeplan.plan.quote import Quote, quote
from codeplan.plan.rules import WindowRule
from codeplan.subscriptions.simulator import DraftInvalid, Simulation

_HERE = "/console/operator/plans"
_MOST_DRAFT = 512 * 1024


@dataclass(frozen=True, slots=True)
class PromotionShown:
    """``state``: running, ahead or over."""

    promotion: Promotion
    state: str


@dataclass(frozen=True, slots=True)
class PlansPage:
    """``at``: for when prices are shown, as a form writes it. ``draft``: what was pasted;
    ``problem``: what is wrong with it."""

    version: str
    plans: tuple[Plan, ...]
    promotions: tuple[PromotionShown, ...]
    quotes: tuple[Quote, ...]
    at: str
    draft: str
    problem: str
    changes: tuple[Difference, ...] | None
    simulations: tuple[Simulation, ...]
    days: int


@dataclass(frozen=True, slots=True)
class SimulationPage:
    """``rules``: windows by name, for their words."""

    simulation: Simulation
    names: dict[str, str]
    rules: dict[str, WindowRule]


def pages() -> list[Page]:
    return [
        Page("/operator/plans", show, "operator"),
        post("/operator/plans/draft", look_at_draft, _HERE, "operator"),
        post("/operator/plans/simulate", simulate, _HERE, "operator"),
        Page("/operator/simulations/{id}", simulation, "operator"),
    ]


async def show(visit: Visit) -> Answer:
    return Shown("operator/plans.html", await _page(visit))


async def look_at_draft(visit: Visit) -> Answer:
    """What it would change; with its errors where it cannot be used."""
    draft = visit.text("draft", _MOST_DRAFT)
    try:
        changes = tuple(visit.services.simulator.changes(draft))
    except DraftInvalid as invalid:
        return Shown("operator/plans.html", await _page(visit, draft, str(invalid)), 400)
    return Shown("operator/plans.html", await _page(visit, draft, changes=changes))


async def simulate(visit: Visit) -> Answer:
    draft = visit.text("draft", _MOST_DRAFT)
    days = visit.number("days", least=1, most=62, default=30)
    try:
        begun = await visit.services.simulator.begin(draft, days)
    except DraftInvalid as invalid:
        return Shown("operator/plans.html", await _page(visit, draft, str(invalid)), 400)
    return Go(f"/console/operator/simulations/{begun}")


async def simulation(visit: Visit) -> Answer:
    found = await visit.services.simulator.found(visit.part("id"))
    if found is None:
        raise HTTPException(404, visit._("There is no such simulation."))
    plans = visit.services.subscriptions.catalogue.plans.values()
    rules = {rule.name: rule for plan in plans for rule in plan.windows}
    names = {plan.id: plan.name for plan in plans}
    return Shown("operator/simulation.html", SimulationPage(found, names, rules))


async def _page(
    visit: Visit,
    draft: str = "",
    problem: str = "",
    changes: tuple[Difference, ...] | None = None,
) -> PlansPage:
    services = visit.services
    catalogue = services.subscriptions.catalogue
    at, written = _instant(visit)
    return PlansPage(
        version=catalogue.version,
        plans=tuple(catalogue.plans.values()),
        promotions=tuple(_promotion(one, services.clock.now()) for one in catalogue.promotions),
        quotes=tuple(
            quote(
                plan, price.currency, Asked(plan.id, price.period, kind, at), catalogue.promotions
            )
            for plan in catalogue.plans.values()
            for price in plan.prices
            for kind in get_args(PurchaseKind)
        ),
        at=written,
        draft=draft,
        problem=problem,
        changes=changes,
        simulations=tuple(await services.simulator.newest()),
        days=30,
    )


def _instant(visit: Visit) -> tuple[int, str]:
    """Of the form, in the reader's zone; now where none is given."""
    text = visit.query("at")
    if not text:
        now = visit.services.clock.now()
        local = datetime.fromtimestamp(now / 1000, visit.zone)
        return now, f"{local:%Y-%m-%dT%H:%M}"
    try:
        local = datetime.fromisoformat(text).replace(tzinfo=visit.zone)
    except ValueError:
        raise FormInvalid("at") from None
    return round(local.timestamp() * 1000), text


def _promotion(promotion: Promotion, now: int) -> PromotionShown:
    begins_at, ends_at = promotion.bounds
    if now < begins_at:
        return PromotionShown(promotion, "ahead")
    return PromotionShown(promotion, "running" if now < ends_at else "over")
