"""What a session has said lately, so that a client whose stream was cut can have the rest. Each
session keeps its own: streams of different sessions bear the same names."""

from collections import deque

from mcp.server.streamable_http import EventCallback, EventId, EventMessage, EventStore, StreamId
from mcp_types import JSONRPCMessage

_MOST_EVENTS = 200
_MOST_BYTES = 1024 * 1024


class SaidLately(EventStore):
    """The newest 200 messages, up to a mebibyte."""

    def __init__(self) -> None:
        self._events: deque[tuple[int, StreamId, JSONRPCMessage | None, int]] = deque()
        self._bytes, self._count = 0, 0

    async def store_event(self, stream_id: StreamId, message: JSONRPCMessage | None) -> EventId:
        size = len(message.model_dump_json()) if message is not None else 0
        self._count += 1
        self._events.append((self._count, stream_id, message, size))
        self._bytes += size
        while len(self._events) > _MOST_EVENTS or (
            self._bytes > _MOST_BYTES and len(self._events) > 1
        ):
            self._bytes -= self._events.popleft()[3]
        return str(self._count)

    async def replay_events_after(
        self, last_event_id: EventId, send_callback: EventCallback
    ) -> StreamId | None:
        kept = list(self._events)
        stream = next((stream for at, stream, _, _ in kept if str(at) == last_event_id), None)
        if stream is None:
            return None  # it was said too long ago
        for at, of, message, _ in kept:
            if of == stream and at > int(last_event_id) and message is not None:
                await send_callback(EventMessage(message, str(at)))
        return stream
