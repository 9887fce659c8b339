"""Charges once more, from what is stored: does each agree with the plan that it was made under?"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from codeplan.plan import weigh
from codeplan.plan.admit import Hold
from codeplan.plan.catalogue import Plan
from codeplan.plan.tokens import Tokens
from codeplan.plan.turns import Prompt


class ChargedCall(Protocol):
    """A call as it is stored. Instants in epoch milliseconds."""

    id: str
    model: str
    state: str
    started_at: int
    holds: tuple[Hold, ...]

    @property
    def usage(self) -> Tokens: ...


class Check(msgspec.Struct, frozen=True):
    """One figure, in millionths of its unit, as it is stored and as it comes out again."""

    what: str
    stored: int
    recomputed: int

    @property
    def agrees(self) -> bool:
        return self.stored == self.recomputed


def recompute(plan: Plan, prompt: Prompt, calls: Sequence[ChargedCall]) -> Iterator[Check]:
    """Every charge of a prompt and of its calls. ``calls``: all of them, in order."""
    ended = [call for call in calls if call.state != "running"]
    yield Check("calls of the prompt that ended", prompt.calls - prompt.open_calls, len(ended))
    for hold in prompt.holds:
        raised = f", raised by {hold.raised_by}" if hold.raised_by else ""
        yield from _ended(f"prompt, {hold.rule}{raised}", hold, prompt.state, hold.units)
    cost = _prompt_cost(plan, prompt, calls)
    for rule in sorted({hold.rule for hold in prompt.holds}):
        yield Check(f"prompt, {rule}: held", prompt.units_of(rule), cost)
    for call in calls:
        for hold in call.holds:
            unit = next(rule.unit for rule in plan.windows if rule.name == hold.rule)
            cost = weigh.call_cost(plan, unit, call.model, call.started_at, call.usage)
            yield from _ended(f"{call.id}, {hold.rule}", hold, call.state, cost)


def _prompt_cost(plan: Plan, prompt: Prompt, calls: Sequence[ChargedCall]) -> int:
    """Of its dearest model: of the call that opened it, and of those that made it dearer."""
    raised = {hold.raised_by for hold in prompt.holds}
    models = {call.model for number, call in enumerate(calls) if number == 0 or call.id in raised}
    return max((weigh.prompt_cost(plan, model, prompt.opened_at) for model in models), default=0)


def _ended(what: str, hold: Hold, state: str, cost: int) -> Iterator[Check]:
    if state in ("reserved", "running") or hold.charged is None or hold.taken_after is None:
        return
    if state == "released":
        cost = 0
    elif hold.charged < cost and hold.taken_after == hold.limit:
        cost = hold.charged  # the window had room for no more
    yield Check(f"{what}: charged", hold.charged, cost)
    if hold.taken_after > hold.limit:
        yield Check(f"{what}: the window's limit", hold.taken_after, hold.limit)
