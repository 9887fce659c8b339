"""A call of a dearer model than its prompt was opened with, on every store."""

import asyncio
from dataclasses import replace

import msgspec

from codeplan.plan.rates import Rate
from codeplan.plan.recompute import recompute
from codeplan.plan.rules import ONE
from codeplan.plan.turns import Claim
from codeplan.store.base import Store
from codeplan.store.operations import Refused, Reserve, Reserved
from support.meters import claim, finish, plan, reserve

CHEAP, DEAR = "small", "large"
LITE = replace(plan(2), rates=(Rate((CHEAP,), ONE // 10), Rate((DEAR,), ONE)))


def call(number: int, model: str, kind: Claim = Claim.CONTINUATION, session: str = "s") -> Reserve:
    asked = reserve(number, LITE, claim(session, kind=kind))
    return msgspec.structs.replace(asked, model=model)


async def admitted(store: Store, asked: Reserve) -> Reserved:
    result = await store.reserve(asked)
    assert isinstance(result, Reserved)
    return result


async def millionths(store: Store) -> tuple[int, int]:
    """Used and reserved."""
    (window,) = await store.open_windows("sub_1")
    return window.used, window.reserved


async def opened_cheaply(store: Store) -> None:
    asked = call(1, CHEAP, Claim.AUTHORED)
    await store.finish(finish(asked, await admitted(store, asked), awaits_tool=True))
    assert await millionths(store) == (ONE // 10, 0)


async def test_the_difference_is_held_and_charged_once(store: Store) -> None:
    await opened_cheaply(store)
    first, second = call(2, DEAR), call(3, DEAR)
    one, two = await asyncio.gather(admitted(store, first), admitted(store, second))
    assert await millionths(store) == (ONE // 10, 2 * (ONE - ONE // 10))
    assert not (one.charged or two.charged)
    await store.finish(finish(first, one))
    await store.finish(finish(second, two))
    assert await millionths(store) == (ONE, 0)
    third = call(4, DEAR)
    await store.finish(finish(third, await admitted(store, third)))
    assert await millionths(store) == (ONE, 0)
    (prompt,) = await store.prompts("acc_1", 10)
    assert prompt.charged == ONE
    assert [hold.raised_by for hold in prompt.holds] == ["", first.call_id]
    checks = list(recompute(LITE, prompt, await store.calls(prompt)))
    assert all(check.agrees for check in checks)


async def test_a_call_that_fails_makes_nothing_dearer(store: Store) -> None:
    await opened_cheaply(store)
    asked = call(2, DEAR)
    await store.finish(finish(asked, await admitted(store, asked), delivered=False))
    assert await millionths(store) == (ONE // 10, 0)


async def test_a_window_without_room_for_the_difference_refuses(store: Store) -> None:
    await opened_cheaply(store)
    await admitted(store, call(2, DEAR, Claim.AUTHORED, "other"))
    await admitted(store, call(3, CHEAP, Claim.AUTHORED, "third"))
    assert await millionths(store) == (ONE // 10, ONE + ONE // 10)
    assert isinstance(await store.reserve(call(4, DEAR)), Refused)
    assert isinstance(await store.reserve(call(5, CHEAP)), Reserved)


async def test_what_a_settlement_took_comes_back_with_it(store: Store) -> None:
    await opened_cheaply(store)
    asked = call(2, DEAR)
    done = finish(asked, await admitted(store, asked))
    await store.finish(done)
    assert await millionths(store) == (ONE, 0)
    await store.finish(msgspec.structs.replace(done, delivered=False, takes_back=True))
    assert await millionths(store) == (ONE // 10, 0)


async def test_a_side_call_is_refused_where_the_plan_is_used_up(store: Store) -> None:
    """But for a turn that is in work: its prompt has paid for what it still needs."""
    for number in (1, 2):
        asked = call(number, DEAR, Claim.AUTHORED, f"s{number}")
        running = await admitted(store, asked)
        side = call(10 + number, CHEAP, Claim.SIDE, f"s{number}")
        title = await admitted(store, side)
        assert not title.charged
        await store.finish(finish(asked, running, awaits_tool=number == 2))
        await store.finish(finish(side, title))
    assert isinstance(await store.reserve(call(20, CHEAP, Claim.SIDE, "s1")), Refused)
    assert isinstance(await store.reserve(call(21, CHEAP, Claim.SIDE, "s2")), Reserved)
