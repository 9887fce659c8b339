"""An answer as a whole: its parts in the order in which they began, and how it ended."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.ordering import Ordering
from codeplan.protocol.usage import Usage

Part = inner.Text | inner.Thinking | inner.ToolCall


@dataclass(slots=True)
class Whole:
    parts: list[Part] = field(default_factory=list)
    finished: inner.Finished = field(default_factory=lambda: inner.Finished("end"))
    usage: Usage = field(default_factory=Usage)

    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, inner.Text))

    def thinking(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, inner.Thinking))

    def calls(self) -> list[inner.ToolCall]:
        return [part for part in self.parts if isinstance(part, inner.ToolCall)]


def in_order(events: Iterable[inner.Event], answering: Answering) -> list[inner.Event]:
    """The answer's events as a writer would take them."""
    ordering = Ordering(answering)
    return [item for event in events for item in ordering.take(event)]


def gather(events: Iterable[inner.Event], answering: Answering) -> Whole:
    """The answer that these events make."""
    whole = Whole()
    for event in in_order(events, answering):
        match event:
            case inner.TextDelta(text) if text:
                _add_text(whole.parts, text)
            case inner.ThinkingDelta(text) if text:
                _add_thinking(whole.parts, text)
            case inner.ThinkingSigned(signature) if signature:
                _sign(whole.parts, signature)
            case inner.ToolCallStarted(_, identity, name):
                whole.parts.append(inner.ToolCall(identity, name, ""))
            case inner.ToolCallDelta(_, piece):
                _add_arguments(whole.parts, piece)
            case inner.Started(usage=usage):
                whole.usage = usage or whole.usage
            case inner.Reported(usage):
                whole.usage = usage
            case inner.Finished():
                whole.finished = event
            case _:
                pass
    return whole


def _add_text(parts: list[Part], text: str) -> None:
    last = parts[-1] if parts else None
    if isinstance(last, inner.Text):
        parts[-1] = inner.Text(last.text + text)
    else:
        parts.append(inner.Text(text))


def _add_thinking(parts: list[Part], text: str) -> None:
    """A thought that is signed does not go on."""
    last = parts[-1] if parts else None
    if isinstance(last, inner.Thinking) and not last.signature:
        parts[-1] = inner.Thinking(last.text + text)
    else:
        parts.append(inner.Thinking(text))


def _sign(parts: list[Part], signature: str) -> None:
    last = parts[-1] if parts else None
    if isinstance(last, inner.Thinking) and not last.signature:
        parts[-1] = inner.Thinking(last.text, signature)
    else:
        parts.append(inner.Thinking("", signature))


def _add_arguments(parts: list[Part], piece: str) -> None:
    last = parts[-1]
    if isinstance(last, inner.ToolCall):
        parts[-1] = inner.ToolCall(last.id, last.name, last.arguments + piece)
