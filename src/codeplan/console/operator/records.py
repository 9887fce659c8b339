"""What was done: the audit log, and what ran by the clock; alerts that somebody looked at."""

from dataclasses import dataclass

from msgspec import structs

from codeplan.billing.audit import Audit
from codeplan.billing.orders import Alert, Order
from codeplan.console.page import Answer, Go, Page, Shown, post
from codeplan.console.visits import Visit
from codeplan.letters.notices import Notice
from codeplan.store.changing import amend
from codeplan.telemetry import Run

_MANY = 100


@dataclass(frozen=True, slots=True)
class AuditPage:
    lines: tuple[Audit, ...]
    next: str


@dataclass(frozen=True, slots=True)
class JobsPage:
    """``due``: subscriptions that the clock has to look at now; ``letters``, ``orders``: that
    wait."""

    runs: tuple[Run, ...]
    due: int
    letters: int
    orders: int


def pages() -> list[Page]:
    return [
        Page("/operator/audit", audit, "operator"),
        Page("/operator/jobs", jobs, "operator"),
        post("/operator/alerts/{id}/close", close_alert, "/console/operator/", "operator"),
    ]


async def audit(visit: Visit) -> Answer:
    found = await visit.services.store.documents(Audit, limit=_MANY, before=visit.query("before"))
    last = found[-1].id if len(found) == _MANY else ""
    return Shown("operator/audit.html", AuditPage(tuple(found), last))


async def jobs(visit: Visit) -> Answer:
    store = visit.services.store
    page = JobsPage(
        tuple(visit.services.runs.newest()),
        len(await store.due_subscriptions(1000)),
        len(await store.documents(Notice, state="queued", limit=1000)),
        len(await store.documents(Order, state="pending", limit=1000)),
    )
    return Shown("operator/jobs.html", page)


async def close_alert(visit: Visit) -> Answer:
    def close(current: Alert, _: int) -> Alert:
        return structs.replace(current, state="closed")

    found = await visit.services.store.document(Alert, visit.part("id"))
    account_id = found.account_id if found else ""
    await amend(visit.services.store, account_id, Alert, visit.part("id"), close)
    return Go("/console/operator/", "saved")
