"""Anthropic Messages streams: reading their events, and writing them in the order they must have.

The order: one message_start; blocks opened, filled and closed one after the other; one
message_delta with the stop reason and the usage; message_stop.
"""

from typing import Any

import msgspec

from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.anthropic.answer import (
    STOP_REASONS,
    STOP_WORDS,
    read_failure,
    read_usage,
    write_usage,
)
from codeplan.protocol.sse import ServerEvent
from codeplan.protocol.usage import Usage

_FAILURE_STATUS = {
    "overloaded_error": 529,
    "rate_limit_error": 429,
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
}


_EMPTY_BLOCKS = {
    "text": {"type": "text", "text": ""},
    "thinking": {"type": "thinking", "thinking": "", "signature": ""},
}


class Reader:
    """Turns a stream's events into the common form's, one by one."""

    def __init__(self) -> None:
        self._usage: dict[str, Any] = {}

    def read(self, event: ServerEvent) -> list[inner.Event]:
        if not event.data:
            return [inner.Pinged()]
        try:
            data = msgspec.json.decode(event.data)
        except msgspec.DecodeError:
            return [inner.unreadable("the upstream's stream holds an event that is not JSON")]
        if not isinstance(data, dict):
            return [inner.unreadable("the upstream's stream holds an event that is no object")]
        match data.get("type"):
            case "content_block_delta":
                return self._delta(data.get("delta") or {}, data.get("index") or 0)
            case "content_block_start":
                return self._block(data.get("content_block") or {}, data.get("index") or 0)
            case "message_start":
                return self._start(data.get("message") or {})
            case "message_delta":
                return self._finish(data)
            case "message_stop":
                return [inner.Ended()]
            case "ping":
                return [inner.Pinged()]
            case "error":
                failure = read_failure(data, 502)
                status = _FAILURE_STATUS.get(failure.kind, 502)
                return [inner.Failed(status, failure.message, failure.kind)]
            case _:
                return []

    def _start(self, message: dict[str, Any]) -> list[inner.Event]:
        self._usage = dict(message.get("usage") or {})
        return [
            inner.Started(
                str(message.get("id") or ""),
                str(message.get("model") or ""),
                read_usage(self._usage) if self._usage.get("input_tokens") else None,
            )
        ]

    def _block(self, block: dict[str, Any], index: int) -> list[inner.Event]:
        match block.get("type"):
            case "tool_use":
                return [inner.ToolCallStarted(index, str(block.get("id")), str(block.get("name")))]
            case "text" if block.get("text"):
                return [inner.TextDelta(block["text"])]
            case _:
                return []

    def _delta(self, delta: dict[str, Any], index: int) -> list[inner.Event]:
        match delta.get("type"):
            case "text_delta":
                return [inner.TextDelta(delta.get("text") or "")]
            case "input_json_delta":
                return [inner.ToolCallDelta(index, delta.get("partial_json") or "")]
            case "thinking_delta":
                return [inner.ThinkingDelta(delta.get("thinking") or "")]
            case "signature_delta":
                return [inner.ThinkingSigned(delta.get("signature") or "")]
            case _:
                return []

    def _finish(self, data: dict[str, Any]) -> list[inner.Event]:
        delta = data.get("delta") or {}
        # A later figure replaces an earlier one; what it leaves out stays as it was.
        self._usage.update(
            {key: value for key, value in (data.get("usage") or {}).items() if value is not None}
        )
        events: list[inner.Event] = []
        if delta.get("stop_reason"):
            reason = STOP_REASONS.get(delta["stop_reason"], "end")
            events.append(inner.Finished(reason, delta.get("stop_sequence")))
        events.append(inner.Reported(read_usage(self._usage)))
        return events


