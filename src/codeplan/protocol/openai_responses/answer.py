"""Whole Responses answers, from the common form's events."""

from collections.abc import Sequence
from typing import Any

import msgspec

from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.openai_responses import calls as tool_calls
from codeplan.protocol.openai_responses import reasoning
from codeplan.protocol.usage import Usage


def write_usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": usage.cached},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total,
    }


def response(answering: Answering, output: Sequence[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The object that a whole answer is, and that a stream's first and last events carry."""
    return {
        "id": f"resp_{answering.request_id}",
        "object": "response",
        "created_at": answering.created,
        "status": "in_progress",
        "model": answering.model,
        "output": list(output),
        "error": None,
        "incomplete_details": None,
        "usage": None,
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
    output: list[dict[str, Any]] = []
    calls: dict[int, tuple[inner.ToolCallStarted, str]] = {}
    thought = text = signature = ""
    progress = inner.Progress()
    for event in events:
        progress.note(event)
        match event:
            case inner.ThinkingDelta(piece):
                thought += piece
            case inner.ThinkingSigned(mark):
                signature = mark
            case inner.TextDelta(piece):
                text += piece
            case inner.ToolCallStarted(index):
                calls[index] = (event, "")
            case inner.ToolCallDelta(index, piece):
                calls[index] = (calls[index][0], calls[index][1] + piece)
            case _:
                pass
    if thought:
        output.append(reasoning.item(f"rs_{answering.request_id}", thought, signature))
    if text or not calls:
        output.append(message_item(f"msg_{answering.request_id}", text))
    for index, (call, arguments) in calls.items():
        identity = f"fc_{answering.request_id}_{index}"
        output.append(tool_calls.item(identity, call, arguments, answering, "completed"))
    return msgspec.json.encode(
        response(answering, output, **ending(progress.finish, progress.usage))
    )
