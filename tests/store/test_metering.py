"""What every store must do with reservations and settlements."""

import asyncio

import msgspec
import pytest

from codeplan.kit.instants import DAY, HOUR, MINUTE
from codeplan.plan.rules import WindowRule
from codeplan.plan.turns import Claim
from codeplan.store.base import CallGivenUp, Store
from codeplan.store.operations import Refused, Reserved
from store.conftest import Stores
from support.meters import HandClock, claim, finish, plan, reserve, taken

LITE = plan()
TOKENS = plan(120, WindowRule("token", 1, "day", 100_000))


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


async def test_what_a_gone_process_held_is_released(stores: Stores, clock: HandClock) -> None:
    first = await stores.open()
    kept = reserve(1, LITE, claim("kept"))
    reserved = await first.reserve(kept)
    assert isinstance(reserved, Reserved)
    await first.finish(finish(kept, reserved))
    lost = reserve(2, LITE, claim("lost"))
    assert isinstance(await first.reserve(lost), Reserved)
    await first.close()  # as little is written as by a kill
    clock.instant += MINUTE
    second = await stores.open()
    assert (await taken(second))["5hour"] == (1, 0)
    prompts = await second.prompts("acc_1", 9)
    assert {p.session: p.state for p in prompts} == {"kept": "settled", "lost": "released"}
    calls = [(c.state, c.outcome, c.ended_at) for c in await second.calls(prompts[0])]
    # SQLite's one process remembered a call that held nothing of its own.
    assert calls == ([] if stores.kind == "sqlite" else [("released", "abandoned", clock.now())])
    assert prompts[0].calls == len(calls)
    assert await second.beat(frozenset) == 0


async def test_a_call_that_its_process_knows_is_not_abandoned(
    store: Store, clock: HandClock
) -> None:
    asked = reserve(1, LITE, claim())
    assert isinstance(await store.reserve(asked), Reserved)
    clock.instant += MINUTE
    assert await store.beat(lambda: {asked.call_id}) == 0
    assert (await taken(store))["5hour"] == (0, 1)
    assert await store.beat(frozenset) == 1
    assert (await taken(store)).get("5hour", (0, 0)) == (0, 0)


async def test_a_call_that_was_given_up_is_charged_no_more(store: Store, clock: HandClock) -> None:
    asked = reserve(1, LITE, claim())
    reserved = await store.reserve(asked)
    assert isinstance(reserved, Reserved)
    clock.instant += MINUTE
    await store.beat(frozenset)
    with pytest.raises(CallGivenUp):
        await store.finish(finish(asked, reserved))
    assert (await store.finish(finish(asked, reserved, delivered=False))).repeated
    assert (await store.prompts("acc_1", 1))[0].state == "released"


@pytest.mark.parametrize("delivered", [True, False])
async def test_ending_twice_changes_nothing(store: Store, delivered: bool) -> None:
    asked = reserve(1, TOKENS, claim())
    reserved = await store.reserve(asked)
    assert isinstance(reserved, Reserved)
    done = finish(asked, reserved, delivered)
    assert not (await store.finish(done)).repeated
    before = sorted((row.id, row.used, row.reserved) for row in await store.open_windows("sub_1"))
    for _ in range(3):
        assert (await store.finish(done)).repeated
    after = sorted((row.id, row.used, row.reserved) for row in await store.open_windows("sub_1"))
    assert after == before
    assert (await store.prompts("acc_1", 1))[0].open_calls == 0


async def test_a_settlement_of_which_no_word_came_is_taken_back(
    store: Store, clock: HandClock
) -> None:
    asked = reserve(1, TOKENS, claim())
    reserved = await store.reserve(asked)
    assert isinstance(reserved, Reserved)
    done = finish(asked, reserved)
    await store.finish(done)
    assert (await taken(store)) == {"5hour": (1, 0), "1day:token": (20, 0)}
    back = msgspec.structs.replace(done, delivered=False, takes_back=True)
    assert (await store.finish(back)).prompt_state == "released"
    assert (await taken(store)) == {"5hour": (0, 0), "1day:token": (0, 0)}
    assert (await store.finish(back)).repeated
    hour = clock.now() - clock.now() % HOUR
    rows = await store.usage("acc_1", hour, hour + HOUR, HOUR)
    assert [(row.calls, row.tokens) for row in rows] == [(0, 0)]


async def test_all_windows_of_a_call_or_none(store: Store) -> None:
    tight = plan(2, WindowRule("call", 1, "day", 3), WindowRule("token", 1, "day", 5000))
    first = await store.reserve(reserve(1, tight, claim("a"), prompt_tokens=1000))
    assert isinstance(first, Reserved)
    assert await taken(store) == {
        "5hour": (0, 1), "1day:call": (0, 1), "1day:token": (0, 5000),
    }  # fmt: skip
    refused = await store.reserve(reserve(2, tight, claim("b")))
    assert isinstance(refused, Refused)
    assert refused.exhausted.rule.unit == "token"
    assert await taken(store) == {
        "5hour": (0, 1), "1day:call": (0, 1), "1day:token": (0, 5000),
    }  # fmt: skip


async def test_old_details_go_and_sums_stay(store: Store, clock: HandClock) -> None:
    asked = reserve(1, LITE, claim("old"))
    reserved = await store.reserve(asked)
    assert isinstance(reserved, Reserved)
    await store.finish(finish(asked, reserved))
    hour = clock.now() - clock.now() % HOUR
    clock.instant += 100 * DAY
    await store.reserve(reserve(2, LITE, claim("new")))
    await store.prune(clock.now() - DAY)
    assert [prompt.session for prompt in await store.prompts("acc_1", 9)] == ["new"]
    (row,) = await store.usage("acc_1", hour, hour + HOUR, HOUR)
    assert (row.calls, row.tokens) == (1, 20)


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
