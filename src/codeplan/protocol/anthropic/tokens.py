"""How many tokens a call has, as this protocol asks and says it."""

from typing import Any

import msgspec

# What a count may be asked about; the rest of a Messages call is refused there as unknown.
_COUNTED = frozenset({
    "model", "messages", "system", "tools", "tool_choice", "thinking", "output_config",
})  # fmt: skip


def encode(tokens: int) -> bytes:
    return msgspec.json.encode({"input_tokens": tokens})


def decode(body: bytes) -> int | None:
    """The tokens in an upstream's answer; None where it has none."""
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    tokens = answer.get("input_tokens") if isinstance(answer, dict) else None
    return tokens if type(tokens) is int else None


def question(call: bytes) -> bytes:
    """The question about a Messages call that we have made ourselves."""
    asked: dict[str, Any] = msgspec.json.decode(call)
    return msgspec.json.encode({name: asked[name] for name in asked if name in _COUNTED})
