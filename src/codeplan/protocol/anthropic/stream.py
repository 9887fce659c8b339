"""Anthropic Messages streams: written in the order they must have.

The order: one message_start; blocks opened, filled and closed one after the other; one
message_delta with the stop reason and the usage; message_stop.
"""

from typing import Any

import msgspec

from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.anthropic.answer import STOP_WORDS, write_usage
from codeplan.protocol.ordering import OrderedWriter
from codeplan.protocol.usage import Usage

_EMPTY_BLOCKS = {
    "text": {"type": "text", "text": ""},
    "thinking": {"type": "thinking", "thinking": "", "signature": ""},
}


class Writer(OrderedWriter):
    """Turns the common form's events into a stream's bytes, as they come."""

    def __init__(self, answering: Answering) -> None:
        super().__init__(answering)
        self._started = False
        self._index = -1
        self._open = ""  # "", "text", "thinking" or "tool"
        self._signed = False
        self._finished = inner.Finished("end")
        self._usage = Usage()

    def _put(self, event: inner.Event) -> bytes:
        match event:
            case inner.TextDelta(text):
                return self._text("text", "text_delta", text)
            case inner.ThinkingDelta(text):
                return self._text("thinking", "thinking_delta", text)
            case inner.ThinkingSigned(signature):
                return self._signature(signature)
            case inner.ToolCallStarted(_, identity, name):
                block = {"type": "tool_use", "id": identity, "name": name, "input": {}}
                return self._start() + self._open_block("tool", block)
            case inner.ToolCallDelta(_, arguments):
                delta = {"type": "input_json_delta", "partial_json": arguments}
                return self._delta(delta) if arguments else b""
            case inner.ToolCallEnded():
                return self._close()
            case inner.Started(usage=usage):
                return self._start(usage)
            case inner.Finished():
                self._finished = event
                return b""
            case inner.Reported(usage):
                self._usage = usage
                return b""
            case inner.Pinged():
                return _event("ping", {}) if self._started else b""
            case inner.Ended():
                return self._end()
            case inner.Failed(_, message, kind):
                error = {"type": kind or "api_error", "message": message}
                return _event("error", {"error": error})
            case inner.OtherDelta():
                return b""

    def _start(self, usage: Usage | None = None) -> bytes:
        if self._started:
            return b""
        self._started = True
        self._usage = usage or self._usage
        message: dict[str, Any] = {
            "id": self._answering.identity("msg_"),
            "type": "message",
            "role": "assistant",
            "model": self._answering.model,
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
        # What is signed does not go on: more thinking is another block.
        if self._open != kind or self._signed:
            before += self._open_block(kind, dict(_EMPTY_BLOCKS[kind]))
        return before + self._delta({"type": delta, kind: text})

    def _signature(self, signature: str) -> bytes:
        if not signature:
            return b""
        before = self._start()
        if self._open != "thinking" or self._signed:
            before += self._open_block("thinking", dict(_EMPTY_BLOCKS["thinking"]))
        self._signed = True
        return before + self._delta({"type": "signature_delta", "signature": signature})

    def _open_block(self, kind: str, block: dict[str, Any]) -> bytes:
        closed = self._close()
        self._index += 1
        self._open, self._signed = kind, False
        start = {"index": self._index, "content_block": block}
        return closed + _event("content_block_start", start)

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return _event("content_block_delta", {"index": self._index, "delta": delta})

    def _close(self) -> bytes:
        if not self._open:
            return b""
        self._open = ""
        return _event("content_block_stop", {"index": self._index})

    def _end(self) -> bytes:
        delta = {
            "stop_reason": STOP_WORDS[self._finished.reason],
            "stop_sequence": self._finished.stop_sequence,
        }
        return (
            self._start()
            + self._close()
            + _event("message_delta", {"delta": delta, "usage": write_usage(self._usage)})
            + _event("message_stop", {})
        )


def _event(name: str, fields: dict[str, Any]) -> bytes:
    body = msgspec.json.encode({"type": name, **fields})
    return b"event: " + name.encode() + b"\ndata: " + body + b"\n\n"
