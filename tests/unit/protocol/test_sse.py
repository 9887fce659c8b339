"""Events are cut out of a stream however it is broken into pieces."""

from codeplan.protocol.sse import EventSplitter

STREAM = (
    b": hello\n\n"
    b"event: one\ndata: 1\n\n"
    b"data: first\r\ndata: second\r\n\r\n"
    b"id: 7\ndata:no space\n\n"
    b"data: unfinished"
)


def test_events() -> None:
    splitter = EventSplitter()
    events = splitter.feed(STREAM)
    assert [(event.name, event.data) for event in events] == [
        (b"", b""),
        (b"one", b"1"),
        (b"", b"first\nsecond"),
        (b"", b"no space"),
    ]
    assert b"".join(event.raw for event in events) + splitter.rest == STREAM


def test_every_byte_alone() -> None:
    splitter = EventSplitter()
    events = [event for byte in STREAM for event in splitter.feed(bytes([byte]))]
    assert b"".join(event.raw for event in events) + splitter.rest == STREAM
    assert [event.data for event in events if event.data] == [b"1", b"first\nsecond", b"no space"]
