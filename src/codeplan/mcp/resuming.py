"""What a session has said lately, so that a client whose stream was cut can have the rest. Each
session replays its own: streams of different sessions bear the same names. What is kept is bounded
for each key, however many sessions it has."""

from collections import deque

from mcp.server.streamable_http import EventCallback, EventId, EventMessage, EventStore, StreamId
from mcp_types import JSONRPCMessage

_MOST_EVENTS = 200
_MOST_BYTES = 1024 * 1024


class Memory:
    """The newest 200 messages of one key's sessions, up to a mebibyte."""

    def __init__(self) -> None:
        self.events: deque[tuple[object, int, StreamId, JSONRPCMessage | None, int]] = deque()
        self._bytes = 0

    def keep(
        self, session: object, at: int, stream: StreamId, message: JSONRPCMessage | None
    ) -> None:
        size = len(message.model_dump_json()) if message is not None else 0
        self.events.append((session, at, stream, message, size))
        self._bytes += size
        while len(self.events) > _MOST_EVENTS or (
            self._bytes > _MOST_BYTES and len(self.events) > 1
        ):
            self._bytes -= self.events.popleft()[4]


class SaidLately(EventStore):
    """One session's part of its key's memory."""

    def __init__(self, memory: Memory | None = None) -> None:
        self._memory, self._count = memory or Memory(), 0
        # Stands for the session, without keeping it.
        self._session = object()

    async def store_event(self, stream_id: StreamId, message: JSONRPCMessage | None) -> EventId:
        self._count += 1
        self._memory.keep(self._session, self._count, stream_id, message)
        return str(self._count)

    async def replay_events_after(
        self, last_event_id: EventId, send_callback: EventCallback
    ) -> StreamId | None:
        kept = [one[1:4] for one in self._memory.events if one[0] is self._session]
        stream = next((stream for at, stream, _ in kept if str(at) == last_event_id), None)
        if stream is None:
            return None  # it was said too long ago
        for at, of, message in kept:
            if of == stream and at > int(last_event_id) and message is not None:
                await send_callback(EventMessage(message, str(at)))
        return stream
