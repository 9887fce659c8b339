"""Calls at once: in order of arrival, never more than the limit, and no slot leaks."""

import asyncio

import pytest

from codeplan.metering.slots import Slots, TooManyAtOnce


async def test_who_waits_longest_comes_first() -> None:
    slots = Slots(queue_seconds=10)
    order: list[int] = []
    running = 0
    most = 0

    async def call(number: int) -> None:
        nonlocal running, most
        await slots.enter("sub", 2)
        running += 1
        most = max(most, running)
        order.append(number)
        await asyncio.sleep(0)
        running -= 1
        slots.leave("sub", 2)

    await asyncio.gather(*(call(number) for number in range(20)))
    assert order == list(range(20))
    assert most == 2
    assert not slots._running
    assert not slots._waiting


async def test_a_wait_has_an_end() -> None:
    slots = Slots(queue_seconds=0.01)
    assert slots.enter_now("sub", 1)
    assert not slots.enter_now("sub", 1)
    with pytest.raises(TooManyAtOnce):
        await slots.enter("sub", 1)
    await slots.enter("other", 1)
    slots.leave("other", 1)
    slots.leave("sub", 1)
    assert not slots._running
    assert not slots._waiting


async def test_one_that_is_cancelled_while_it_waits_leaves_no_hole() -> None:
    slots = Slots(queue_seconds=10)
    await slots.enter("sub", 1)
    waiting = [asyncio.create_task(slots.enter("sub", 1)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    slots.leave("sub", 1)
    await waiting[1]
    # Cancelled in the very moment in which its turn came.
    slots.leave("sub", 1)
    waiting[2].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert not slots._running
    assert not slots._waiting
