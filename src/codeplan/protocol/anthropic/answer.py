"""Whole Anthropic Messages answers, from the common form's events, and what the protocol's answers
say of their end, usage and errors."""

from typing import Any

import msgspec

from codeplan.protocol import arguments, inner, lenient
from codeplan.protocol.answering import Answering
from codeplan.protocol.usage import Usage
from codeplan.protocol.whole import Part, gather

STOP_REASONS: dict[str, inner.StopReason] = {
    "end_turn": "end",
    "max_tokens": "length",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool",
    "refusal": "refusal",
    "pause_turn": "end",
    "model_context_window_exceeded": "length",
    # OpenAI's words, which gateways leave in.
    "length": "length",
    "tool_calls": "tool",
    "content_filter": "refusal",
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
        input=lenient.count(usage.get("input_tokens")),
        cached=lenient.count(usage.get("cache_read_input_tokens")),
        cache_write=lenient.count(usage.get("cache_creation_input_tokens")),
        output=lenient.count(usage.get("output_tokens")),
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


def encode(events: list[inner.Event], answering: Answering) -> bytes:
    """A whole answer from its events."""
    whole = gather(events, answering)
    return msgspec.json.encode(
        {
            "id": answering.identity("msg_"),
            "type": "message",
            "role": "assistant",
            "model": answering.model,
            "content": [_block(part) for part in whole.parts],
            "stop_reason": STOP_WORDS[whole.finished.reason],
            "stop_sequence": whole.finished.stop_sequence,
            "usage": write_usage(whole.usage),
        }
    )


def _block(part: Part) -> dict[str, Any]:
    """The signature is always there, as the protocol has it; empty where the upstream has none."""
    match part:
        case inner.Text(text):
            return {"type": "text", "text": text}
        case inner.Thinking(text, signature):
            return {"type": "thinking", "thinking": text, "signature": signature}
        case inner.ToolCall(identity, name, given):
            return {
                "type": "tool_use",
                "id": identity,
                "name": name,
                "input": arguments.as_object(given),
            }
