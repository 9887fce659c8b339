"""Server-sent events, cut out of a stream that comes in pieces. Source of the format: WHATWG
HTML, section 9.2 (event streams): lines may end in any of three ways, also within one stream."""

import re
from dataclasses import dataclass
from enum import Enum

# What a stream says that has nothing to say, in formats without an event for it.
PING_COMMENT = b": ping\n\n"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Two ends of lines behind each other. A carriage return before a line feed is no end of its own.
_BLANK = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?!\n))")
# How many bytes of the end may be the start of a blank line.
_LONGEST_START = 3


class Body(Enum):
    """What a body is, by how it begins: events, JSON, or too little of it has come."""

    EVENTS = "events"
    JSON = "json"
    UNKNOWN = "unknown"


def begins_as(data: bytes) -> Body:
    """Whatever is no JSON object or list is events: only white space and a mark come before."""
    if BYTE_ORDER_MARK.startswith(data):
        return Body.UNKNOWN
    start = data.removeprefix(BYTE_ORDER_MARK).lstrip()[:1]
    if not start:
        return Body.UNKNOWN
    return Body.JSON if start in b"{[" else Body.EVENTS


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event. ``raw`` is all of its bytes, with the blank line that ends it."""

    raw: bytes
    data: bytes
    name: bytes = b""

    @property
    def blank(self) -> bool:
        """Whether it is white space alone."""
        return not self.raw.strip()


class EventSplitter:
    """Feed it bytes as they come; it returns the events that are whole."""

    def __init__(self) -> None:
        self._kept = b""

    @property
    def rest(self) -> bytes:
        """Bytes of an event that is not whole yet."""
        return self._kept

    def feed(self, data: bytes) -> list[ServerEvent]:
        seen = max(0, len(self._kept) - _LONGEST_START)
        buffer = self._kept + data if self._kept else data
        events = []
        start = 0
        for match in _BLANK.finditer(buffer, seen):
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
    for line in raw.removeprefix(BYTE_ORDER_MARK).splitlines():
        if line.startswith(b"data:"):
            value = line[6:] if line[5:6] == b" " else line[5:]
            data = data + b"\n" + value if several else value
            several = True
        elif line.startswith(b"event:"):
            name = line[6:].strip()
    return ServerEvent(raw, data, name)
