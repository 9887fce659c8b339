"""Work is given up when its caller leaves, and its own end comes first."""

import asyncio
from typing import Any

import pytest

from codeplan.dictation.leaving import CallerLeft, unless_left


class Caller:
    """Says nothing until it leaves."""

    def __init__(self) -> None:
        self.left = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}


async def test_work_ends_with_its_caller() -> None:
    caller, ended = Caller(), asyncio.Event()

    async def work() -> None:
        caller.left.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(CallerLeft):
        await unless_left(caller.receive, work())
    assert ended.is_set()


async def test_what_the_work_gives_or_raises_is_passed_on() -> None:
    async def works() -> int:
        return 7

    async def fails() -> int:
        raise ValueError("broken")

    assert await unless_left(Caller().receive, works()) == 7
    with pytest.raises(ValueError, match="broken"):
        await unless_left(Caller().receive, fails())


async def test_work_ends_with_whoever_waits_for_it() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    waiting = asyncio.create_task(unless_left(Caller().receive, work()))
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.is_set()
