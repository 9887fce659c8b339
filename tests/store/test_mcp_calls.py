"""Calls of MCP servers on every store: exact at once, free where they fail, apart from prompts."""

import asyncio

import pytest

from codeplan.accounts.directory import Accounts
from codeplan.billing.settings import MoneySettings
from codeplan.config.build import build_catalogue
from codeplan.config.load import builtin_text, parse
from codeplan.kit.instants import DAY, HOUR
from codeplan.metering.meter import Meter
from codeplan.metering.slots import Slots
from codeplan.metering.usage import usage_series
from codeplan.plan.catalogue import Catalogue
from codeplan.store.base import Store
from codeplan.store.rows import KeyHolder
from codeplan.subscriptions.apart import Apart, CallRefused, Spent, WorkFailed
from codeplan.subscriptions.mcp_calls import McpCalls
from codeplan.subscriptions.receipts import Receipts
from codeplan.subscriptions.simulator import Draft, Simulation, Simulator
from support.business import Business
from support.meters import HandClock

CATALOGUE = build_catalogue(parse(builtin_text(), "test"))
AT_ONCE = 1_000


@pytest.fixture
async def business(store: Store, clock: HandClock) -> Business:
    return await Business(store, clock, CATALOGUE, MoneySettings()).open()


@pytest.fixture
async def holder(business: Business, store: Store) -> KeyHolder:
    person = await business.person()
    await business.shop.grant(person.id, "lite", "month", "gift-one")
    accounts = Accounts(store, business.clock)
    found = await accounts.holder_of(person.client_key)
    assert found is not None
    return found


@pytest.fixture
def calls(business: Business, store: Store, clock: HandClock) -> McpCalls:
    meter = Meter(store, clock, 60.0)
    apart = Apart(meter, Slots(60.0), clock, "UTC")
    return McpCalls(business.subscriptions, meter, apart, clock, "UTC")


async def works(_: Spent) -> str:
    return "done"


async def fails(_: Spent) -> str:
    raise WorkFailed("it was not there")


async def search(calls: McpCalls, holder: KeyHolder) -> bool:
    """Whether it was served."""
    try:
        await calls.call(holder, "web_search_prime", "web_search_prime", "", works)
    except CallRefused as refused:
        assert "MCP usage limit reached for 1 month" in str(refused)
        return False
    return True


async def test_a_months_calls_are_exact_under_a_thousand_at_once(
    calls: McpCalls, holder: KeyHolder, store: Store, business: Business
) -> None:
    served = await asyncio.gather(*(search(calls, holder) for _ in range(AT_ONCE)))
    assert served.count(True) == 100
    (window,) = await calls.windows(holder)
    assert (window.used, window.left, window.limit) == (100, 0, 100)
    # Prompts are untouched.
    held = await business.subscriptions.held_by(holder)
    assert held is not None
    meter = Meter(store, business.clock)
    for view in await meter.windows(held.payer(holder.account.id), held.plan):
        assert (view.used, view.reserved) == (0, 0)
    assert await store.prompts(holder.account.id, 10) == []


async def test_what_fails_is_free_and_says_why(
    calls: McpCalls, holder: KeyHolder, store: Store, business: Business, clock: HandClock
) -> None:
    with pytest.raises(WorkFailed):
        await calls.call(holder, "web_reader", "webReader", "", fails)
    assert await calls.call(holder, "web_reader", "webReader", "claude-code", works) == "done"
    (window,) = await calls.windows(holder)
    assert window.used == 1
    newest = await store.newest_calls(holder.account.id, 0, 10)
    assert {(one.state, one.model_asked, one.detail) for one in newest} == {
        ("released", "webReader", "it was not there"),
        ("settled", "webReader", ""),
    }
    receipts = Receipts(store, business.subscriptions)
    paid = next(one for one in newest if one.state == "settled")
    receipt = await receipts.find(holder.account.id, paid.id)
    assert receipt is not None
    assert receipt.calls[0].why == "a call of an MCP server"
    assert receipt.calls[0].holds[0].charged == 1_000_000
    now = clock.instant
    series = await usage_series(store, holder.account.id, now - DAY, now + 1)
    assert sum(series.mcp["web_reader"]) == 1
    assert (sum(series.calls), series.models) == (0, {})


async def test_so_many_run_at_once(
    business: Business, calls: McpCalls, holder: KeyHolder, store: Store, clock: HandClock
) -> None:
    """Beyond the plan's calls at once one waits, and is refused when it waited too long."""
    gate, running = asyncio.Event(), []

    async def waits(_: Spent) -> str:
        running.append(1)
        await gate.wait()
        return "done"

    meter = Meter(store, clock, 0.01)
    hurried = McpCalls(
        business.subscriptions, meter, Apart(meter, Slots(0.01), clock, "UTC"), clock, "UTC"
    )
    held = [
        asyncio.create_task(hurried.call(holder, "vision", "analyze_image", "", waits))
        for _ in range(5)
    ]
    while len(running) < 5:
        await asyncio.sleep(0)
    with pytest.raises(CallRefused, match="runs 5 calls at once") as refused:
        await hurried.call(holder, "vision", "analyze_image", "", works)
    assert (refused.value.code, refused.value.status) == ("1302", 429)
    gate.set()
    assert await asyncio.gather(*held) == ["done"] * 5
    (window,) = await calls.windows(holder)
    assert window.used == 5


async def test_side_calls_are_not_counted_by_it(calls: McpCalls, holder: KeyHolder) -> None:
    for _ in range(30):
        assert await search(calls, holder)
    (window,) = await calls.windows(holder)
    assert window.used == 30


async def test_without_a_plan_there_is_none(
    business: Business, store: Store, calls: McpCalls, clock: HandClock
) -> None:
    person = await business.person("b@example.org")
    holder = await Accounts(store, clock).holder_of(person.client_key)
    assert holder is not None
    with pytest.raises(CallRefused, match="no coding plan"):
        await calls.call(holder, "web_reader", "webReader", "", works)
    assert await calls.windows(holder) == ()


async def test_they_are_no_calls_of_models_in_a_replay(
    calls: McpCalls, holder: KeyHolder, store: Store, business: Business, clock: HandClock
) -> None:
    for _ in range(5):
        await search(calls, holder)
    clock.instant += HOUR
    simulator = Simulator(store, clock, Draft(CATALOGUE), lambda text: Draft(few(text)))
    begun = await simulator.begin(builtin_text(), 30)
    await simulator.ended()
    found = await store.document(Simulation, begun)
    assert found is not None
    assert (found.state, found.done) == ("done", 1)
    assert sum(one.refused for one in found.then.plans.values()) == 0


def few(text: str) -> Catalogue:
    """Plans that have one model call in five hours."""
    prompts, one = (
        'unit = "prompt", per = "5h", limit = 120',
        'unit = "call", per = "5h", limit = 1',
    )
    one_call = text.replace(prompts, one)
    assert one_call != text
    return build_catalogue(parse(one_call, "draft"))
