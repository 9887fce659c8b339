"""Benefits: what the plans bring, to be claimed; codes to redeem, and one's own code for
friends."""

from dataclasses import dataclass

from codeplan.console.page import Answer, Go, Page, Shown, post
from codeplan.console.subscriber.standing import WindowShown, window
from codeplan.console.visits import Visit
from codeplan.plan.benefits import Benefit
from codeplan.subscriptions.benefits import Standing


@dataclass(frozen=True, slots=True)
class BenefitShown:
    """``code``: a partner's, or "". ``plans``: the names of those that bring it."""

    benefit: Benefit
    state: str
    ends_at: int | None
    code: str
    windows: tuple[WindowShown, ...]
    plans: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BenefitsPage:
    """``referral_percent``: of what a friend's first plan brings; 0 where nothing is given."""

    benefits: tuple[BenefitShown, ...]
    referral: str
    referral_percent: float


def pages() -> list[Page]:
    return [
        Page("/benefits", benefits),
        post("/benefits/{id}/claim", claim, back="/console/benefits"),
    ]


async def benefits(visit: Visit) -> Answer:
    shop = visit.services.shop
    percent = shop.settings.referral.credit_millionths / 10_000
    code = await shop.referral_code(visit.who.id) if percent and visit.operator is None else ""
    standings = await visit.services.benefits.of(visit.who)
    shown = tuple(_shown(visit, standing) for standing in standings)
    return Shown("subscriber/benefits.html", BenefitsPage(shown, code, percent))


async def claim(visit: Visit) -> Answer:
    await visit.services.benefits.claim(visit.who, visit.part("id"))
    return Go("/console/benefits", done="claimed")


def _shown(visit: Visit, standing: Standing) -> BenefitShown:
    benefit = standing.benefit
    plans = visit.services.subscriptions.catalogue.plans.values()
    return BenefitShown(
        benefit,
        standing.state,
        standing.ends_at,
        standing.grant.code if standing.grant else "",
        tuple(window(visit, view) for view in standing.windows),
        tuple(plan.name for plan in plans if benefit.comes_with(plan.id)),
    )
