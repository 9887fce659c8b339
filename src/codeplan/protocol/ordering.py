"""The order in which an answer's events are written, whatever order they come in.

Upstreams mix the pieces of parallel calls, and text with the pieces of a call. Here one thing
follows the other: a call is told whole, from its start to its end, before anything else is; what
comes meanwhile waits. One start, one finish and one end, and nothing behind the end. Each call has
an id that no other call of the conversation has.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.tool_calls import is_whole

# The frequent ones. A tuple, since a union would be made anew for each event.
_SAID = (inner.TextDelta, inner.ThinkingDelta)


class Ordering:
    def __init__(self, answering: Answering) -> None:
        self._request_id = answering.request_id.removeprefix("req_")
        self._identities = set(answering.call_ids)
        self._started = self._over = False
        self._open: int | None = None  # the call that is being told
        self._written: list[str] = []  # its arguments so far
        self._waiting: list[inner.Event] = []
        self._finished: inner.Finished | None = None

    def take(self, event: inner.Event) -> Sequence[inner.Event]:
        """What may be written now that this event has come."""
        if self._over:
            return ()
        if self._open is None and isinstance(event, _SAID):
            return (event,)
        match event:
            case inner.Pinged() | inner.Reported():
                return (event,)
            case inner.Started():
                first, self._started = not self._started, True
                return (event,) if first else ()
            case inner.OtherDelta():
                return ()
            case inner.Finished():
                # Content may still come; and servers tell it more than once.
                self._finished = event
                return ()
            case inner.Failed():
                self._over = True
                return (event,)
            case inner.Ended():
                return self._end(event)
        told: list[inner.Event] = []
        self._put(event, told)
        self._go_on(told)
        return told

    def _put(self, event: inner.Event, told: list[inner.Event]) -> None:
        """Tell the event, or have it wait for the open call's end."""
        match event:
            case inner.ToolCallDelta(index, arguments) if index == self._open:
                self._written.append(arguments)
                told.append(event)
            case inner.ToolCallEnded(index) if index == self._open:
                self._close(told)
            case _ if self._open is not None:
                self._waiting.append(event)
            case inner.ToolCallStarted(index, identity, name):
                self._open, self._written = index, []
                told.append(inner.ToolCallStarted(index, self._unique(identity), name))
            case inner.ToolCallDelta() | inner.ToolCallEnded():
                pass  # of a call that is told already
            case _:
                told.append(event)

    def _go_on(self, told: list[inner.Event]) -> None:
        """Where something waits: end the open call once it is whole, and tell what waits."""
        while self._waiting and self._is_told_whole():
            if self._open is not None:
                self._close(told)
            waiting, self._waiting = self._waiting, []
            for event in waiting:
                self._put(event, told)

    def _is_told_whole(self) -> bool:
        if self._open is None:
            return True
        last = self._written[-1] if self._written else ""
        return last.rstrip().endswith("}") and is_whole("".join(self._written))

    def _close(self, told: list[inner.Event]) -> None:
        if self._open is not None:
            told.append(inner.ToolCallEnded(self._open))
        self._open = None

    def _end(self, ended: inner.Ended) -> list[inner.Event]:
        told: list[inner.Event] = []
        while self._open is not None or self._waiting:
            self._close(told)
            self._go_on(told)
        self._over = True
        return [*told, self._finished or inner.Finished("end"), ended]

    def _unique(self, identity: str) -> str:
        number = len(self._identities)
        while not identity or identity in self._identities:
            identity = f"call_{self._request_id}_{number}"
            number += 1
        self._identities.add(identity)
        return identity


class OrderedWriter(ABC):
    """Turns the common form's events into a stream's bytes, as they come, in order."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._ordering = Ordering(answering)

    def write(self, event: inner.Event) -> bytes:
        events = self._ordering.take(event)
        if len(events) == 1:
            return self._put(events[0])
        return b"".join([self._put(item) for item in events])

    @abstractmethod
    def _put(self, event: inner.Event) -> bytes:
        """The bytes of an event that comes in order."""
