"""Cases of suspected sharing: their evidence, the person's answer, the decision."""

from dataclasses import dataclass

from codeplan.accounts.devices import SLOT_MS
from codeplan.console.operator.people import email_of
from codeplan.console.page import Answer, Go, Page, Shown, post
from codeplan.console.visits import Visit
from codeplan.plan.sharing import SharingRules
from codeplan.subscriptions.cases import Case

_HERE = "/console/operator/cases"


@dataclass(frozen=True, slots=True)
class CaseRow:
    case: Case
    email: str


@dataclass(frozen=True, slots=True)
class CasesPage:
    rows: tuple[CaseRow, ...]
    rules: SharingRules


@dataclass(frozen=True, slots=True)
class CasePage:
    case: Case
    email: str
    slot_ms: int


def pages() -> list[Page]:
    return [
        Page("/operator/cases", show, "operator"),
        Page("/operator/cases/{id}", one, "operator", back=_HERE),
        post("/operator/cases/{id}", decide, _HERE, "operator"),
    ]


async def show(visit: Visit) -> Answer:
    cases = await visit.services.cases.list_all()
    rows = [CaseRow(case, await email_of(visit, case.account_id)) for case in cases]
    return Shown("operator/cases.html", CasesPage(tuple(rows), visit.services.cases.rules))


async def one(visit: Visit) -> Answer:
    case = await visit.services.cases.one(visit.part("id"))
    return Shown(
        "operator/case.html", CasePage(case, await email_of(visit, case.account_id), SLOT_MS)
    )


async def decide(visit: Visit) -> Answer:
    restricts = visit.text("decision") == "restrict"
    text = visit.text("text", 2000)
    await visit.services.cases.decide(visit.part("id"), restricts, text)
    return Go(_HERE, "decided")
