"""Whole OpenAI Chat answers, to and from the common form's events."""

from typing import Any

import msgspec

from codeplan.protocol import complaints, inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.usage import Usage

FINISH_REASONS: dict[str, inner.StopReason] = {
    "stop": "end",
    "length": "length",
    "tool_calls": "tool",
    "function_call": "tool",
    "content_filter": "refusal",
}
FINISH_WORDS: dict[inner.StopReason, str] = {
    "end": "stop",
    "length": "length",
    "tool": "tool_calls",
    "stop_sequence": "stop",
    "refusal": "content_filter",
}


def read_usage(usage: dict[str, Any]) -> Usage:
    """Cached tokens are counted inside ``prompt_tokens`` here; they are taken apart once."""
    prompt = int(usage.get("prompt_tokens") or 0)
    details = usage.get("prompt_tokens_details") or {}
    cached = min(prompt, int(details.get("cached_tokens") or 0))
    out = usage.get("completion_tokens_details") or {}
    return Usage(
        input=prompt - cached,
        cached=cached,
        output=int(usage.get("completion_tokens") or 0),
        reasoning=int(out.get("reasoning_tokens") or 0),
    )


def write_usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.output,
        "total_tokens": usage.total,
        "prompt_tokens_details": {"cached_tokens": usage.cached},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }


def read_failure(body: dict[str, Any], status: int) -> inner.Failed:
    """The error in ``{"error": {…}}``, or in vLLM's older ``{"object": "error", …}``."""
    said = complaints.read(body, status)
    return inner.Failed(said.status, said.message or "the upstream reported an error")


def is_failure(body: dict[str, Any]) -> bool:
    return body.get("error") is not None or body.get("object") == "error"


def decode(body: bytes) -> list[inner.Event]:
    """The events of a whole answer; a body that is none is one ``Failed``."""
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError:
        answer = None
    if not isinstance(answer, dict):
        return [inner.Failed(502, "the upstream's answer is not JSON")]
    if is_failure(answer):
        return [read_failure(answer, 502)]
    choices = answer.get("choices") or []
    message = (choices[0].get("message") or {}) if choices else {}
    events: list[inner.Event] = [
        inner.Started(str(answer.get("id") or ""), str(answer.get("model") or ""))
    ]
    thought = message.get("reasoning_content") or message.get("reasoning")
    if thought:
        events.append(inner.ThinkingDelta(str(thought)))
    if message.get("content"):
        events.append(inner.TextDelta(str(message["content"])))
    calls = message.get("tool_calls") or []
    for index, call in enumerate(calls):
        function = call.get("function") or {}
        events += [
            inner.ToolCallStarted(index, str(call.get("id")), str(function.get("name"))),
            inner.ToolCallDelta(index, function.get("arguments") or ""),
        ]
    reason = FINISH_REASONS.get(str(choices[0].get("finish_reason")), "end") if choices else "end"
    events.append(inner.Finished(settled_reason(reason, bool(calls))))
    if answer.get("usage"):
        events.append(inner.Reported(read_usage(answer["usage"])))
    events.append(inner.Ended())
    return events


def settled_reason(reason: inner.StopReason, called: bool) -> inner.StopReason:
    """Some servers say "stop" behind tool calls, or "tool_calls" with none: the calls decide."""
    if called and reason == "end":
        return "tool"
    if not called and reason == "tool":
        return "end"
    return reason


def encode(events: list[inner.Event], answering: Answering) -> bytes:
    """A whole answer from its events."""
    text, thought = "", ""
    calls: dict[int, dict[str, Any]] = {}
    answer: dict[str, Any] = {
        "id": "",
        "object": "chat.completion",
        "created": answering.created,
        "model": "",
        "choices": [],
        "usage": write_usage(Usage()),
    }
    finish = "stop"
    for event in events:
        match event:
            case inner.Started(identity, model, usage):
                answer["id"], answer["model"] = identity, model
                if usage is not None:
                    answer["usage"] = write_usage(usage)
            case inner.TextDelta(piece):
                text += piece
            case inner.ThinkingDelta(piece):
                thought += piece
            case inner.ToolCallStarted(index, identity, name):
                function = {"name": name, "arguments": ""}
                calls[index] = {"id": identity, "type": "function", "function": function}
            case inner.ToolCallDelta(index, piece):
                calls[index]["function"]["arguments"] += piece
            case inner.Finished(reason):
                finish = FINISH_WORDS[reason]
            case inner.Reported(usage):
                answer["usage"] = write_usage(usage)
            case _:
                pass
    message: dict[str, Any] = {"role": "assistant", "content": text or (None if calls else "")}
    if thought:
        message["reasoning_content"] = thought
    if calls:
        message["tool_calls"] = list(calls.values())
    answer["choices"] = [{"index": 0, "message": message, "finish_reason": finish}]
    return msgspec.json.encode(answer)
