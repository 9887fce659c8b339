"""Whole Responses answers, from the common form's events."""

from collections.abc import Sequence
from typing import Any

import msgspec

from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.openai_responses import calls as tool_calls
from codeplan.protocol.openai_responses import reasoning
from codeplan.protocol.usage import Usage
from codeplan.protocol.whole import Part, gather


def write_usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {
            "cached_tokens": usage.cached,
            "cache_write_tokens": usage.cache_write,
        },
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total,
    }


def response(answering: Answering, output: Sequence[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The object that a whole answer is, and that a stream's first and last events carry. Of the
    call's own fields, it has those that the protocol requires, as they are where nothing is said.
    """
    return {
        "id": answering.identity("resp_"),
        "object": "response",
        "created_at": answering.created,
        "status": "in_progress",
        "model": answering.model,
        "output": list(output),
        "error": None,
        "incomplete_details": None,
        "usage": None,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        **more,
    }


def ending(finish: inner.StopReason | None, usage: Usage | None) -> dict[str, Any]:
    """Status and usage of an answer that has ended."""
    cut = {"length": "max_output_tokens", "refusal": "content_filter"}.get(finish or "end")
    return {
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": cut} if cut else None,
        "usage": write_usage(usage or Usage()),
    }


def message_item(identity: str, text: str, status: str = "completed") -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    return {
        "type": "message",
        "id": identity,
        "status": status,
        "role": "assistant",
        "content": [part] if text or status == "completed" else [],
    }


def encode(events: list[inner.Event], answering: Answering) -> bytes:
    """A whole answer from its events."""
    whole = gather(events, answering)
    parts = whole.parts or [inner.Text("")]
    output = [_item(part, number, answering) for number, part in enumerate(parts)]
    end = ending(whole.finished.reason, whole.usage)
    return msgspec.json.encode(response(answering, output, **end))


def _item(part: Part, number: int, answering: Answering) -> dict[str, Any]:
    match part:
        case inner.Thinking(text, signature):
            return reasoning.item(f"{answering.identity('rs_')}_{number}", text, signature)
        case inner.Text(text):
            return message_item(f"{answering.identity('msg_')}_{number}", text)
        case inner.ToolCall(identity, name, arguments):
            own = f"{answering.identity('fc_')}_{number}"
            call = inner.ToolCallStarted(number, identity, name)
            return tool_calls.item(own, call, arguments, answering, "completed")
