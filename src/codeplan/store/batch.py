"""Many metering operations applied to rows that are locked and loaded: the part of a store that
every engine shares. An engine loads what the operations name, calls `apply`, and writes what
changed.

The rules themselves are plan/'s; here they only meet their rows.
"""

from collections.abc import Iterable, Sequence

import msgspec

from codeplan.kit.ids import new_id
from codeplan.kit.instants import HOUR
from codeplan.plan import settle, turns, weigh, windows
from codeplan.plan.admit import AllowanceExhausted, Hold, Want, admit, exhausted
from codeplan.plan.rules import WindowRule
from codeplan.plan.turns import Prompt
from codeplan.plan.windows import Window
from codeplan.protocol.usage import Usage
from codeplan.store.base import CallGivenUp
from codeplan.store.loaded import Ending, Rows
from codeplan.store.operations import (
    Busy,
    CallRow,
    Finish,
    Finished,
    NotAdmitted,
    Operation,
    Refused,
    Reservation,
    Reserve,
    Reserved,
    Result,
    Stopped,
)

ABANDONED = "the service stopped while the call ran"
# Such a call makes no prompt due, and keeps none alive.
_SIDE = frozenset((turns.Claim.SIDE, *turns.COMPANIONS))


def apply(operations: Sequence[Operation], rows: Rows, now: int, node: str = "") -> list[Result]:
    """Apply them in order; each result stands at its operation's place. ``node``: whose calls
    these are."""
    rows.index()
    return [
        _reserve(operation, rows, now, node)
        if isinstance(operation, Reserve)
        else _finish(operation, rows, now, node)
        for operation in operations
    ]


def abandon(calls: Iterable[CallRow], rows: Rows, now: int) -> None:
    """Release running calls whose process is gone."""
    rows.index()
    for call in calls:
        call.outcome, call.detail = "abandoned", ABANDONED
        _end(call, rows, now, delivered=False)


def lose_calls(rows: Rows, now: int) -> int:
    """The running calls of these prompts are lost with the process that knew them, and count no
    more; how many they were."""
    rows.index()
    lost = 0
    for prompt in rows.prompts.values():
        lost += prompt.open_calls
        prompt.calls -= prompt.open_calls
        prompt.open_calls = 0
        held = rows.held(prompt.holds, now) if prompt.state == "reserved" else []
        settle.release_if_idle(prompt, held, ABANDONED)
        rows.touch(prompt)
        rows.touch_windows(held)
    return lost


def _reserve(wanted: Reserve, rows: Rows, now: int, node: str) -> Reservation | Busy:
    plan, subscription_id = wanted.plan, wanted.subscription_id
    if rows.running.get(subscription_id, 0) >= plan.concurrency:
        return Busy(plan.concurrency)
    known = rows.known(subscription_id, wanted.claim)
    free = rows.free_calls.get(subscription_id, 0)
    limits = turns.TurnLimits(plan.calls_per_prompt, plan.max_calls_per_turn)
    found = turns.find(wanted.claim, known, limits, free, now)
    if isinstance(found, turns.RunAway):
        return Stopped(found.calls)
    if isinstance(found, turns.Unattached):
        return NotAdmitted()
    refusal, prompt_holds, call_holds = _hold(wanted, found, rows, now)
    if refusal is not None:
        return Refused(refusal, _views(wanted, rows, now), now)
    prompt: Prompt | None = None
    if isinstance(found, turns.NewPrompt):
        prompt = _open_prompt(wanted, found, prompt_holds, now)
        rows.add(prompt)
    elif isinstance(found, turns.Rides):
        prompt = found.prompt
    else:
        free += found.counts
    side = wanted.claim.claim in _SIDE and not isinstance(found, turns.NewPrompt)
    if side and prompt is not None and prompt.state == "reserved":
        free += 1  # until the prompt is charged: it may never be
    if free != rows.free_calls.get(subscription_id, 0):
        rows.free_calls[subscription_id] = rows.changed_free_calls[subscription_id] = free
    if prompt is not None:
        prompt.calls += 1
        prompt.open_calls += 1
        prompt.last_call_at = now
        if not side:
            prompt.turn_call_at = now
        rows.touch(prompt)
    reserved = Reserved(
        prompt.id if prompt else None,
        isinstance(found, turns.NewPrompt),
        side,
        found.why,
        now,
        _views(wanted, rows, now),
    )
    rows.changed_calls[wanted.call_id] = running_call(wanted, reserved, call_holds, node)
    rows.endings[wanted.call_id] = Ending("running", call_holds)
    if subscription_id in rows.running:
        rows.running[subscription_id] += 1
    return reserved


