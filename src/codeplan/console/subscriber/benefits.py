"""Benefits: codes to redeem, and one's own code for friends."""

from dataclasses import dataclass

from codeplan.console.page import Answer, Page, Shown
from codeplan.console.visits import Visit


@dataclass(frozen=True, slots=True)
class BenefitsPage:
    """``referral_percent``: of what a friend's first plan brings; 0 where nothing is given."""

    referral: str
    referral_percent: float


def pages() -> list[Page]:
    return [Page("/benefits", benefits)]


async def benefits(visit: Visit) -> Answer:
    shop = visit.services.shop
    percent = shop.settings.referral.credit_millionths / 10_000
    code = await shop.referral_code(visit.who.id) if percent and visit.operator is None else ""
    return Shown("subscriber/benefits.html", BenefitsPage(code, percent))
