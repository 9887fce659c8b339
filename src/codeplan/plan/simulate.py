"""Past use replayed under a plan: which prompts its windows would have admitted. Windows,
weights and limits are those of the running service, so what comes out is what would have been."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from codeplan.plan.admit import AllowanceExhausted, Want
from codeplan.plan.catalogue import Plan
from codeplan.plan.past import take
from codeplan.plan.rules import WindowRule
from codeplan.plan.tokens import Tokens
from codeplan.plan.weigh import call_cost, prompt_cost
from codeplan.plan.windows import Open, Opener, Payer, Window


class PastCall(msgspec.Struct, frozen=True):
    """A call that was made: ``prompt_id``: its prompt's, "" for a free one. In order of time."""

    at: int
    prompt_id: str
    model: str
    usage: Tokens | None
    key_id: str = ""


class Replayed(msgspec.Struct):
    """``refused``: prompts that the plan would have refused, by the rule that refused them;
    ``first_at``: the first such instant. ``not_in_plan``: calls of models that it does not have."""

    prompts: int = 0
    calls: int = 0
    refused: Counter[str] = msgspec.field(default_factory=Counter)
    first_at: int | None = None
    not_in_plan: int = 0

    @property
    def refusals(self) -> int:
        return self.refused.total()


def replay(plan: Plan, calls: Iterable[PastCall], account_id: str, started_at: int) -> Replayed:
    """One account's calls under that plan. A refused prompt's calls use nothing; a prompt of more
    calls than the plan's is several."""
    done, open_now = Replayed(), dict[tuple[str, str], list[Window]]()
    made: dict[str, int] = {}
    refused: set[str] = set()
    for call in calls:
        if call.model not in plan.models:
            done.not_in_plan += 1
            continue
        done.calls += 1
        payer = Payer("", account_id, call.key_id, started_at)
        number = made.get(call.prompt_id, 0)
        opens = bool(call.prompt_id) and number % plan.calls_per_prompt == 0
        if call.prompt_id:
            made[call.prompt_id] = number + 1
        if call.prompt_id in refused:
            continue
        full = _use(plan, call, opens, payer, open_now)
        done.prompts += opens
        if full is not None:
            done.refused[full.name] += 1
            done.first_at = done.first_at or call.at
            refused.add(call.prompt_id)
    return done


def _use(
    plan: Plan, call: PastCall, opens: bool, payer: Payer, open_now: Open
) -> WindowRule | None:
    """Take what the call costs of every window; the rule that has no room for it."""
    wants = []
    for rule in plan.windows:
        if rule.counts_calls:
            cost = call_cost(plan, rule.unit, call.model, call.at, call.usage)
            wants.append(Want(rule, cost, or_less=True))
        elif opens:
            wants.append(Want(rule, prompt_cost(plan, call.model, call.at)))
    taken = take(wants, payer, open_now, call.at, _opener(payer))
    return taken.rule if isinstance(taken, AllowanceExhausted) else None


def _opener(payer: Payer) -> Opener:
    def open_window(rule: WindowRule, opened_at: int, closes_at: int) -> Window:
        name = f"{rule.name}/{payer.scope_id(rule)}/{opened_at}"
        return payer.window(name, rule, opened_at, closes_at)

    return open_window
