"""What a call takes of its plan's windows: held before it runs, charged when it has delivered.

A prompt costs what its dearest model costs: a call of a dearer model than the prompt was opened
with holds the difference, and gives it to the prompt once it has delivered. Rows are loaded and
locked by whoever calls; nothing is read or written here.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from codeplan.kit.ids import new_id
from codeplan.plan import settle, turns, weigh
from codeplan.plan.admit import AllowanceExhausted, Hold, Want, admit, exhausted
from codeplan.plan.rules import WindowRule
from codeplan.plan.turns import Prompt
from codeplan.plan.windows import Window
from codeplan.store.loaded import Rows
from codeplan.store.operations import Finish, Reserve

Belongs = turns.NewPrompt | turns.Rides | turns.Free


def hold(
    wanted: Reserve, belongs: Belongs, side: bool, rows: Rows, now: int
) -> tuple[AllowanceExhausted | None, tuple[Hold, ...], tuple[Hold, ...]]:
    """Reserve in all windows at once: the prompt's, where one is opened, and the call's own.
    ``side``: it is the client's own errand."""
    plan = wanted.plan
    of_prompt = [
        Want(rule, weigh.prompt_cost(plan, wanted.model, now))
        for rule in plan.windows
        if not rule.counts_calls
    ]
    of_call = list(_of_call(wanted, now))
    current, payer = rows.open_windows(wanted.subscription_id), wanted.payer
    if _needs_room(belongs, side):
        full = exhausted([*of_prompt, *of_call], payer, current, now)
        if full is not None:
            return full, (), ()
    if isinstance(belongs, turns.Rides):
        of_call += _differences(wanted, belongs.prompt)
    if not isinstance(belongs, turns.NewPrompt):
        of_prompt = []
    if not of_prompt and not of_call:
        return None, (), ()

    def open_window(rule: WindowRule, opened_at: int, closes_at: int) -> Window:
        window = payer.window(new_id("win", now), rule, opened_at, closes_at)
        rows.windows[window.id] = window
        return window

    holds = admit([*of_prompt, *of_call], payer, current, now, open_window)
    if isinstance(holds, AllowanceExhausted):
        return holds, (), ()
    for one in holds:
        rows.changed_windows[one.window_id] = rows.windows[one.window_id]
    return None, holds[: len(of_prompt)], holds[len(of_prompt) :]


def _needs_room(belongs: Belongs, side: bool) -> bool:
    """Whether the call is free only while the plan has room for one more prompt: a side call is,
    but for one of a turn that is in work, which its last prompt has paid for."""
    if isinstance(belongs, turns.Free):
        return True
    return side and isinstance(belongs, turns.Rides) and not belongs.prompt.in_work


def _of_call(wanted: Reserve, now: int) -> Iterator[Want]:
    for rule in wanted.plan.windows:
        if rule.counts_calls:
            units = weigh.expected_cost(
                wanted.plan, rule.unit, wanted.model, now, wanted.prompt_tokens
            )
            yield Want(rule, units, or_less=not rule.weighs_one)


def _differences(wanted: Reserve, prompt: Prompt) -> Iterator[Want]:
    """What the prompt would have cost more, had the call's model opened it. A rule that the prompt
    was not opened under asks nothing of it."""
    cost = weigh.prompt_cost(wanted.plan, wanted.model, prompt.opened_at)
    for rule in wanted.plan.windows:
        units = prompt.units_of(rule.name)
        if not rule.counts_calls and 0 < units < cost:
            yield Want(rule, cost - units)


def charge(done: Finish, holds: tuple[Hold, ...], rows: Rows, now: int) -> tuple[Hold, ...]:
    """Charge what the call's usage weighs, in each window that counts calls; what it holds for its
    prompt goes to that. Returns the call's own holds."""
    asked = done.asked
    rules = {rule.name: rule for rule in asked.plan.windows}
    charged = []
    for one in holds:
        (held,) = rows.held([one], now)
        rows.touch_windows([held])
        rule = rules[one.rule]
        if not rule.counts_calls:
            _give_to_prompt(done, held, rows)
            continue
        cost = weigh.call_cost(asked.plan, rule.unit, asked.model, done.reserved.at, done.usage)
        charged.append(settle.charge(held, cost))
    return tuple(charged)


def _give_to_prompt(done: Finish, held: settle.Held, rows: Rows) -> None:
    """The prompt takes the difference: charged as the prompt is, or held with it. Another call may
    have brought it meanwhile; then it is given back."""
    one, window, _ = held
    prompt = rows.prompts.get(done.reserved.prompt_id or "")
    if prompt is None or prompt.state == "released":
        settle.give_back(held)
        return
    asked = done.asked
    cost = weigh.prompt_cost(asked.plan, asked.model, prompt.opened_at)
    units = max(0, min(one.units, cost - prompt.units_of(one.rule)))
    if units == 0:
        settle.give_back(held)
        return
    if prompt.state == "settled":
        one = settle.charge(held, units)
    else:
        window.reserved -= one.units - units
    prompt.holds = (*prompt.holds, replace(one, units=units, raised_by=asked.call_id))
    rows.touch(prompt)


def take_back(
    call_id: str, holds: tuple[Hold, ...], prompt: Prompt | None, rows: Rows
) -> tuple[Hold, ...]:
    """Undo what `charge` did. Returns the call's own holds."""
    if prompt is not None:
        raised = [one for one in prompt.holds if one.raised_by == call_id]
        if prompt.state == "reserved":
            for one in raised:
                rows.windows[one.window_id].reserved -= one.units
                rows.changed_windows[one.window_id] = rows.windows[one.window_id]
        else:
            uncharge(tuple(raised), rows)
        prompt.holds = tuple(one for one in prompt.holds if one.raised_by != call_id)
    return uncharge(holds, rows)


def uncharge(holds: tuple[Hold, ...], rows: Rows) -> tuple[Hold, ...]:
    """Give back what was charged."""
    for one in holds:
        window = rows.windows[one.window_id]
        window.used -= one.charged or 0
        rows.changed_windows[window.id] = window
    return tuple(replace(one, charged=0, taken_after=one.taken_before) for one in holds)
