"""Whole Responses answers, from the common form's events."""

from collections.abc import Sequence
from typing import Any

import msgspec

from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.openai_responses import reasoning
from codeplan.protocol.openai_responses.request import SEPARATOR
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


def call_item(
    identity: str, call: inner.ToolCallStarted, arguments: str, answering: Answering, status: str
) -> dict[str, Any]:
    """A call of a function; one out of a namespace is given back with it."""
    item = {
        "type": "function_call",
        "id": identity,
        "status": status,
        "call_id": call.id,
        "name": call.name,
        "arguments": arguments,
    }
    for namespace in answering.namespaces:
        if call.name.startswith(namespace + SEPARATOR):
            item["namespace"] = namespace
            item["name"] = call.name.removeprefix(namespace + SEPARATOR)
    return item


def encode(events: list[inner.Event], answering: Answering) -> bytes:
    """A whole answer from its events."""
    output: list[dict[str, Any]] = []
    calls: dict[int, dict[str, Any]] = {}
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
                identity = f"fc_{answering.request_id}_{index}"
                calls[index] = call_item(identity, event, "", answering, "completed")
            case inner.ToolCallDelta(index, piece):
                calls[index]["arguments"] += piece
            case _:
                pass
    if thought:
        output.append(reasoning.item(f"rs_{answering.request_id}", thought, signature))
    if text or not calls:
        output.append(message_item(f"msg_{answering.request_id}", text))
    output += calls.values()
    return msgspec.json.encode(
        response(answering, output, **ending(progress.finish, progress.usage))
    )
