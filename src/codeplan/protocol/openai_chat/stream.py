"""OpenAI Chat streams: reading their chunks, and writing them."""

from typing import Any

import msgspec

from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.openai_chat.answer import (
    FINISH_REASONS,
    FINISH_WORDS,
    is_failure,
    read_failure,
    read_usage,
    settled_reason,
    write_usage,
)
from codeplan.protocol.sse import PING_COMMENT, ServerEvent
from codeplan.protocol.usage import Usage

_DONE = b"[DONE]"


class Reader:
    """Turns a stream's chunks into the common form's events, one by one."""

    def __init__(self) -> None:
        self._started = False
        self._count = 0
        self._calls: dict[int, tuple[int, str]] = {}  # the server's index: ours, and the id

    def read(self, event: ServerEvent) -> list[inner.Event]:
        if not event.data:
            return [inner.Pinged()]
        if event.data.strip() == _DONE:
            return [inner.Ended()]
        try:
            chunk = msgspec.json.decode(event.data)
        except msgspec.DecodeError:
            return [inner.unreadable("the upstream's stream holds a chunk that is not JSON")]
        if not isinstance(chunk, dict):
            return [inner.unreadable("the upstream's stream holds a chunk that is no object")]
        if is_failure(chunk) or event.name == b"error":
            return [read_failure(chunk, 502)]
        events: list[inner.Event] = []
        if not self._started:
            self._started = True
            events.append(inner.Started(str(chunk.get("id") or ""), str(chunk.get("model") or "")))
        for choice in chunk.get("choices") or ():
            events += self._choice(choice)
        if chunk.get("usage"):
            events.append(inner.Reported(read_usage(chunk["usage"])))
        return events

    def _choice(self, choice: dict[str, Any]) -> list[inner.Event]:
        delta = choice.get("delta") or {}
        events: list[inner.Event] = []
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        if thought:
            events.append(inner.ThinkingDelta(thought))
        if delta.get("content"):
            events.append(inner.TextDelta(delta["content"]))
        for position, call in enumerate(delta.get("tool_calls") or ()):
            events += self._call(call, position)
        if choice.get("finish_reason"):
            reason = FINISH_REASONS.get(choice["finish_reason"], "end")
            events.append(inner.Finished(settled_reason(reason, bool(self._calls))))
        return events

    def _call(self, call: dict[str, Any], position: int) -> list[inner.Event]:
        function = call.get("function") or {}
        told = call.get("index", position)
        identity = str(call.get("id") or "")
        events: list[inner.Event] = []
        known = self._calls.get(told)
        # Some servers repeat the id in every piece; only another one is a new call.
        if known is None or (identity and identity != known[1]):
            index = told if known is None else self._count
            known = self._calls[told] = (index, identity or f"call_{index}")
            self._count = max(self._count, index) + 1
            events.append(inner.ToolCallStarted(*known, str(function.get("name") or "")))
        if function.get("arguments"):
            events.append(inner.ToolCallDelta(known[0], function["arguments"]))
        return events


class Writer:
    """Turns the common form's events into a stream's bytes, as they come."""

    def __init__(self, answering: Answering) -> None:
        self._frame: dict[str, Any] = {
            "id": answering.request_id,
            "object": "chat.completion.chunk",
            "created": answering.created,
            "model": answering.model,
        }
        self._with_usage = answering.with_usage
        self._usage: Usage | None = None
        self._begun = False
        self._places: dict[int, int] = {}

    def write(self, event: inner.Event) -> bytes:
        match event:
            case inner.TextDelta(text):
                return self._delta({"content": text}) if text else b""
            case inner.ThinkingDelta(text):
                return self._delta({"reasoning_content": text}) if text else b""
            case inner.ToolCallStarted(index, identity, name):
                # This format numbers calls from 0; others number blocks.
                place = self._places.setdefault(index, len(self._places))
                function = {"name": name, "arguments": ""}
                call = {"index": place, "id": identity, "type": "function", "function": function}
                return self._delta({"tool_calls": [call]})
            case inner.ToolCallDelta(index, arguments):
                piece = {"index": self._places.get(index, 0), "function": {"arguments": arguments}}
                return self._delta({"tool_calls": [piece]}) if arguments else b""
            case inner.Started(identity, model, usage):
                self._frame["id"] = identity or self._frame["id"]
                self._frame["model"] = model or self._frame["model"]
                self._usage = usage
                return b""
            case inner.Finished(reason):
                return self._begin() + self._chunk({}, FINISH_WORDS[reason])
            case inner.Reported(usage):
                self._usage = usage
                return b""
            case inner.Ended():
                return self._end()
            case inner.Pinged():
                return PING_COMMENT
            case inner.Failed(status, message, kind):
                error = {"message": message, "type": kind or "upstream_error", "code": str(status)}
                return _data({"error": error})
            case _:
                return b""

    def _begin(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        return self._chunk({"role": "assistant", "content": ""}, None)

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return self._begin() + self._chunk(delta, None)

    def _chunk(self, delta: dict[str, Any], finish: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _data({**self._frame, "choices": [choice]})

    def _end(self) -> bytes:
        usage = b""
        if self._with_usage and self._usage is not None:
            usage = _data({**self._frame, "choices": [], "usage": write_usage(self._usage)})
        return self._begin() + usage + b"data: [DONE]\n\n"


def is_usage_only(event: ServerEvent) -> bool:
    """Whether this is the chunk that ``include_usage`` adds: no choices, only the usage."""
    if b'"usage"' not in event.data:
        return False
    try:
        chunk = msgspec.json.decode(event.data)
    except msgspec.DecodeError:
        return False
    return isinstance(chunk, dict) and not chunk.get("choices") and bool(chunk.get("usage"))


def _data(value: Any) -> bytes:
    return b"data: " + msgspec.json.encode(value) + b"\n\n"
