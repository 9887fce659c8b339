"""Reading OpenAI Chat answers, as servers really send them: streams, chunk by chunk, and whole
answers, which are streams of one. What cannot be read is passed over, and nothing is raised."""

from typing import Any

from codeplan.protocol import inner, lenient
from codeplan.protocol.halves import Halves
from codeplan.protocol.openai_chat.answer import (
    FINISH_REASONS,
    is_failure,
    read_failure,
    read_usage,
)
from codeplan.protocol.openai_chat.deltas import call_pieces, content
from codeplan.protocol.sse import ServerEvent
from codeplan.protocol.tool_calls import ToolCalls

_NOT_SAID = ("", "null", "none")


class Reader:
    """Turns a stream's chunks into the common form's events, one by one."""

    def __init__(self) -> None:
        self._started = self._ended = False
        self._calls = ToolCalls()
        self._halves = Halves()
        self._choice: int | None = None  # which of several answers is read
        self._by_delta = False
        self._reason: inner.StopReason | None = None  # as the server told it
        self._told: inner.StopReason | None = None  # as it was told on

    def read(self, event: ServerEvent) -> list[inner.Event]:
        """Behind the end, only the usage is read."""
        data = event.data
        if not data:
            return [] if event.blank else [inner.Pinged()]
        if not data.startswith(b"{") and data.strip(b"\"' \t\r\n").upper() == b"[DONE]":
            return self._finish()
        chunks = lenient.objects(data)
        if event.name == b"error":
            told = chunks[0] if chunks else {"error": data.decode("utf-8", "replace")}
            return [_failed(told)]
        over = self._ended
        if len(chunks) == 1 and not over:
            return self.chunk(chunks[0])
        events = [item for chunk in chunks for item in self.chunk(chunk)]
        if data.endswith(b"[DONE]"):
            events += self._finish()
        return [item for item in events if isinstance(item, inner.Reported)] if over else events

    def end(self) -> list[inner.Event]:
        """The body has ended. An answer whose finish was told is whole without the last mark."""
        return self._finish() if self._reason else []

    def chunk(self, chunk: dict[str, Any]) -> list[inner.Event]:
        if is_failure(chunk):
            return [_failed(chunk)]
        events: list[inner.Event] = []
        if not self._started:
            self._started = True
            events.append(
                inner.Started(lenient.word(chunk.get("id")), lenient.word(chunk.get("model")))
            )
        choices = lenient.tables(chunk.get("choices"))
        for choice in choices:
            events += self._read_choice(choice)
        if chunk.get("usage") or "x_groq" in chunk or any("usage" in item for item in choices):
            events += _usage(chunk, choices)
        return events

    def _read_choice(self, choice: dict[str, Any]) -> list[inner.Event]:
        said = self._plain_text(choice)
        if said:
            return [self._halves.join(inner.TextDelta(said))]
        if choice.get("error"):
            return [_failed(choice)]
        delta, whole = self._delta(choice)
        index = lenient.place(choice.get("index"))
        if index is not None and self._choice is None:
            self._choice = index
        if index is not None and index != self._choice:
            return [inner.OtherDelta()]  # another answer beside the first
        events = content(delta)
        pieces = call_pieces(delta, whole) if len(delta) > 1 or "content" not in delta else []
        for piece in pieces:
            events += self._calls.take(piece)
        if pieces and not events:
            # Of a call whose name may go on: no event yet, but something that a caller is shown.
            events.append(inner.OtherDelta())
        return self._joined(events) + self._reason_of(choice)

    def _plain_text(self, choice: dict[str, Any]) -> str:
        """The text of a choice that brings nothing else, as most do; "" for any other."""
        delta = choice.get("delta")
        if not isinstance(delta, dict) or len(delta) != 1 or choice.get("index") != self._choice:
            return ""
        said = delta.get("content")
        if not isinstance(said, str) or choice.get("finish_reason") or choice.get("error"):
            return ""
        self._by_delta = True
        return said

    def _delta(self, choice: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """What the choice brings, and whether it is an answer's whole message. A stream of deltas
        may end with its whole message once more."""
        delta = choice.get("delta")
        if isinstance(delta, str):
            return {"content": delta}, False
        if delta and isinstance(delta, dict):
            self._by_delta = True
            return delta, False
        message = choice.get("message")
        if isinstance(message, dict) and not self._by_delta:
            return message, "delta" not in choice
        if isinstance(choice.get("text"), str):
            return {"content": choice["text"]}, False
        return {}, False

    def _reason_of(self, choice: dict[str, Any]) -> list[inner.Event]:
        if not choice.get("finish_reason"):
            return []
        told = lenient.word(choice["finish_reason"]).lower()
        if told in _NOT_SAID:
            return []
        if told == "error":
            return [inner.Failed(502, "the upstream's model failed in the middle of its answer")]
        self._reason = FINISH_REASONS.get(told, "end")
        return self._settle()

    def _settle(self) -> list[inner.Event]:
        reason = inner.settled_reason(self._reason or "end", self._calls.any)
        if reason == self._told:
            return []
        self._told = reason
        return [inner.Finished(reason)]

    def _finish(self) -> list[inner.Event]:
        """The answer is whole, and so is whatever of it is still kept."""
        if self._ended:
            return []
        self._ended = True
        events = self._joined(self._calls.end())
        return [*self._halves.rest(), *events, *self._settle(), inner.Ended()]

    def _joined(self, events: list[inner.Event]) -> list[inner.Event]:
        return [self._halves.join(event) for event in events]


def decode(body: bytes) -> list[inner.Event]:
    """The events of a whole answer, or of chunks line by line; a body that is none is one
    ``Failed``."""
    answers = lenient.objects(body)
    if not answers:
        return [inner.Failed(502, "the upstream's answer is not JSON")]
    reader = Reader()
    events = [event for answer in answers for event in reader.chunk(answer)]
    failure = next((event for event in events if isinstance(event, inner.Failed)), None)
    if failure is not None:
        return [failure]
    return events + reader.read(ServerEvent(b"", b"[DONE]"))


def _failed(body: dict[str, Any]) -> inner.Failed:
    failure = read_failure(body, 502)
    return inner.Failed(failure.status, lenient.word(failure.message), failure.kind)


def _usage(chunk: dict[str, Any], choices: list[dict[str, Any]]) -> list[inner.Event]:
    """Most servers tell it at the chunk's top, some in the choice; Groq in a field of its own."""
    places = [chunk, *choices, lenient.table(chunk.get("x_groq"))]
    told = [where["usage"] for where in places if where.get("usage")]
    for usage in map(read_usage, lenient.tables(told)):
        if usage is not None:
            return [inner.Reported(usage)]
    return []
