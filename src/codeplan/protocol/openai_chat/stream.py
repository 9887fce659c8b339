"""OpenAI Chat streams: written chunk by chunk."""

from typing import Any

import msgspec

from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.openai_chat.answer import FINISH_WORDS, write_usage
from codeplan.protocol.ordering import OrderedWriter
from codeplan.protocol.sse import PING_COMMENT, ServerEvent
from codeplan.protocol.usage import Usage


class Writer(OrderedWriter):
    """Turns the common form's events into a stream's bytes, as they come."""

    def __init__(self, answering: Answering) -> None:
        super().__init__(answering)
        self._frame: dict[str, Any] = {
            "id": answering.identity("chatcmpl-"),
            "object": "chat.completion.chunk",
            "created": answering.created,
            "model": answering.model,
        }
        self._usage: Usage | None = None
        self._begun = False
        self._calls = 0

    def _put(self, event: inner.Event) -> bytes:
        match event:
            case inner.TextDelta(text):
                return self._delta({"content": text}) if text else b""
            case inner.ThinkingDelta(text):
                return self._delta({"reasoning_content": text}) if text else b""
            case inner.ToolCallStarted():
                return self._call(event)
            case inner.ToolCallDelta(_, arguments):
                # This format numbers calls from 0; others number blocks.
                piece = {"index": self._calls - 1, "function": {"arguments": arguments}}
                return self._delta({"tool_calls": [piece]}) if arguments else b""
            case inner.Started(usage=usage):
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

    def _call(self, event: inner.ToolCallStarted) -> bytes:
        function = {"name": event.name, "arguments": ""}
        call = {"index": self._calls, "id": event.id, "type": "function", "function": function}
        self._calls += 1
        return self._delta({"tool_calls": [call]})

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
        if self._answering.with_usage and self._usage is not None:
            usage = _data({**self._frame, "choices": [], "usage": write_usage(self._usage)})
        return usage + b"data: [DONE]\n\n"


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
