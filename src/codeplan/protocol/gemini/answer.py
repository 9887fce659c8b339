"""Gemini answers, from the common form's events: whole ones, and the pieces of streams.

A call of a function leaves whole, in one part. The first part behind the model's thinking carries
that thinking as its signature.
"""

from typing import Any

import msgspec

from codeplan.protocol import arguments, inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.gemini import signature
from codeplan.protocol.usage import Usage
from codeplan.protocol.whole import in_order

FINISH_WORDS: dict[inner.StopReason, str] = {
    "end": "STOP",
    "length": "MAX_TOKENS",
    "tool": "STOP",
    "stop_sequence": "STOP",
    "refusal": "SAFETY",
}


def write_usage(usage: Usage) -> dict[str, Any]:
    """Thoughts are counted beside the answer here, not inside it."""
    written = {
        "promptTokenCount": usage.prompt,
        "candidatesTokenCount": usage.output - usage.reasoning,
        "totalTokenCount": usage.total,
    }
    if usage.cached:
        written["cachedContentTokenCount"] = usage.cached
    if usage.reasoning:
        written["thoughtsTokenCount"] = usage.reasoning
    return written


class Parts:
    """Turns events, in order, into parts. Keeps what the answer's end must say."""

    def __init__(self, answering: Answering) -> None:
        self._shows_thinking = answering.shows_thinking
        self.finish: inner.StopReason = "end"
        self.usage = Usage()
        self._thought, self._mark = "", ""
        self._call: dict[str, Any] = {}
        self._arguments: list[str] = []

    def take(self, event: inner.Event) -> list[dict[str, Any]]:
        match event:
            case inner.TextDelta(text):
                return [self._signed({"text": text})] if text else []
            case inner.ThinkingDelta(text):
                return self._thinking(text) if text else []
            case inner.ThinkingSigned(mark):
                self._mark = mark
            case inner.ToolCallStarted(_, identity, name):
                self._call, self._arguments = {"id": identity, "name": name}, []
            case inner.ToolCallDelta(_, piece):
                self._arguments.append(piece)
            case inner.ToolCallEnded():
                call = {**self._call, "args": arguments.as_object("".join(self._arguments))}
                return [self._signed({"functionCall": call})]
            case inner.Started(usage=usage):
                self.usage = usage or self.usage
            case inner.Reported(usage):
                self.usage = usage
            case inner.Finished(reason):
                self.finish = reason
            case _:
                pass
        return []

    def _thinking(self, text: str) -> list[dict[str, Any]]:
        if self._mark:  # another piece of thinking begins behind one that is signed
            self._thought, self._mark = "", ""
        self._thought += text
        return [{"text": text, "thought": True}] if self._shows_thinking else []

    def _signed(self, part: dict[str, Any]) -> dict[str, Any]:
        if self._thought or self._mark:
            part["thoughtSignature"] = signature.write(inner.Thinking(self._thought, self._mark))
            self._thought, self._mark = "", ""
        return part


def response(
    answering: Answering, parts: Parts, content: list[dict[str, Any]], end: bool = False
) -> dict[str, Any]:
    """A piece of an answer; the last one says why it ended, and what it used."""
    candidate: dict[str, Any] = {
        # Google's own last piece has an empty text too; without a part clients drop the turn.
        "content": {"role": "model", "parts": content or [{"text": ""}]},
        "index": 0,
    }
    made: dict[str, Any] = {
        "candidates": [candidate],
        "modelVersion": answering.model,
        "responseId": answering.request_id,
    }
    if end:
        candidate["finishReason"] = FINISH_WORDS[parts.finish]
        made["usageMetadata"] = write_usage(parts.usage)
    return made


def encode(events: list[inner.Event], answering: Answering) -> bytes:
    """A whole answer from its events."""
    parts = Parts(answering)
    content: list[dict[str, Any]] = []
    for event in in_order(events, answering):
        for part in parts.take(event):
            if content and _joins(content[-1], part):
                content[-1]["text"] += part["text"]
            else:
                content.append(part)
    return msgspec.json.encode(response(answering, parts, content, end=True))


def _joins(before: dict[str, Any], part: dict[str, Any]) -> bool:
    """Whether the part only goes on with the text or the thought before it."""
    if "text" not in part or "text" not in before or "thoughtSignature" in part:
        return False
    return ("thought" in before) == ("thought" in part)
