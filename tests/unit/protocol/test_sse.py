"""Events are cut out of a stream however it is broken into pieces."""

import pytest

from codeplan.protocol.sse import Body, EventSplitter, begins_as

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


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r", b"\n\r\n", b"\r\n\n", b"\r\n\r"])
def test_lines_may_end_in_any_way(end: bytes) -> None:
    raw = b"\xef\xbb\xbfdata: 1" + end + b"event: two\ndata: 2" + end
    for cut in range(len(raw)):
        splitter = EventSplitter()
        events = [*splitter.feed(raw[:cut]), *splitter.feed(raw[cut:])]
        assert [(event.name, event.data) for event in events if not event.blank] == [
            (b"", b"1"),
            (b"two", b"2"),
        ]


@pytest.mark.parametrize(
    ("data", "body"),
    [(b"", Body.UNKNOWN), (b"\xef\xbb", Body.UNKNOWN), (b"\xef\xbb\xbf \n", Body.UNKNOWN),
     (b"\xef\xbb\xbf\n{", Body.JSON), (b" [", Body.JSON), (b": ping", Body.EVENTS),
     (b"data: {", Body.EVENTS)],
)  # fmt: skip
def test_what_a_body_is_by_how_it_begins(data: bytes, body: Body) -> None:
    assert begins_as(data) is body