def _hold(
    wanted: Reserve, found: turns.NewPrompt | turns.Rides | turns.Free, rows: Rows, now: int
) -> tuple[AllowanceExhausted | None, tuple[Hold, ...], tuple[Hold, ...]]:
    """Reserve in all windows at once: the prompt's, where one is opened, and the call's own."""
    plan, model = wanted.plan, wanted.model
    of_prompt, of_call = [], []
    for rule in plan.windows:
        if not rule.counts_calls:
            of_prompt.append(Want(rule, weigh.prompt_cost(plan, model, now)))
        else:
            units = weigh.expected_cost(plan, rule.unit, model, now, wanted.prompt_tokens)
            of_call.append(Want(rule, units, or_less=not rule.weighs_one))
    current, payer = rows.open_windows(wanted.subscription_id), wanted.payer
    if isinstance(found, turns.Free):
        # Free, but not for a plan that is used up.
        full = exhausted([*of_prompt, *of_call], payer, current, now)
        if full is not None:
            return full, (), ()
    if not isinstance(found, turns.NewPrompt):
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
    for hold in holds:
        rows.changed_windows[hold.window_id] = rows.windows[hold.window_id]
    return None, holds[: len(of_prompt)], holds[len(of_prompt) :]


def _views(wanted: Reserve, rows: Rows, now: int) -> tuple[windows.WindowView, ...]:
    current = rows.open_windows(wanted.subscription_id)
    return windows.views(wanted.plan.windows, wanted.payer, current, now)


def _open_prompt(
    wanted: Reserve, found: turns.NewPrompt, holds: tuple[Hold, ...], now: int
) -> Prompt:
    before = found.goes_on
    turn = before or wanted.claim
    return Prompt(
        id=new_id("prompt", now),
        account_id=wanted.account_id,
        subscription_id=wanted.subscription_id,
        session=turn.session,
        conversation=turn.conversation,
        ordinal=turn.ordinal,
        text_hash=turn.text_hash,
        client=wanted.client,
        opened_at=now,
        last_call_at=now,
        holds=holds,
        earlier_calls=before.earlier_calls + before.calls if before else 0,
        awaits_tool=before.awaits_tool if before else False,
        program=turn.program,
    )


def running_call(asked: Reserve, reserved: Reserved, holds: tuple[Hold, ...], node: str) -> CallRow:
    """The row of a call that begins."""
    return CallRow(
        id=asked.call_id,
        prompt_id=reserved.prompt_id,
        account_id=asked.account_id,
        subscription_id=asked.subscription_id,
        key_id=asked.key_id,
        client=asked.client,
        protocol=asked.protocol,
        model_asked=asked.model_asked,
        model=asked.model,
        streamed=asked.streamed,
        why=reserved.why,
        started_at=reserved.at,
        state="running",
        outcome="",
        upstream="",
        upstream_model="",
        first_content_at=None,
        ended_at=None,
        usage=Usage(),
        detail="",
        catalogue_version=asked.catalogue_version,
        holds=holds,
        node=node,
    )


def _finish(done: Finish, rows: Rows, now: int, node: str) -> Finished | CallGivenUp:
    ending = rows.endings.get(done.asked.call_id)
    if done.takes_back and ending is not None and ending.state == "settled":
        return _take_back(done, ending, rows, now, node)
    if ending is None or ending.state != "running":
        return _already_ended(done, ending, rows)
    call = _ended_call(done, ending, node)
    if done.delivered:
        call.holds = _charge(done, ending.holds, rows, now)
    prompt = _end(call, rows, now, done.delivered, done.reserved.side, done)
    return Finished(prompt.state if prompt else "")


def _ended_call(done: Finish, ending: Ending, node: str) -> CallRow:
    call = running_call(done.asked, done.reserved, ending.holds, node)
    call.outcome, call.detail = done.outcome, done.detail
    call.upstream, call.upstream_model = done.upstream, done.upstream_model
    call.first_content_at = done.first_content_at
    call.usage, call.course = done.usage or Usage(), done.course
    return call


def _already_ended(done: Finish, ending: Ending | None, rows: Rows) -> Finished | CallGivenUp:
    if done.delivered and (ending is None or ending.state == "released"):
        return CallGivenUp("the call was given up before it ended")
    prompt = rows.prompts.get(done.reserved.prompt_id or "")
    return Finished(prompt.state if prompt else "", repeated=True)