class Writer:
    """Turns the common form's events into a stream's bytes, as they come."""

    def __init__(self, answering: Answering) -> None:
        self._id, self._model = answering.request_id, answering.model
        self._started = False
        self._index = -1
        self._open = ""  # "", "text", "thinking" or "tool"
        self._live: int | None = None  # which of several tool calls is being written
        self._written = ""  # its arguments so far
        self._waiting: dict[int, tuple[inner.ToolCallStarted, str]] = {}
        self._finished: inner.Finished | None = None
        self._usage = Usage()

    def write(self, event: inner.Event) -> bytes:
        match event:
            case inner.TextDelta(text):
                return self._text("text", "text_delta", text)
            case inner.ThinkingDelta(text):
                return self._text("thinking", "thinking_delta", text)
            case inner.ThinkingSigned(signature):
                return self._signed(signature)
            case inner.ToolCallDelta(index, arguments):
                return self._arguments(index, arguments)
            case inner.ToolCallStarted(index):
                return self._call(event, index)
            case inner.Started():
                return self._start(event)
            case inner.Finished():
                self._finished = event
                return self._start() + self._flush()
            case inner.Reported(usage):
                self._usage = usage
                return b""
            case inner.Pinged():
                return _event("ping", {}) if self._started else b""
            case inner.Ended():
                return self._end()
            case inner.Failed():
                kind = event.kind or "api_error"
                return _event("error", {"error": {"type": kind, "message": event.message}})

    def _start(self, event: inner.Started | None = None) -> bytes:
        if self._started:
            return b""
        self._started = True
        if event is not None and event.usage is not None:
            self._usage = event.usage
        message: dict[str, Any] = {
            "id": (event.id if event else "") or self._id,
            "type": "message",
            "role": "assistant",
            "model": (event.model if event else "") or self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": write_usage(self._usage),
        }
        return _event("message_start", {"message": message})

    def _text(self, kind: str, delta: str, text: str) -> bytes:
        if not text:
            return b""
        before = self._start()
        if self._open != kind:
            before += self._flush() + self._open_block(kind, dict(_EMPTY_BLOCKS[kind]))
        return before + self._delta({"type": delta, kind: text})

    def _signed(self, signature: str) -> bytes:
        if self._open != "thinking" or not signature:
            return b""
        return self._delta({"type": "signature_delta", "signature": signature})

    def _call(self, event: inner.ToolCallStarted, index: int) -> bytes:
        if self._live is not None:
            self._waiting[index] = (event, "")
            return self._go_on()
        return self._start() + self._flush() + self._open_call(event)

    def _open_call(self, event: inner.ToolCallStarted) -> bytes:
        self._live, self._written = event.index, ""
        block = {"type": "tool_use", "id": event.id, "name": event.name, "input": {}}
        return self._open_block("tool", block)

    def _arguments(self, index: int, arguments: str) -> bytes:
        if index == self._live:
            self._written += arguments
            delta = {"type": "input_json_delta", "partial_json": arguments}
            return self._delta(delta) if arguments else b""
        if index not in self._waiting:
            return b""
        event, kept = self._waiting[index]
        self._waiting[index] = (event, kept + arguments)
        return self._go_on()

    def _go_on(self) -> bytes:
        """Blocks may not overlap: the next call is written once the one before it is whole."""
        return self._next_call() if self._waiting and _is_whole(self._written) else b""

    def _next_call(self) -> bytes:
        index = next(iter(self._waiting))
        event, kept = self._waiting.pop(index)
        return self._close() + self._open_call(event) + self._arguments(index, kept)

    def _flush(self) -> bytes:
        """Close the open block; first write whatever calls still wait."""
        written = b""
        while self._waiting:
            written += self._next_call()
        self._live = None
        return written + self._close()

    def _open_block(self, kind: str, block: dict[str, Any]) -> bytes:
        self._index += 1
        self._open = kind
        return _event("content_block_start", {"index": self._index, "content_block": block})

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return _event("content_block_delta", {"index": self._index, "delta": delta})

    def _close(self) -> bytes:
        if not self._open:
            return b""
        self._open = ""
        return _event("content_block_stop", {"index": self._index})

    def _end(self) -> bytes:
        finished = self._finished or inner.Finished("end")
        delta = {
            "stop_reason": STOP_WORDS[finished.reason],
            "stop_sequence": finished.stop_sequence,
        }
        return (
            self._start()
            + self._flush()
            + _event("message_delta", {"delta": delta, "usage": write_usage(self._usage)})
            + _event("message_stop", {})
        )


def _event(name: str, fields: dict[str, Any]) -> bytes:
    body = msgspec.json.encode({"type": name, **fields})
    return b"event: " + name.encode() + b"\ndata: " + body + b"\n\n"


def _is_whole(arguments: str) -> bool:
    try:
        msgspec.json.decode(arguments)
    except msgspec.DecodeError:
        return False
    return True
