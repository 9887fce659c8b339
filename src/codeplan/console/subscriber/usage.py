"""Usage over time, by model, tool or member; how much came from the prompt cache; how fast each
model was; every prompt; all of it as CSV."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from codeplan.billing.csv_text import Cell, csv_of
from codeplan.console.charts import Chart, over_time, steps_of
from codeplan.console.page import Answer, Page, Shown
from codeplan.console.subscriber.overview import PromptShown, prompt_shown
from codeplan.console.visits import Visit
from codeplan.console.words import N_, tool_name
from codeplan.kit.instants import DAY, HOUR, iso_utc
from codeplan.metering.usage import is_apart
from codeplan.store.operations import CallRow
from codeplan.store.rows import Use

DAYS = (1, 7, 30)
_PROMPTS = 25
_TIMED_CALLS = 200
_MEASURES: dict[str, tuple[str, Callable[[Use], int]]] = {
    "prompts": (N_("Prompts"), lambda use: use.prompts),
    "calls": (N_("Calls"), lambda use: use.calls),
    "tokens": (N_("Tokens"), lambda use: use.tokens),
}
_GROUPS = {"model": N_("Model"), "tool": N_("Tool"), "member": N_("Member")}


@dataclass(frozen=True, slots=True)
class Total:
    """Of one model, tool or member. ``cached``: per cent of what was read that came from the
    upstream's prompt cache; None where nothing was read."""

    name: str
    prompts: int
    calls: int
    tokens: int
    output: int
    cached: int | None


@dataclass(frozen=True, slots=True)
class Speed:
    """Of one model, over the newest calls. ``wait_ms``: until the first content, the middle one;
    ``tokens_a_second``: the middle one; None where nothing was measured."""

    model: str
    calls: int
    wait_ms: int | None
    tokens_a_second: float | None


@dataclass(frozen=True, slots=True)
class UsagePage:
    """``groups``, ``measures``: by name, in words. ``members``: whether there are any to look at.
    ``next``: the last prompt's id, where there are more."""

    days: int
    by: str
    measure: str
    groups: dict[str, str]
    measures: dict[str, str]
    chart: Chart
    totals: tuple[Total, ...]
    whole: Total
    speeds: tuple[Speed, ...]
    prompts: tuple[PromptShown, ...]
    next: str


def pages() -> list[Page]:
    return [Page("/usage", usage), Page("/usage.csv", usage_csv)]


async def usage(visit: Visit) -> Answer:
    days = next((one for one in DAYS if str(one) == visit.query("days")), 7)
    measure = visit.query("measure") if visit.query("measure") in _MEASURES else "prompts"
    people = await _people(visit)
    groups = {name: visit._(text) for name, text in _GROUPS.items() if name != "member" or people}
    by = visit.query("by") if visit.query("by") in groups else "model"
    steps = steps_of(visit.services.clock.now(), days, visit.zone)
    uses = await _uses(visit, people if by == "member" else {visit.who.id: ""}, steps)
    title, measured = _MEASURES[measure]
    chart = over_time(
        visit._(title),
        [use for _, use in uses],
        steps,
        _namer(visit, by, {id(use): person for person, use in uses}),
        measured,
        visit._("others"),
    )
    store, before = visit.services.store, visit.query("before")
    prompts = await store.prompts(visit.who.id, _PROMPTS, before)
    page = UsagePage(
        days=days,
        by=by,
        measure=measure,
        groups=groups,
        measures={name: visit._(text) for name, (text, _) in _MEASURES.items()},
        chart=chart,
        totals=_totals(visit, uses, by),
        whole=_total(visit._("All"), [use for _, use in uses]),
        speeds=await _speeds(visit, steps[0]),
        prompts=tuple(prompt_shown(prompt, {}) for prompt in prompts),
        next=prompts[-1].id if len(prompts) == _PROMPTS else "",
    )
    return Shown("subscriber/usage.html", page)


async def usage_csv(visit: Visit) -> Answer:
    """By hour, model and tool, over 31 days."""
    now = visit.services.clock.now()
    since = now - now % HOUR - 31 * DAY
    classes = ("input", "cached", "cache_write", "output", "reasoning")
    rows: list[list[Cell]] = []
    for use in await visit.services.store.use(visit.who.id, since, now, HOUR):
        tokens = [getattr(use, name) for name in classes]
        hour = iso_utc(use.starts_at)
        rows.append([hour or "", use.model, use.client or "", use.prompts, use.calls, *tokens])
    header = ["hour", "model", "tool", "prompts", "calls", *classes]
    headers = {"content-disposition": 'attachment; filename="usage.csv"'}
    return Response(csv_of(header, rows), media_type="text/csv; charset=utf-8", headers=headers)


async def _people(visit: Visit) -> dict[str, str]:
    """The members of the organisations that the account manages: account and address."""
    teams, found = visit.services.teams, {}
    for team, member in await teams.teams_of(visit.who.id):
        if member.role in ("owner", "admin"):
            for one in await teams.members(team.id):
                found[one.person] = one.email
    return found


async def _uses(
    visit: Visit, people: dict[str, str], steps: Sequence[int]
) -> list[tuple[str, Use]]:
    since, until = steps[0] - steps[0] % HOUR, visit.services.clock.now() + 1
    return [
        (email, use)
        for account_id, email in people.items()
        for use in await visit.services.store.use(account_id, since, until, HOUR)
    ]


def _namer(visit: Visit, by: str, people: dict[int, str]) -> Callable[[Use], str]:
    if by == "member":
        return lambda use: people[id(use)]
    if by == "model":
        return lambda use: use.model
    return lambda use: _tool_name(visit, use)


def _tool_name(visit: Visit, use: Use) -> str:
    return tool_name(visit.services.clients.name_of(use.client), visit._)


def _totals(visit: Visit, uses: list[tuple[str, Use]], by: str) -> tuple[Total, ...]:
    groups: dict[str, list[Use]] = {}
    for person, use in uses:
        name = {"model": use.model, "tool": _tool_name(visit, use), "member": person}[by]
        groups.setdefault(name, []).append(use)
    found = [_total(name, some) for name, some in groups.items()]
    return tuple(sorted(found, key=lambda one: (-one.tokens, one.name)))


def _total(name: str, uses: Sequence[Use]) -> Total:
    read = sum(use.input + use.cached + use.cache_write for use in uses)
    cached = sum(use.cached for use in uses)
    return Total(
        name,
        sum(use.prompts for use in uses),
        sum(use.calls for use in uses),
        sum(use.tokens for use in uses),
        sum(use.output for use in uses),
        cached * 100 // read if read else None,
    )


async def _speeds(visit: Visit, since: int) -> tuple[Speed, ...]:
    calls = await visit.services.store.newest_calls(visit.who.id, since, _TIMED_CALLS)
    by_model: dict[str, list[CallRow]] = {}
    for call in calls:
        is_of_model = call.state == "settled" and not is_apart(call.model)
        if is_of_model and call.first_content_at is not None:
            by_model.setdefault(call.model, []).append(call)
    return tuple(_speed(model, some) for model, some in sorted(by_model.items()))


def _speed(model: str, calls: list[CallRow]) -> Speed:
    waits = sorted(call.waited or 0 for call in calls)
    speeds = sorted(
        call.usage.output * 1000 / (call.ended_at - call.first_content_at)
        for call in calls
        if call.streamed
        and call.usage.output
        and call.ended_at is not None
        and call.first_content_at is not None
        and call.ended_at > call.first_content_at
    )
    middle = round(speeds[len(speeds) // 2], 1) if speeds else None
    return Speed(model, len(calls), waits[len(waits) // 2], middle)
