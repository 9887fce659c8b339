"""Metering's rows as every engine keeps them: their columns, and their values in that order."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from codeplan.plan.admit import Hold
from codeplan.plan.turns import Prompt
from codeplan.plan.windows import Window
from codeplan.protocol.usage import Usage
from codeplan.store.loaded import HourKey
from codeplan.store.operations import NO_COURSE, CallRow, Course
from codeplan.store.rows import HourUse

PROMPT = (
    "id, account_id, subscription_id, session, conversation, ordinal, text_hash, client,"
    " opened_at, last_call_at, state, calls, open_calls, delivered, awaits_tool, holds, reason,"
    " earlier_calls, program, turn_call_at"
)
CALL = (
    "id, prompt_id, account_id, subscription_id, key_id, client, protocol, model_asked, model,"
    " streamed, why, started_at, state, outcome, upstream, upstream_model, first_content_at,"
    " ended_at, input, cached, cache_write, output, reasoning, detail, catalogue_version, holds,"
    " node, course"
)
WINDOW = "id, subscription_id, rule, opened_at, closes_at, used, reserved, scope_id"
SUMS = ("calls", "prompts", "input", "cached", "cache_write", "output", "reasoning")
HOUR = f"account_id, hour, model, client, {', '.join(SUMS)}"
# What a later write of the same row may change.
PROMPT_CHANGES = (
    "last_call_at", "state", "calls", "open_calls", "delivered", "awaits_tool", "holds", "reason",
    "turn_call_at",
)  # fmt: skip
WINDOW_CHANGES = ("used", "reserved")
CALL_CHANGES = (
    "state", "outcome", "upstream", "upstream_model", "first_content_at", "ended_at", "input",
    "cached", "cache_write", "output", "reasoning", "detail", "holds",
    "course",
)  # fmt: skip

_CLASSES = ("input", "cached", "cache_write", "output", "reasoning")
_course_in = msgspec.json.Decoder(Course).decode
holds_in = msgspec.json.Decoder(tuple[Hold, ...]).decode


def replaced(names: Sequence[str]) -> str:
    """For ``ON CONFLICT … DO UPDATE SET``: these columns as they are written now."""
    return ", ".join(f"{name} = excluded.{name}" for name in names)


def added(table: str, names: Sequence[str]) -> str:
    """The same: these columns, with what is written now added."""
    return ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in names)


def prompt_values(prompt: Prompt) -> tuple[Any, ...]:
    """In the order of `PROMPT`, and the thread behind them."""
    return (
        prompt.id, prompt.account_id, prompt.subscription_id, prompt.session, prompt.conversation,
        prompt.ordinal, prompt.text_hash, prompt.client, prompt.opened_at, prompt.last_call_at,
        prompt.state, prompt.calls, prompt.open_calls, prompt.delivered, prompt.awaits_tool,
        to_json(prompt.holds), prompt.reason, prompt.earlier_calls, prompt.program,
        prompt.turn_call_at, prompt.thread,
    )  # fmt: skip


def window_values(window: Window) -> tuple[Any, ...]:
    return (
        window.id, window.subscription_id, window.rule, window.opened_at, window.closes_at,
        window.used, window.reserved, window.scope_id,
    )  # fmt: skip


def call_values(call: CallRow) -> tuple[Any, ...]:
    usage = call.usage
    return (
        call.id, call.prompt_id, call.account_id, call.subscription_id, call.key_id, call.client,
        call.protocol, call.model_asked, call.model, call.streamed, call.why, call.started_at,
        call.state, call.outcome, call.upstream, call.upstream_model, call.first_content_at,
        call.ended_at, usage.input, usage.cached, usage.cache_write, usage.output, usage.reasoning,
        call.detail, call.catalogue_version, to_json(call.holds), call.node,
        to_json(call.course),
    )  # fmt: skip


def hour_values(key: HourKey, use: HourUse) -> tuple[Any, ...]:
    return (*key, *(getattr(use, name) for name in SUMS))


def prompt_in(values: Iterable[Any]) -> Prompt:
    """A prompt from the values of `PROMPT`."""
    made = list(values)
    made[14], made[15] = bool(made[14]), holds_in(made[15])
    return Prompt(*made)


def call_in(row: Any) -> CallRow:
    """A call from an engine's own row of `CALL`."""
    values = dict(row)
    usage = Usage(**{name: values.pop(name) for name in _CLASSES})
    values["streamed"], values["holds"] = bool(values["streamed"]), holds_in(values["holds"])
    course = values.pop("course")
    # Calls of before have none.
    values["course"] = _course_in(course) if course else NO_COURSE
    return CallRow(**values, usage=usage)


def to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
