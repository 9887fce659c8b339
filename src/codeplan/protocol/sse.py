"""Server-sent events, cut out of a stream that comes in pieces. Source of the format: WHATWG
HTML, section 9.2 (event streams)."""

import re
from dataclasses import dataclass

# What a stream says that has nothing to say, in formats without an event for it.
PING_COMMENT = b": ping\n\n"
_BLANK = re.compile(rb"\r\n\r\n|\n\n|\r\r")


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event. ``raw`` is all of its bytes, with the blank line that ends it."""

    raw: bytes
    data: bytes
    name: bytes = b""


class EventSplitter:
    """Feed it bytes as they come; it returns the events that are whole."""

    def __init__(self) -> None:
        self._kept = b""

    @property
    def rest(self) -> bytes:
        """Bytes of an event that is not whole yet."""
        return self._kept

    def feed(self, data: bytes) -> list[ServerEvent]:
        buffer = self._kept + data if self._kept else data
        events = []
        start = 0
        for match in _BLANK.finditer(buffer):
            raw = buffer[start : match.end()]
            start = match.end()
            events.append(parse_event(raw))
        self._kept = buffer[start:]
        return events


def parse_event(raw: bytes) -> ServerEvent:
    """The event in these bytes; comments and unknown fields are passed over."""
    name = b""
    data = b""
    several = False
    for line in raw.splitlines():
        if line.startswith(b"data:"):
            value = line[6:] if line[5:6] == b" " else line[5:]
            data = data + b"\n" + value if several else value
            several = True
        elif line.startswith(b"event:"):
            name = line[6:].strip()
    return ServerEvent(raw, data, name)
