"""Whole Anthropic Messages answers, to and from the common form's events."""

from typing import Any

import msgspec

from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.usage import Usage

STOP_REASONS: dict[str, inner.StopReason] = {
    "end_turn": "end",
    "max_tokens": "length",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool",
    "refusal": "refusal",
    "pause_turn": "end",
    "model_context_window_exceeded": "length",
}
STOP_WORDS: dict[inner.StopReason, str] = {
    "end": "end_turn",
    "length": "max_tokens",
    "stop_sequence": "stop_sequence",
    "tool": "tool_use",
    "refusal": "refusal",
}


def read_usage(usage: dict[str, Any]) -> Usage:
    return Usage(
        input=int(usage.get("input_tokens") or 0),
        cached=int(usage.get("cache_read_input_tokens") or 0),
        cache_write=int(usage.get("cache_creation_input_tokens") or 0),
        output=int(usage.get("output_tokens") or 0),
    )


def write_usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": usage.output,
    }


def read_failure(body: dict[str, Any], status: int) -> inner.Failed:
    """The error in ``{"type": "error", "error": {…}}``."""
    error = body.get("error")
    if not isinstance(error, dict):
        return inner.Failed(status, str(error or "the upstream reported an error"))
    kind = str(error.get("type") or "")
    return inner.Failed(status, str(error.get("message") or kind), kind)


def decode(body: bytes) -> list[inner.Event]:
    """The events of a whole answer; a body that is none is one ``Failed``."""
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError:
        answer = None
    if not isinstance(answer, dict):
        return [inner.Failed(502, "the upstream's answer is not JSON")]
    if answer.get("type") == "error" or "error" in answer:
        return [read_failure(answer, 502)]
    usage = read_usage(answer.get("usage") or {})
    events: list[inner.Event] = [
        inner.Started(str(answer.get("id") or ""), str(answer.get("model") or ""), usage)
    ]
    for index, block in enumerate(answer.get("content") or []):
        events += _block(block, index)
    reason = STOP_REASONS.get(str(answer.get("stop_reason")), "end")
    events += [
        inner.Finished(reason, answer.get("stop_sequence")),
        inner.Reported(usage),
        inner.Ended(),
    ]
    return events


def _block(block: dict[str, Any], index: int) -> list[inner.Event]:
    match block.get("type"):
        case "text":
            return [inner.TextDelta(block.get("text") or "")]
        case "thinking":
            return [
                inner.ThinkingDelta(block.get("thinking") or ""),
                inner.ThinkingSigned(block.get("signature") or ""),
            ]
        case "tool_use":
            arguments = msgspec.json.encode(block.get("input") or {}).decode()
            return [
                inner.ToolCallStarted(index, str(block.get("id")), str(block.get("name"))),
                inner.ToolCallDelta(index, arguments),
            ]
        case _:
            return []


def encode(events: list[inner.Event], _answering: Answering) -> bytes:
    """A whole answer from its events."""
    answer: dict[str, Any] = {
        "id": "",
        "type": "message",
        "role": "assistant",
        "model": "",
        "content": [],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": write_usage(Usage()),
    }
    content: list[dict[str, Any]] = answer["content"]
    arguments: dict[int, str] = {}
    calls: dict[int, dict[str, Any]] = {}
    for event in events:
        match event:
            case inner.Started(identity, model, usage):
                answer["id"], answer["model"] = identity, model
                if usage is not None:
                    answer["usage"] = write_usage(usage)
            case inner.TextDelta(text):
                _join(content, "text", text)
            case inner.ThinkingDelta(text):
                _join(content, "thinking", text)
            case inner.ThinkingSigned(signature):
                if content and content[-1]["type"] == "thinking":
                    content[-1]["signature"] = signature
            case inner.ToolCallStarted(index, identity, name):
                calls[index] = {"type": "tool_use", "id": identity, "name": name, "input": {}}
                arguments[index] = ""
                content.append(calls[index])
            case inner.ToolCallDelta(index, piece):
                arguments[index] = arguments.get(index, "") + piece
            case inner.Finished(reason, stop_sequence):
                answer["stop_reason"] = STOP_WORDS[reason]
                answer["stop_sequence"] = stop_sequence
            case inner.Reported(usage):
                answer["usage"] = write_usage(usage)
            case _:
                pass
    for index, call in calls.items():
        call["input"] = _input(arguments[index])
    return msgspec.json.encode(answer)


def _join(content: list[dict[str, Any]], kind: str, text: str) -> None:
    if content and content[-1]["type"] == kind and "signature" not in content[-1]:
        content[-1][kind] += text
    elif text:
        content.append({"type": kind, kind: text})


def _input(arguments: str) -> Any:
    try:
        return msgspec.json.decode(arguments or "{}")
    except msgspec.DecodeError:
        return {"arguments": arguments}
