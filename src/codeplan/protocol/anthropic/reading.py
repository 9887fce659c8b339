"""Reading Anthropic Messages answers, as servers really send them: streams, event by event, and
whole answers, which are streams of one. What cannot be read is passed over, and nothing is raised.
"""

from typing import Any

from codeplan.protocol import inner, lenient
from codeplan.protocol.anthropic.answer import STOP_REASONS, read_failure, read_usage
from codeplan.protocol.halves import Halves
from codeplan.protocol.sse import ServerEvent
from codeplan.protocol.tool_calls import CallPiece, ToolCalls

_FAILURE_STATUS = {
    "overloaded_error": 529,
    "rate_limit_error": 429,
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
}


class Reader:
    """Turns a stream's events into the common form's, one by one."""

    def __init__(self) -> None:
        self._started = self._ended = False
        self._usage: dict[str, Any] = {}
        self._calls = ToolCalls()
        self._halves = Halves()
        self._open = -1  # the newest block
        self._left_out: set[int] = set()  # blocks that the common form has no place for
        self._finished: inner.Finished | None = None  # as the server told it
        self._told: inner.Finished | None = None  # as it was told on

    def read(self, event: ServerEvent) -> list[inner.Event]:
        """Behind the end, only the usage is read."""
        if not event.data:
            return [] if event.blank else [inner.Pinged()]
        name = event.name.decode("utf-8", "replace")
        values = lenient.objects(event.data)
        if name == "error" and not values:
            return [_failed({"error": event.data.decode("utf-8", "replace")})]
        over = self._ended
        events = [self._halves.join(item) for value in values for item in self._take(value, name)]
        return [item for item in events if isinstance(item, inner.Reported)] if over else events

    def whole(self, answer: dict[str, Any]) -> list[inner.Event]:
        """The events of a whole answer."""
        return [self._halves.join(item) for item in self._message(answer)]

    def end(self) -> list[inner.Event]:
        """The body has ended. An answer whose finish was told is whole without the last mark."""
        return self._finish() if self._finished else []

    def _take(self, value: dict[str, Any], name: str) -> list[inner.Event]:
        """What one event says."""
        match lenient.word(value.get("type")) or name:
            case "content_block_delta":
                return self._delta(value)
            case "content_block_start":
                return self._block(lenient.table(value.get("content_block")), self._place(value))
            case "content_block_stop":
                return self._calls.end_at(self._place(value))
            case "message_start":
                return self._start(lenient.table(value.get("message")))
            case "message_delta":
                return self._stop(lenient.table(value.get("delta")), value)
            case "message_stop":
                return self._stop({}, value) + self._finish()
            case "ping":
                return [inner.Pinged()]
            case "message":
                return self._message(value)
            case "error":
                return [_failed(value)]
            case _:
                return [_failed(value)] if value.get("error") else []

    def _place(self, value: dict[str, Any]) -> int:
        index = lenient.place(value.get("index"))
        return self._open if index is None else index

    def _start(self, message: dict[str, Any]) -> list[inner.Event]:
        if self._started:
            return []
        self._started = True
        self._note_usage(message.get("usage"))
        usage = read_usage(self._usage)
        identity, model = lenient.word(message.get("id")), lenient.word(message.get("model"))
        return [inner.Started(identity, model, usage if usage.prompt else None)]

    def _message(self, message: dict[str, Any]) -> list[inner.Event]:
        """A whole answer."""
        if message.get("error"):
            return [_failed(message)]
        events = self._start(message)
        blocks = message.get("content")
        if isinstance(blocks, str):
            blocks = {"type": "text", "text": blocks}
        for block in lenient.tables(blocks):
            events += self._block(block, self._open + 1)
        return events + self._stop(message, message) + self._finish()

    def _block(self, block: dict[str, Any], index: int) -> list[inner.Event]:
        events = self._calls.end_at(self._open)
        self._open = index
        self._left_out.discard(index)
        match lenient.word(block.get("type")):
            case "tool_use":
                # Its input comes in deltas; some servers send it here, whole.
                return events + self._calls.take(
                    CallPiece(
                        index,
                        lenient.word(block.get("id")),
                        lenient.word(block.get("name")),
                        opens=True,
                        whole=lenient.to_json(block["input"]) if block.get("input") else "",
                    )
                )
            case "text" | "thinking":
                return events + _said(block)
            case _:
                self._left_out.add(index)
                return [*events, inner.OtherDelta()]

    def _delta(self, value: dict[str, Any]) -> list[inner.Event]:
        index, delta = self._place(value), lenient.table(value.get("delta"))
        if index in self._left_out:
            return [inner.OtherDelta()]
        if "partial_json" in delta:
            piece = lenient.arguments(delta["partial_json"])
            return self._calls.take(CallPiece(index, arguments=piece)) if self._calls.any else []
        said = _said(delta)
        return said if said or not _brings(delta) else [inner.OtherDelta()]

    def _stop(self, delta: dict[str, Any], value: dict[str, Any]) -> list[inner.Event]:
        events: list[inner.Event] = []
        reason = lenient.word(delta.get("stop_reason"))
        if reason:
            sequence = lenient.word(delta.get("stop_sequence")) or None
            self._finished = inner.Finished(STOP_REASONS.get(reason, "end"), sequence)
            events += self._settle()
        if self._note_usage(value.get("usage") or delta.get("usage")):
            events.append(inner.Reported(read_usage(self._usage)))
        return events

    def _note_usage(self, told: Any) -> bool:
        """A later figure replaces an earlier one; what it leaves out, or tells as 0 where there was
        a figure, stays as it was."""
        figures = {key: value for key, value in lenient.table(told).items() if value}
        self._usage.update(figures)
        return bool(figures)

    def _settle(self) -> list[inner.Event]:
        finished = self._finished or inner.Finished("end")
        reason = inner.settled_reason(finished.reason, self._calls.any)
        finished = inner.Finished(reason, finished.stop_sequence)
        if finished == self._told:
            return []
        self._told = finished
        return [finished]

    def _finish(self) -> list[inner.Event]:
        """The answer is whole, and so is whatever of it is still kept."""
        if self._ended:
            return []
        self._ended = True
        return [*self._halves.rest(), *self._calls.end(), *self._settle(), inner.Ended()]


def decode(body: bytes) -> list[inner.Event]:
    """The events of a whole answer; a body that is none is one ``Failed``."""
    answers = lenient.objects(body)
    if not answers:
        return [inner.Failed(502, "the upstream's answer is not JSON")]
    if answers[0].get("type") == "error":
        return [_failed(answers[0])]
    return Reader().whole(answers[0])


def _failed(value: dict[str, Any]) -> inner.Failed:
    failure = read_failure(value, 502)
    status = _FAILURE_STATUS.get(failure.kind, 502)
    return inner.Failed(status, lenient.word(failure.message), lenient.word(failure.kind))


def _said(block: dict[str, Any]) -> list[inner.Event]:
    """Text, thinking and its signature, in a block or a delta."""
    events: list[inner.Event] = []
    if text := lenient.text(block.get("thinking")):
        events.append(inner.ThinkingDelta(text))
    if text := lenient.text(block.get("text")):
        events.append(inner.TextDelta(text))
    if signature := lenient.word(block.get("signature")):
        events.append(inner.ThinkingSigned(signature))
    return events


def _brings(delta: dict[str, Any]) -> bool:
    """Whether there is anything in it beside its kind."""
    return any(value for key, value in delta.items() if key != "type")
