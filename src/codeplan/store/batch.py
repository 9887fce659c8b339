"""Many metering operations applied to rows that are locked and loaded: the part of a store that
every engine shares. An engine loads what `wanted` names, calls `apply`, and writes what changed.

The rules themselves are plan/'s; here they only meet their rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from codeplan.kit.ids import new_id
from codeplan.plan import settle, turns, windows
from codeplan.plan.admit import AllowanceExhausted, admit, exhausted
from codeplan.plan.catalogue import WindowRule
from codeplan.plan.turns import Prompt
from codeplan.plan.windows import Window
from codeplan.store.operations import Finish, Finished, Refused, Reserve, Reserved

Operation = Reserve | Finish
Result = Reserved | Refused | Finished | Exception


@dataclass(slots=True)
class Rows:
    """The loaded rows, and which of them changed."""

    prompts: dict[str, Prompt] = field(default_factory=dict)
    windows: dict[str, Window] = field(default_factory=dict)
    free_calls: dict[str, int] = field(default_factory=dict)
    changed_prompts: dict[str, Prompt] = field(default_factory=dict)
    changed_windows: dict[str, Window] = field(default_factory=dict)
    changed_free_calls: dict[str, int] = field(default_factory=dict)
    ended_calls: list[tuple[Finish, int]] = field(default_factory=list)
    _threads: dict[tuple[str, str], list[Prompt]] = field(default_factory=dict)
    _current: dict[str, dict[str, Window]] = field(default_factory=dict)

    def index(self) -> None:
        """Order what was loaded: each thread's prompts newest first, each rule's newest window."""
        for prompt in sorted(self.prompts.values(), key=lambda row: row.id, reverse=True):
            self._threads.setdefault((prompt.subscription_id, prompt.thread), []).append(prompt)
        for window in sorted(self.windows.values(), key=lambda row: row.opened_at):
            self._current.setdefault(window.subscription_id, {})[window.rule] = window

    def thread(self, subscription_id: str, thread: str) -> list[Prompt]:
        return self._threads.setdefault((subscription_id, thread), [])

    def current_windows(self, subscription_id: str) -> dict[str, Window]:
        return self._current.setdefault(subscription_id, {})

    def held(self, prompt: Prompt) -> list[tuple[Window, int]]:
        return [(self.windows[hold.window_id], hold.units) for hold in prompt.holds]

    def touch(self, prompt: Prompt, held: Iterable[tuple[Window, int]] = ()) -> None:
        self.changed_prompts[prompt.id] = prompt
        for window, _ in held:
            self.changed_windows[window.id] = window


def apply(operations: Sequence[Operation], rows: Rows, now: int) -> list[Result]:
    """Apply them in order; each result stands at its operation's place."""
    rows.index()
    return [
        _reserve(operation, rows, now)
        if isinstance(operation, Reserve)
        else _finish(operation, rows, now)
        for operation in operations
    ]


def _reserve(wanted: Reserve, rows: Rows, now: int) -> Reserved | Refused:
    plan, subscription_id = wanted.plan, wanted.subscription_id
    thread = rows.thread(subscription_id, wanted.claim.thread)
    free = rows.free_calls.get(subscription_id, 0)
    current = rows.current_windows(subscription_id)
    found = turns.find(wanted.claim, thread, plan.calls_per_prompt, free, now)
    side = wanted.claim.claim is turns.Claim.SIDE
    prompt: Prompt | None = None
    charged = False
    if isinstance(found, turns.NewPrompt):
        opened = _open_prompt(wanted, rows, now)
        if isinstance(opened, AllowanceExhausted):
            return Refused(opened, windows.views(plan.windows, current, now), now)
        prompt, charged, side = opened, True, False
        thread.insert(0, prompt)
        free = 0
    elif isinstance(found, turns.Rides):
        prompt = found.prompt
    else:
        # Free, but not for a plan that is used up.
        full = exhausted(plan.windows, current, 1, now)
        if full is not None:
            return Refused(full, windows.views(plan.windows, current, now), now)
        free += 1
    if free != rows.free_calls.get(subscription_id, 0):
        rows.free_calls[subscription_id] = rows.changed_free_calls[subscription_id] = free
    if prompt is not None:
        prompt.calls += 1
        prompt.open_calls += 1
        prompt.last_call_at = now
        rows.touch(prompt)
    views = windows.views(plan.windows, current, now)
    return Reserved(prompt.id if prompt else None, charged, side, found.why, now, views)


def _open_prompt(wanted: Reserve, rows: Rows, now: int) -> Prompt | AllowanceExhausted:
    current = rows.current_windows(wanted.subscription_id)

    def open_window(rule: WindowRule, opened_at: int) -> Window:
        window = Window(
            id=new_id("win", opened_at),
            subscription_id=wanted.subscription_id,
            rule=rule.name,
            opened_at=opened_at,
            closes_at=rule.closes_at(opened_at),
        )
        rows.windows[window.id] = window
        return window

    holds = admit(wanted.plan.windows, current, 1, now, open_window)
    if isinstance(holds, AllowanceExhausted):
        return holds
    claim = wanted.claim
    prompt = Prompt(
        id=new_id("prompt", now),
        account_id=wanted.account_id,
        subscription_id=wanted.subscription_id,
        session=claim.session,
        conversation=claim.conversation,
        ordinal=claim.ordinal,
        text_hash=claim.text_hash,
        client=wanted.client,
        opened_at=now,
        last_call_at=now,
        holds=holds,
    )
    rows.prompts[prompt.id] = prompt
    rows.touch(prompt, rows.held(prompt))
    return prompt


def _finish(done: Finish, rows: Rows, now: int) -> Finished:
    rows.ended_calls.append((done, now))
    prompt_id = done.reserved.prompt_id
    prompt = rows.prompts.get(prompt_id) if prompt_id else None
    if prompt is None:
        return Finished("")
    prompt.open_calls -= 1
    prompt.last_call_at = now
    held = rows.held(prompt) if prompt.state == "reserved" else []
    if done.delivered and not done.reserved.side:
        settle.deliver(prompt, held, done.awaits_tool)
    else:
        settle.release_if_idle(prompt, held, done.detail or done.outcome)
    rows.touch(prompt, held)
    return Finished(prompt.state)
