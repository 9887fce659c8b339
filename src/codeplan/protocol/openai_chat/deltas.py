"""What the delta of a chunk, or a whole message, brings: text, thinking, pieces of calls."""

from typing import Any

from codeplan.protocol import inner, lenient
from codeplan.protocol.tool_calls import CallPiece

# A call of the protocol's older form has no index.
_LEGACY = 1 << 32
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")
# Fields that bring content, which is read, and fields that bring none.
_READ = {*_THOUGHTS, "content", "refusal", "tool_calls", "function_call", "audio", "images",
         "reasoning_details"}  # fmt: skip
_BESIDE = {"role", "name", "id", "index", "type", "object", "annotations", "logprobs", "token_ids",
           "provider_specific_fields", "finish_reason", "matched_stop", "stop_reason", "usage",
           "tool_call_id", "created", "model"}  # fmt: skip


# Parts that are their text alone.
_WRITTEN = ("text", "output_text", "refusal", "thinking", "reasoning")


def content(delta: dict[str, Any]) -> list[inner.Event]:
    """Thinking, text and whatever is neither, in this order."""
    events: list[inner.Event] = []
    thought = _thought(delta)
    if thought:
        events.append(inner.ThinkingDelta(thought))
    said = delta.get("content")
    if said:
        events += [inner.TextDelta(said)] if isinstance(said, str) else _parts(said)
    for name, value in delta.items():
        if value and name not in _BESIDE:
            events += _beside(name, value)
    return events


def _beside(name: str, value: Any) -> list[inner.Event]:
    """Of a field that is rarely there."""
    match name:
        case "refusal":
            return [inner.TextDelta(lenient.text(value))]
        case "images":
            return _parts(value)
        case "audio":
            spoken = lenient.text(value)
            return [inner.TextDelta(spoken)] if spoken else [inner.OtherDelta()]
        case _ if name in _READ:
            return []
        case _:
            return [inner.OtherDelta()]


def _thought(delta: dict[str, Any]) -> str:
    """Servers that tell it under two names tell the same."""
    for name in _THOUGHTS:
        if delta.get(name):
            return lenient.text(delta[name])
    if delta.get("reasoning_details"):
        return lenient.text(delta["reasoning_details"])
    return ""


def _parts(value: Any) -> list[inner.Event]:
    events: list[inner.Event] = []
    for part in value if isinstance(value, list) else [value]:
        kind = lenient.word(lenient.table(part).get("type"))
        written = lenient.text(part)
        if kind.startswith("image"):
            events.append(inner.TextDelta(_picture(part)))
        elif not written and (kind in _WRITTEN or not part):
            continue
        elif not written:
            events.append(inner.OtherDelta())
        elif kind in ("thinking", "reasoning"):
            events.append(inner.ThinkingDelta(written))
        else:
            events.append(inner.TextDelta(written))
    return events


def _picture(part: dict[str, Any]) -> str:
    """A picture's link as text shows it. One that is inside the answer is named: as text it would
    come back with each further call."""
    image = part.get("image_url")
    link = image.get("url") if isinstance(image, dict) else image
    if isinstance(link, str) and link.startswith(("http://", "https://")):
        return f"![image]({link})"
    return "[image]"


def call_pieces(delta: dict[str, Any], whole: bool) -> list[CallPiece]:
    """Of a whole message each is a call. The protocol's older form has one call, without an id."""
    calls = lenient.tables(delta.get("tool_calls") or None)
    pieces = [
        _piece(
            call,
            lenient.table(call.get("function") or call),
            place if len(calls) > 1 else None,
            whole,
        )
        for place, call in enumerate(calls)
    ]
    function = delta.get("function_call")
    if function and isinstance(function, dict):
        pieces.append(_piece({"index": _LEGACY}, function, None, False))
    return pieces


def _piece(
    call: dict[str, Any], function: dict[str, Any], place: int | None, opens: bool
) -> CallPiece:
    return CallPiece(
        lenient.place(call.get("index")),
        lenient.word(call.get("id")),
        lenient.word(function.get("name")),
        lenient.arguments(function.get("arguments")),
        place,
        opens,
    )
