"""A receipt: what the prompt was, what it cost in every window, and why; recomputed from what is
stored. And what there is of a call that was refused."""

from dataclasses import dataclass

from starlette.exceptions import HTTPException

from codeplan.console.page import Answer, Page, Shown
from codeplan.console.visits import Visit
from codeplan.console.words import N_
from codeplan.metering.refused_calls import UNKNOWN, RefusedCall
from codeplan.plan.admit import Hold
from codeplan.plan.catalogue import Plan
from codeplan.plan.rules import ONE, WindowRule
from codeplan.plan.windows import Number, shown
from codeplan.store.operations import CallRow
from codeplan.subscriptions.receipts import Receipt


@dataclass(frozen=True, slots=True)
class ChargeShown:
    """``rule``: None where the plan is not known any more; its ``name`` is. ``charged``: None while
    it is only held."""

    name: str
    rule: WindowRule | None
    held: Number
    charged: Number | None
    before: Number
    after: Number | None
    limit: Number


@dataclass(frozen=True, slots=True)
class CallShown:
    """``free``: why nothing was charged for it; "". ``wait_ms``, ``speed``: until the first
    content, and tokens a second; None where nothing was measured."""

    row: CallRow
    free: str
    wait_ms: int | None
    speed: float | None
    charges: tuple[ChargeShown, ...]


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """``why``: of the first call. ``verified``: whether every charge comes out the same again; None
    where nothing can be recomputed."""

    receipt: Receipt
    why: str
    multiplier: Number
    charges: tuple[ChargeShown, ...]
    calls: tuple[CallShown, ...]
    verified: bool | None


@dataclass(frozen=True, slots=True)
class RefusedPage:
    """``advice``: what its person can do; "" where the message says it."""

    call: RefusedCall
    advice: str


# What to do, by the refusal's code (gateway/refusals.py).
_ADVICE = {
    "1113": N_("The page Plans has what there is to buy."),
    "1211": N_("The page Plans has your plan's models."),
    "1308": N_("The overview says when quota comes back; the page Plans has larger plans."),
    "1309": N_("The page Plans has what there is to buy."),
    "1310": N_("The overview says when quota comes back; the page Plans has larger plans."),
    "1311": N_("The page Plans has your plan's models."),
}
_ADVICE_UNKNOWN = N_(
    "If it is a coding tool, send this page's request id to your operator, who can admit it. A"
    " program of your own is served at the general address."
)


def pages() -> list[Page]:
    return [Page("/usage/prompts/{id}", receipt), Page("/usage/call", look_up)]


async def look_up(visit: Visit) -> Answer:
    """A prompt or a call by the id that a tool has shown."""
    return await _shown(visit, visit.query("id").strip())


async def receipt(visit: Visit) -> Answer:
    return await _shown(visit, visit.part("id"))


async def _shown(visit: Visit, identity: str) -> Answer:
    found = await visit.services.receipts.find(visit.who.id, identity)
    if found is not None:
        return Shown("subscriber/receipt.html", _receipt(found))
    refused = await visit.services.refused_calls.find(identity, visit.who.id)
    if refused is None:
        raise HTTPException(404, visit._("There is no such prompt."))
    advice = _ADVICE_UNKNOWN if refused.state == UNKNOWN else _ADVICE.get(refused.code, "")
    return Shown("subscriber/refused.html", RefusedPage(refused, visit._(advice)))


def _receipt(found: Receipt) -> ReceiptPage:
    plan, prompt, calls = found.plan, found.prompt, found.calls
    times = ONE
    if plan is not None and prompt is not None and calls:
        times = plan.rate_of(calls[0].model).times_at(prompt.opened_at)
    checks = found.checks()
    return ReceiptPage(
        receipt=found,
        why=calls[0].why if calls else "",
        multiplier=shown(times),
        charges=tuple(_charge(hold, plan) for hold in prompt.holds) if prompt else (),
        calls=tuple(_call(call, plan) for call in calls),
        verified=all(check.agrees for check in checks) if checks else None,
    )


def _charge(hold: Hold, plan: Plan | None) -> ChargeShown:
    rules = {rule.name: rule for rule in plan.windows} if plan else {}
    return ChargeShown(
        hold.rule,
        rules.get(hold.rule),
        shown(hold.units),
        None if hold.charged is None else shown(hold.charged),
        shown(hold.taken_before),
        None if hold.taken_after is None else shown(hold.taken_after),
        shown(hold.limit),
    )


def _call(call: CallRow, plan: Plan | None) -> CallShown:
    free = call.why if call.prompt_id is None else ""
    if call.state == "released":
        free = call.detail or call.outcome
    first, ended = call.first_content_at, call.ended_at
    speed = None
    if first is not None and ended is not None and call.streamed and ended > first:
        speed = round(call.usage.output * 1000 / (ended - first), 1)
    return CallShown(
        call, free, call.waited, speed, tuple(_charge(hold, plan) for hold in call.holds)
    )
