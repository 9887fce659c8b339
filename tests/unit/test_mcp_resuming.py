"""What a session said lately: given again behind an event, of its own stream, while it is kept."""

from mcp.server.streamable_http import EventMessage
from mcp_types import JSONRPCNotification

from codeplan.mcp.resuming import SaidLately


def said(text: str) -> JSONRPCNotification:
    return JSONRPCNotification(jsonrpc="2.0", method=text)


async def again(kept: SaidLately, after: str) -> tuple[str | None, list[str]]:
    heard: list[EventMessage] = []

    async def hear(event: EventMessage) -> None:
        heard.append(event)

    stream = await kept.replay_events_after(after, hear)
    return stream, [event.message.method for event in heard]  # type: ignore[union-attr]


async def test_a_stream_is_taken_up_behind_an_event() -> None:
    kept = SaidLately()
    first = await kept.store_event("one", None)
    await kept.store_event("two", said("theirs"))
    second = await kept.store_event("one", said("a"))
    await kept.store_event("one", said("b"))
    assert await again(kept, first) == ("one", ["a", "b"])
    assert await again(kept, second) == ("one", ["b"])
    assert await again(kept, "99") == (None, [])
    # Another session's store knows nothing of it, though its streams bear the same names.
    assert await again(SaidLately(), first) == (None, [])


async def test_it_keeps_the_newest_up_to_a_mebibyte() -> None:
    kept = SaidLately()
    first = await kept.store_event("one", said("x" * 400_000))
    for _ in range(3):
        last = await kept.store_event("one", said("y" * 400_000))
    assert await again(kept, first) == (None, [])
    assert await again(kept, last) == ("one", [])
    many = SaidLately()
    oldest = await many.store_event("one", said("a"))
    for _ in range(200):
        await many.store_event("one", said("b"))
    assert await again(many, oldest) == (None, [])