def _take_back(done: Finish, ending: Ending, rows: Rows, now: int, node: str) -> Finished:
    """A settlement that was written, but of which no word came: the answer's end never left."""
    call = _ended_call(done, ending, node)
    call.state, call.ended_at = "released", now
    call.holds = _uncharge(ending.holds, rows)
    rows.changed_calls[call.id] = call
    rows.endings[call.id] = Ending(call.state, call.holds)
    prompt = rows.prompts.get(call.prompt_id or "")
    if prompt is None:
        _roll_up(call, False, rows, sign=-1)
        return Finished("")
    prompt.delivered -= 0 if done.reserved.side else 1
    free_again = prompt.state == "settled" and prompt.delivered <= 0
    if free_again:
        prompt.holds = _uncharge(prompt.holds, rows)
        prompt.state, prompt.reason = "released", done.detail
    rows.touch(prompt)
    _roll_up(call, free_again, rows, sign=-1)
    return Finished(prompt.state)


def _uncharge(holds: tuple[Hold, ...], rows: Rows) -> tuple[Hold, ...]:
    for hold in holds:
        window = rows.windows[hold.window_id]
        window.used -= hold.charged or 0
        rows.changed_windows[window.id] = window
    return tuple(
        msgspec.structs.replace(hold, charged=0, taken_after=hold.taken_before) for hold in holds
    )


def _charge(done: Finish, holds: tuple[Hold, ...], rows: Rows, now: int) -> tuple[Hold, ...]:
    """What the call's usage weighs, in each window that counts calls."""
    asked = done.asked
    rules = {rule.name: rule for rule in asked.plan.windows}
    charged = []
    for hold in holds:
        (held,) = rows.held([hold], now)
        unit = rules[hold.rule].unit
        cost = weigh.call_cost(asked.plan, unit, asked.model, done.reserved.at, done.usage)
        charged.append(settle.charge(held, cost))
        rows.touch_windows([held])
    return tuple(charged)


def _end(
    call: CallRow,
    rows: Rows,
    now: int,
    delivered: bool,
    side: bool = False,
    done: Finish | None = None,
) -> Prompt | None:
    """The call has ended: so, perhaps, does what its prompt holds. ``done``: as it was told; None
    where the call was abandoned."""
    call.state, call.ended_at = "settled" if delivered else "released", now
    if not delivered:
        held = rows.held(call.holds, now)
        call.holds = tuple(settle.give_back(one) for one in held)
        rows.touch_windows(held)
    rows.changed_calls[call.id] = call
    rows.endings[call.id] = Ending(call.state, call.holds)
    if call.subscription_id in rows.running:
        rows.running[call.subscription_id] -= 1
    prompt = rows.prompts.get(call.prompt_id or "")
    became_due = False
    if prompt is not None:
        prompt.open_calls -= 1
        prompt.last_call_at = max(prompt.last_call_at, now)
        if not side:
            prompt.turn_call_at = max(prompt.turn_call_at, now)
        was_reserved = prompt.state == "reserved"
        held = rows.held(prompt.holds, now) if was_reserved else []
        if delivered and not side:
            settle.deliver(prompt, held, _awaits_tool(prompt, done))
        else:
            settle.release_if_idle(prompt, held, call.detail or call.outcome)
        became_due = was_reserved and prompt.state == "settled"
        if became_due:
            rows.free_calls[call.subscription_id] = 0
            rows.changed_free_calls[call.subscription_id] = 0
        rows.touch(prompt)
        rows.touch_windows(held)
    if delivered:
        _roll_up(call, became_due, rows)
    return prompt


def _awaits_tool(prompt: Prompt, done: Finish | None) -> bool:
    """Whether the turn waits for a tool's result: its own conversation says so, a sub-agent's end
    does not."""
    if done is None or done.asked.claim.conversation != prompt.conversation:
        return prompt.awaits_tool
    return done.awaits_tool


def _roll_up(call: CallRow, became_due: bool, rows: Rows, sign: int = 1) -> None:
    hour = call.started_at - call.started_at % HOUR
    use = rows.hour((call.account_id, hour, call.model, call.client))
    use.calls += sign
    use.prompts += sign * became_due
    usage = call.usage
    use.input += sign * usage.input
    use.cached += sign * usage.cached
    use.cache_write += sign * usage.cache_write
    use.output += sign * usage.output
    use.reasoning += sign * usage.reasoning
