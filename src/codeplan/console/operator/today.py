"""Today: revenue against cost, plans that run, prompts, refusals by reason, upstreams' health and
speed; and the last thirty days."""

from dataclasses import dataclass

from codeplan.billing.orders import Alert
from codeplan.console.charts import Chart, Row
from codeplan.console.page import Answer, Page, Shown
from codeplan.console.visits import Visit
from codeplan.console.words import N_
from codeplan.kit.instants import MINUTE
from codeplan.store.rows import PlanCount
from codeplan.subscriptions.reports import Day, DayFigures, Today

_DAYS = 30
# What each code of a refusal is about (gateway/refusals.py).
_REASONS = {
    "1000": N_("unknown key"),
    "1001": N_("no key"),
    "1113": N_("no plan or no balance"),
    "1200": N_("something broke here"),
    "1210": N_("a request that is not valid"),
    "1211": N_("unknown model"),
    "1220": N_("tool, key or device not admitted"),
    "1222": N_("unknown address"),
    "1234": N_("upstream not reached"),
    "1302": N_("too many calls at once"),
    "1303": N_("a turn that ran away"),
    "1305": N_("upstream busy"),
    "1308": N_("5-hour limit"),
    "1309": N_("plan has ended"),
    "1310": N_("weekly or monthly limit"),
    "1311": N_("model not in the plan"),
    "1313": N_("restricted plan"),
}


@dataclass(frozen=True, slots=True)
class Refusals:
    code: str
    reason: str
    number: int


@dataclass(frozen=True, slots=True)
class UpstreamShown:
    """``speed``: tokens a second; ``slow``: below what is promised."""

    name: str
    calls: int
    failed: int
    wait_ms: int | None
    speed: float | None
    slow: bool
    drained: bool


@dataclass(frozen=True, slots=True)
class TodayPage:
    """``active``: subscriptions that run. ``alerts``: open ones. ``currencies``: of revenue or
    cost, today or before."""

    today: Today
    active: int
    refusals: tuple[Refusals, ...]
    upstreams: tuple[UpstreamShown, ...]
    alerts: tuple[Alert, ...]
    prompts: Chart
    money: tuple[tuple[str, Chart], ...]
    promised: float
    plans: tuple[PlanCount, ...]


def pages() -> list[Page]:
    return [Page("/operator/", show, "operator")]


async def show(visit: Visit) -> Answer:
    services = visit.services
    now = await services.reports.today()
    days = await services.reports.days(_DAYS)
    page = TodayPage(
        today=now,
        active=sum(one.number for one in now.plans),
        refusals=tuple(
            Refusals(code, visit._(_REASONS.get(code, "")), number)
            for code, number in now.refusals.items()
        ),
        upstreams=upstreams_shown(visit, now),
        alerts=tuple(await services.store.documents(Alert, state="open", limit=20)),
        prompts=_prompts(visit, days, now.figures),
        money=_money(visit, days, now.figures),
        promised=services.settings.promised_speed,
        plans=tuple(now.plans),
    )
    return Shown("operator/today.html", page)


def upstreams_shown(visit: Visit, now: Today) -> tuple[UpstreamShown, ...]:
    """Every upstream that is configured, with what it did since midnight."""
    services, found = visit.services, []
    promised = services.settings.promised_speed
    for name in services.router.upstreams:
        did = now.upstreams.get(name)
        speed = did.speed if did else None
        found.append(
            UpstreamShown(
                name,
                did.calls if did else 0,
                did.failed if did else 0,
                did.wait_ms if did else None,
                speed,
                bool(promised and speed is not None and speed < promised),
                name in services.drains.names,
            )
        )
    return tuple(found)


def _noon(day: Day) -> int:
    """Inside the day whatever the zone of whoever looks."""
    return day.made_at + 12 * 60 * MINUTE


def _prompts(visit: Visit, days: list[Day], today: DayFigures) -> Chart:
    rows = [Row(_noon(day), (day.figures.prompts,)) for day in days]
    rows.append(Row(visit.services.clock.now(), (today.prompts,)))
    return Chart(visit._("Prompts"), (visit._("Prompts"),), tuple(rows))


def _money(visit: Visit, days: list[Day], today: DayFigures) -> tuple[tuple[str, Chart], ...]:
    """Revenue and cost of each currency, in whole units of it."""
    every = [*(day.figures for day in days), today]
    names = (visit._("Revenue"), visit._("Cost"))
    found = []
    for currency in sorted({name for one in every for name in (*one.revenue, *one.cost)}):
        rows = tuple(
            Row(at, (one.revenue.get(currency, 0) / 100, one.cost.get(currency, 0) / 100))
            for at, one in zip(
                [*(_noon(day) for day in days), visit.services.clock.now()], every, strict=True
            )
        )
        title = visit._("Revenue and cost in %(currency)s") % {"currency": currency}
        found.append((currency, Chart(title, names, rows, "lines")))
    return tuple(found)
