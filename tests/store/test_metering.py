"""What every store must do with reservations and settlements."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from codeplan.kit.instants import HOUR
from codeplan.plan.rules import WindowRule
from codeplan.plan.turns import Claim
from codeplan.store.base import Store
from codeplan.store.operations import Refused, Reserved
from codeplan.store.sqlite.store import open_store
from support.meters import HandClock, claim, finish, plan, reserve, taken

LITE = plan()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(params=["sqlite"])
async def store(tmp_path: Path, clock: HandClock) -> AsyncIterator[Store]:
    opened = await open_store(tmp_path, clock)
    yield opened
    await opened.close()


async def admitted(store: Store, number: int, **more: object) -> Reserved:
    asked = reserve(number, LITE, claim(f"s{number}"), **more)  # type: ignore[arg-type]
    result = await store.reserve(asked)
    assert isinstance(result, Reserved)
    return result


async def test_reserve_and_settle(store: Store, clock: HandClock) -> None:
    asked = reserve(1, LITE, claim())
    reserved = await store.reserve(asked)
    assert isinstance(reserved, Reserved)
    assert reserved.charged
    view = reserved.windows[0]
    assert (view.used, view.reserved, view.resets_at) == (0, 1, clock.now() + 5 * HOUR)
    assert (await store.finish(finish(asked, reserved))).prompt_state == "settled"
    assert (await taken(store))["5hour"] == (1, 0)
    (prompt,) = await store.prompts("acc_1", 10)
    assert (prompt.state, prompt.calls, prompt.open_calls) == ("settled", 1, 0)
    assert prompt.holds[0].taken_before == 0
    (call,) = await store.calls(prompt)
    assert (call.id, call.state, call.usage.input, call.usage.cached) == (
        asked.call_id, "settled", 10, 4,
    )  # fmt: skip


async def test_reserve_and_release(store: Store) -> None:
    asked = reserve(1, LITE, claim())
    reserved = await store.reserve(asked)
    assert isinstance(reserved, Reserved)
    await store.finish(finish(asked, reserved, delivered=False))
    assert (await taken(store))["5hour"] == (0, 0)
    again = await store.reserve(reserve(2, LITE, claim()))
    assert isinstance(again, Reserved)
    assert again.charged


async def test_a_release_leaves_a_reservation_that_another_call_still_needs(store: Store) -> None:
    first, second = reserve(1, LITE, claim()), reserve(2, LITE, claim(kind=Claim.SIDE))
    one, two = await store.reserve(first), await store.reserve(second)
    assert isinstance(one, Reserved)
    assert isinstance(two, Reserved)
    assert (two.charged, two.side, two.prompt_id) == (False, True, one.prompt_id)
    await store.finish(finish(second, two))
    assert (await store.prompts("acc_1", 1))[0].state == "reserved"
    await store.finish(finish(first, one, delivered=False))
    assert (await store.prompts("acc_1", 1))[0].state == "released"


async def test_free_side_calls_hold_nothing_and_end_with_the_plan(store: Store) -> None:
    small = plan(2)
    assert isinstance(await store.reserve(reserve(1, small, claim("r"))), Reserved)
    side = reserve(2, small, claim("t", kind=Claim.SIDE))
    # Both in one commit, so that what the first changed by mistake would be saved by the second.
    free, paid = await asyncio.gather(
        store.reserve(side), store.reserve(reserve(3, small, claim()))
    )
    assert isinstance(free, Reserved)
    assert free.prompt_id is None
    assert isinstance(paid, Reserved)
    assert (await taken(store))["5hour"] == (0, 2)
    assert (await store.finish(finish(side, free))).prompt_state == ""
    assert isinstance(await store.reserve(reserve(4, small, claim("u", kind=Claim.SIDE))), Refused)


@pytest.mark.parametrize("calls", [300])
async def test_never_over_the_limit_however_many_come_at_once(store: Store, calls: int) -> None:
    async def one(number: int) -> bool:
        asked = reserve(number, LITE, claim(f"s{number}"))
        reserved = await store.reserve(asked)
        if isinstance(reserved, Refused):
            return False
        await store.finish(finish(asked, reserved))
        return True

    done = await asyncio.gather(*(one(number) for number in range(calls)))
    assert sum(done) == 120
    assert (await taken(store))["5hour"] == (120, 0)


async def test_a_refusal_changes_nothing_and_names_the_reset(
    store: Store, clock: HandClock
) -> None:
    small = plan(1, WindowRule("prompt", 1, "week", 10))
    asked = reserve(1, small, claim("a"))
    reserved = await store.reserve(asked)
    assert isinstance(reserved, Reserved)
    clock.instant += HOUR
    refused = await store.reserve(reserve(2, small, claim("b")))
    assert isinstance(refused, Refused)
    assert refused.exhausted.resets_at == clock.now() + 4 * HOUR
    assert await taken(store) == {"5hour": (0, 1), "1week": (0, 1)}
    # The turn that is already paid for goes on.
    going_on = await store.reserve(reserve(3, small, claim("a", kind=Claim.CONTINUATION)))
    assert isinstance(going_on, Reserved)
    assert not going_on.charged


async def test_a_reservation_settles_in_the_window_it_was_made_in(
    store: Store, clock: HandClock
) -> None:
    asked = reserve(1, LITE, claim("a"))
    reserved = await store.reserve(asked)
    assert isinstance(reserved, Reserved)
    clock.instant += 6 * HOUR
    await admitted(store, 2)
    await store.finish(finish(asked, reserved))
    assert (await taken(store))["5hour"] == (0, 1)


async def test_what_a_gone_process_held_is_released(tmp_path: Path, clock: HandClock) -> None:
    folder = tmp_path / "gone"
    first = await open_store(folder, clock)
    kept = reserve(1, LITE, claim("kept"))
    reserved = await first.reserve(kept)
    assert isinstance(reserved, Reserved)
    await first.finish(finish(kept, reserved))
    await admitted(first, 2)
    await first.close()  # as little is written as by a kill
    second = await open_store(folder, clock)
    assert (await taken(second))["5hour"] == (1, 0)
    states = {prompt.session: prompt.state for prompt in await second.prompts("acc_1", 9)}
    assert states == {"kept": "settled", "s2": "released"}
    assert await second.release_abandoned() == 0
    await second.close()


async def test_usage_by_hour(store: Store, clock: HandClock) -> None:
    start = clock.now()
    for number in range(3):
        asked = reserve(number, LITE, claim(f"s{number}"))
        reserved = await store.reserve(asked)
        assert isinstance(reserved, Reserved)
        await store.finish(finish(asked, reserved))
        clock.instant += HOUR
    rows = await store.usage("acc_1", start, start + 5 * HOUR, HOUR)
    assert [(row.starts_at - start, row.calls, row.tokens) for row in rows] == [
        (0, 1, 20), (HOUR, 1, 20), (2 * HOUR, 1, 20),
    ]  # fmt: skip
