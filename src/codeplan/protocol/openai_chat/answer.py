"""Whole OpenAI Chat answers, from the common form's events, and what the protocol's answers say of
their end, usage and errors."""

from typing import Any

import msgspec

from codeplan.protocol import complaints, inner, lenient
from codeplan.protocol.answering import Answering
from codeplan.protocol.usage import Usage
from codeplan.protocol.whole import gather

FINISH_REASONS: dict[str, inner.StopReason] = {
    "stop": "end",
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool",
    "tool_use": "tool",
    "function_call": "tool",
    "content_filter": "refusal",
    "safety": "refusal",
    "refusal": "refusal",
    # Zhipu's word for it, and what it and DeepSeek say of an answer that was broken off.
    "sensitive": "refusal",
    "network_error": "length",
    "insufficient_system_resource": "length",
}
FINISH_WORDS: dict[inner.StopReason, str] = {
    "end": "stop",
    "length": "length",
    "tool": "tool_calls",
    "stop_sequence": "stop",
    "refusal": "content_filter",
}


def read_usage(usage: dict[str, Any]) -> Usage | None:
    """Cached tokens are counted inside ``prompt_tokens`` here; they are taken apart once. None
    where nothing is counted, as in usage that a server fills in later."""
    prompt = lenient.count(usage.get("prompt_tokens")) or lenient.count(usage.get("input_tokens"))
    output = lenient.count(usage.get("completion_tokens"))
    output = output or lenient.count(usage.get("output_tokens"))
    if not prompt and not output:
        return None
    cached = min(prompt, _cached(usage))
    thought = lenient.table(
        usage.get("completion_tokens_details") or usage.get("output_tokens_details")
    )
    reasoning = lenient.count(thought.get("reasoning_tokens"))
    if reasoning and lenient.count(usage.get("total_tokens")) == prompt + output + reasoning:
        output += reasoning  # xAI counts thinking beside the answer, not inside it
    return Usage(
        input=prompt - cached, cached=cached, output=output, reasoning=min(output, reasoning)
    )


def _cached(usage: dict[str, Any]) -> int:
    """OpenAI tells them in the details, Moonshot at the top, DeepSeek by a name of its own."""
    details = lenient.table(usage.get("prompt_tokens_details") or usage.get("input_tokens_details"))
    return max(
        lenient.count(details.get("cached_tokens")),
        lenient.count(usage.get("cached_tokens")),
        lenient.count(usage.get("prompt_cache_hit_tokens")),
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
    return bool(body.get("error")) or body.get("object") == "error"


def encode(events: list[inner.Event], answering: Answering) -> bytes:
    """A whole answer from its events."""
    whole = gather(events, answering)
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in whole.calls()
    ]
    text, thought = whole.text(), whole.thinking()
    message: dict[str, Any] = {"role": "assistant", "content": text or (None if calls else "")}
    if thought:
        message["reasoning_content"] = thought
    if calls:
        message["tool_calls"] = calls
    finish = FINISH_WORDS[whole.finished.reason]
    return msgspec.json.encode(
        {
            "id": answering.identity("chatcmpl-"),
            "object": "chat.completion",
            "created": answering.created,
            "model": answering.model,
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
            "usage": write_usage(whole.usage),
        }
    )
