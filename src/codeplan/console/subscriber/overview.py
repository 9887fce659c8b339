"""Overview: what is left, until when, and why the last prompt cost what it did. It stays up to
date by itself while it is open."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from starlette.responses import StreamingResponse

from codeplan.console.page import Answer, Page, Shown
from codeplan.console.rendering import HEADERS, render
from codeplan.console.subscriber.standing import PlanShown, plans_of
from codeplan.console.visits import Visit
from codeplan.plan.turns import Prompt
from codeplan.plan.windows import Number, shown
from codeplan.store.operations import CallRow

_PROMPTS = 10
# What other nodes do is seen so late; what this one does, at once.
_LOOK_SECONDS = 5.0
# A session that was ended, on whatever node, is shown nothing any more so soon.
_SESSION_SECONDS = 1.5
# Several calls at once are told as one change.
_GATHER_SECONDS = 0.2
_LONGEST_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class PromptShown:
    """``units``: what it took, at most, of a window; ``unit``: of what."""

    prompt: Prompt
    units: Number
    unit: str


@dataclass(frozen=True, slots=True)
class LastPrompt:
    """The newest prompt, with why it cost what it did. ``why``: of its first call."""

    shown: PromptShown
    why: str
    models: tuple[str, ...]
    multiplier: Number
    free_calls: int


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """``pending``: whether an order for a plan waits for its payment."""

    plans: tuple[PlanShown, ...]
    last: LastPrompt | None
    prompts: tuple[PromptShown, ...]
    has_key: bool


def pages() -> list[Page]:
    return [Page("/", overview), Page("/live", live)]


async def overview(visit: Visit) -> Answer:
    return Shown("subscriber/overview.html", await _read(visit))


async def live(visit: Visit) -> Answer:
    """The page's part that changes, whenever it does."""
    headers = {**HEADERS, "x-accel-buffering": "no"}
    return StreamingResponse(_changes(visit), headers=headers, media_type="text/event-stream")


async def _changes(visit: Visit) -> AsyncIterator[str]:
    told = b""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + _LONGEST_SECONDS
    with visit.services.news.watch(visit.who.id) as changed:
        while loop.time() < ends_at and not visit.services.news.closed:
            changed.clear()
            html = render("subscriber/overview_live.html", await _read(visit), visit)
            digest = sha256(html.encode()).digest()
            if digest != told:
                told = digest
                data = html.replace("\n", "\ndata: ")
                yield f"event: overview\ndata: {data}\n\n"
            else:
                yield ": still here\n\n"
            if not await _wait_signed_in(visit, changed):
                return


async def _wait_signed_in(visit: Visit, changed: asyncio.Event) -> bool:
    """Wait for a change, or for as long as none is looked for; whether the session still lasts."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _LOOK_SECONDS
    while True:
        try:
            left = max(0.0, min(_SESSION_SECONDS, until - loop.time()))
            await asyncio.wait_for(changed.wait(), left)
            await asyncio.sleep(_GATHER_SECONDS)
        except TimeoutError:
            pass
        if await visit.services.sessions.of(visit.browser) is None:
            return False
        if changed.is_set() or loop.time() >= until:
            return True


async def _read(visit: Visit) -> OverviewPage:
    services, account = visit.services, visit.who
    prompts = await services.store.prompts(account.id, _PROMPTS)
    keys = await services.store.keys_of(account.id)
    plans = tuple(await plans_of(visit))
    units = {rule.name: rule.unit for one in plans for rule in one.plan.windows}
    told = tuple(prompt_shown(prompt, units) for prompt in prompts)
    last = await _last(visit, told[0]) if told else None
    return OverviewPage(plans, last, told, bool(keys))


def prompt_shown(prompt: Prompt, units: Mapping[str, str]) -> PromptShown:
    held = max(prompt.holds, key=lambda hold: hold.charged or 0, default=None)
    if held is None:
        return PromptShown(prompt, 0, "prompt")
    return PromptShown(prompt, shown(prompt.charged), units.get(held.rule, "prompt"))


async def _last(visit: Visit, newest: PromptShown) -> LastPrompt:
    receipt = await visit.services.receipts.of(newest.prompt)
    calls: list[CallRow] = receipt.calls
    first = calls[0] if calls else None
    times = 1_000_000
    if receipt.plan is not None and first is not None:
        times = receipt.plan.rate_of(first.model).times_at(newest.prompt.opened_at)
    return LastPrompt(
        newest,
        first.why if first else "",
        tuple(dict.fromkeys(call.model for call in calls)),
        shown(times),
        sum(call.state == "released" for call in calls),
    )
