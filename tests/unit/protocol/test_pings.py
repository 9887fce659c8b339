"""Signs of life: an upstream's ping, or a comment, as each format says it."""

import pytest

from codeplan.gateway.formats import ANTHROPIC, OPENAI_CHAT, OPENAI_RESPONSES, CallerFormat
from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.sse import EventSplitter
from codeplan.routing.formats import TO_ANTHROPIC, TO_OPENAI_CHAT, UpstreamFormat

PINGS = [
    (TO_ANTHROPIC, b'event: ping\ndata: {"type": "ping"}\n\n'),
    (TO_ANTHROPIC, b": still there\n\n"),
    (TO_OPENAI_CHAT, b": PROCESSING\n\n"),
]


@pytest.mark.parametrize(("upstream", "raw"), PINGS)
@pytest.mark.parametrize("caller", [ANTHROPIC, OPENAI_CHAT, OPENAI_RESPONSES])
def test_a_ping_is_carried(caller: CallerFormat, upstream: UpstreamFormat, raw: bytes) -> None:
    reader, writer = upstream.reader(), caller.writer(Answering("r", "m", 1))
    writer.write(inner.Started("r", "m"))
    progress = inner.Progress()
    out = b""
    for event in EventSplitter().feed(raw):
        for known in reader.read(event):
            progress.note(known)
            out += writer.write(known)
    assert out == (
        b'event: ping\ndata: {"type":"ping"}\n\n' if caller is ANTHROPIC else b": ping\n\n"
    )
    assert not progress.content


def test_no_ping_comes_before_message_start() -> None:
    assert ANTHROPIC.writer(Answering("r", "m", 1)).write(inner.Pinged()) == b""
